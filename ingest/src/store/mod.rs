//! Store and forward: scans that the log does not take wait in segment files, in order, and leave them only once the log has them.
//!
//! Bounded: when it is full, the oldest segment is given up, for new readings matter more; what that cost is noted in `drops` before the
//! file goes. Whatever the disk does, what was stored before stays readable, and a torn tail is cut off at the next start.

pub mod drops;
pub mod segment;
#[cfg(test)]
pub(crate) mod testing;

use drops::{Drops, Tally};
use millwright_domain::{Timestamp, reading::Scan};
use segment::{MARK, encode, parse, parse_scans};
use serde::Serialize;
use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use thiserror::Error;

const SMALLEST_SEGMENT: u64 = 4 << 10;
const LARGEST_SEGMENT: u64 = 4 << 20;
const FULL: &str = "the log was away for longer than the collector's store could bridge";

/// How the store stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StoreSnapshot {
    pub dir: PathBuf,
    pub bytes: u64,
    pub max_bytes: u64,
    /// Scans that wait in it for the log.
    pub scans: u64,
    /// When the oldest of them was measured, as nearly as is known without reading it.
    pub oldest: Option<Timestamp>,
    /// Bytes that were not written to the end when the program died, or were damaged.
    pub cut: u64,
    /// Why it takes nothing now. Scans wait in memory meanwhile.
    pub error: Option<String>,
}

/// Where scans wait, and how many bytes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    pub dir: PathBuf,
    pub max_bytes: u64,
}

#[derive(Debug, Error)]
#[error("could not {doing} {place}; check free space and permissions of the store-and-forward folder, it is tried again meanwhile")]
pub struct StoreError {
    doing: &'static str,
    place: String,
    #[source]
    cause: io::Error,
}

/// One file of scans.
#[derive(Debug)]
struct Segment {
    number: u64,
    /// Whole bytes, the mark included.
    bytes: u64,
    /// What it holds, in case it cannot be read any more when it has to be counted.
    holds: Tally,
}

/// The files and where we are in them. One task uses it.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    drops: Arc<Mutex<Drops>>,
    /// Oldest first.
    segments: VecDeque<Segment>,
    next_number: u64,
    /// The newest segment, if it is still written to.
    writer: Option<File>,
    /// Where the oldest scan that the log does not have begins, in the oldest segment.
    from: u64,
    /// Scans from there on, decoded, each with its bytes.
    ahead: VecDeque<(Scan, u64)>,
    /// How many of those are on their way to the log.
    on_their_way: usize,
    bytes: u64,
    scans: u64,
    /// Bytes that a crash or damage has cost.
    cut: u64,
}

impl Store {
    /// Opens what an earlier run has left, cuts torn tails off, and removes what was given up.
    pub fn open(settings: StoreSettings, drops: Arc<Mutex<Drops>>) -> Result<Self, StoreError> {
        let dir = settings.dir.clone();
        fs::create_dir_all(&dir).map_err(|cause| failed("create", &dir, cause))?;
        let mut numbers = numbers(&dir).map_err(|cause| failed("list", &dir, cause))?;
        let from = MARK.len() as u64;
        let (segments, ahead) = (VecDeque::new(), VecDeque::new());
        let mut store = Self { settings, drops, segments, next_number: 1, writer: None, from, ahead, on_their_way: 0, bytes: 0, scans: 0, cut: 0 };
        store.drops().kept_in(&dir).map_err(|cause| failed("read the list of dropped readings in", &dir, cause))?;
        let evicted: Vec<u64> = store.drops().evicted().iter().copied().collect();
        store.next_number = numbers.iter().chain(&evicted).max().map_or(1, |last| last + 1);
        for number in evicted {
            remove(&store.path(number))?;
            numbers.retain(|other| *other != number);
            store.drops().gone(number);
        }
        for number in numbers {
            store.recover(number)?;
        }
        store.drops().save_or_say();
        Ok(store)
    }

    fn recover(&mut self, number: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        let bytes = fs::read(&path).map_err(|cause| failed("read", &path, cause))?;
        let parsed = parse(&bytes);
        let torn = bytes.len() as u64 - parsed.whole;
        if torn > 0 {
            tracing::warn!(segment = %path.display(), torn, "cut {torn} bytes off {} that were not written to the end", path.display());
            self.cut += torn;
        }
        if parsed.scans.is_empty() {
            return remove(&path);
        }
        if torn > 0 {
            let file = OpenOptions::new().write(true).open(&path).map_err(|cause| failed("open", &path, cause))?;
            file.set_len(parsed.whole).and_then(|()| file.sync_all()).map_err(|cause| failed("cut", &path, cause))?;
        }
        self.bytes += parsed.whole;
        self.scans += parsed.scans.len() as u64;
        let holds = Tally::of(parsed.scans.iter().map(|(scan, _)| scan));
        self.segments.push_back(Segment { number, bytes: parsed.whole, holds });
        Ok(())
    }

    pub fn snapshot(&self) -> StoreSnapshot {
        let StoreSettings { dir, max_bytes } = self.settings.clone();
        let oldest = self.ahead.front().map(|(scan, _)| scan.scanned_at).or_else(|| self.segments.front()?.holds.first());
        StoreSnapshot { dir, bytes: self.bytes, max_bytes, scans: self.scans, oldest, cut: self.cut, error: None }
    }
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
    /// On disk, the waiting and those not deleted yet.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// Scans that wait for the log.
    pub fn scans(&self) -> u64 {
        self.scans
    }
    /// Bytes that were cut off at the start.
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// Stores scans behind all others, synced. Takes those out of `scans` that are stored; after an error the rest is still in it.
    pub fn append(&mut self, scans: &mut Vec<Scan>) -> Result<(), StoreError> {
        let (mut frames, mut count) = (Vec::new(), 0);
        while let Some(scan) = scans.get(count) {
            let mut frame = Vec::new();
            encode(scan, &mut frame);
            if self.writer.is_none() || self.newest() + (frames.len() + frame.len()) as u64 > self.segment_bytes() {
                self.flush(&mut frames, scans, &mut count)?;
                self.make_room(self.segment_bytes().max((MARK.len() + frame.len()) as u64));
                self.begin_segment()?;
            }
            frames.append(&mut frame);
            count += 1;
        }
        self.flush(&mut frames, scans, &mut count)
    }

    /// Writes `frames`, which hold the first `count` of `scans`.
    fn flush(&mut self, frames: &mut Vec<u8>, scans: &mut Vec<Scan>, count: &mut usize) -> Result<(), StoreError> {
        let (Some(writer), Some(newest)) = (&mut self.writer, self.segments.back_mut()) else { return Ok(()) };
        if *count == 0 {
            return Ok(());
        }
        if let Err(cause) = writer.write_all(frames).and_then(|()| writer.sync_data()) {
            // What was written in part must not stand before what comes next; if it cannot be cut off now, it is at the next start.
            let cut = writer.set_len(newest.bytes);
            let number = newest.number;
            let path = self.path(number);
            tracing::debug!(?cut, segment = %path.display(), "a segment is ended after a failed write");
            self.end_segment();
            return Err(failed("write", &path, cause));
        }
        newest.bytes += frames.len() as u64;
        newest.holds.merge(&Tally::of(scans.iter().take(*count)));
        self.bytes += frames.len() as u64;
        self.scans += *count as u64;
        scans.drain(..*count);
        frames.clear();
        *count = 0;
        Ok(())
    }

    fn begin_segment(&mut self) -> Result<(), StoreError> {
        self.end_segment();
        let path = self.path(self.next_number);
        let begun = OpenOptions::new().append(true).create_new(true).open(&path).and_then(|mut file| {
            file.write_all(MARK)?;
            sync_folder(&self.settings.dir)?;
            Ok(file)
        });
        let number = self.next_number;
        self.next_number += 1;
        match begun {
            Ok(file) => self.writer = Some(file),
            Err(cause) => {
                // Empty at most; a next start removes it if this does not.
                drop(fs::remove_file(&path));
                return Err(failed("begin", &path, cause));
            }
        }
        self.bytes += MARK.len() as u64;
        self.segments.push_back(Segment { number, bytes: MARK.len() as u64, holds: Tally::default() });
        Ok(())
    }

    /// The newest segment is not written to any more; one without a scan is not kept.
    fn end_segment(&mut self) {
        self.writer = None;
        if let Some(empty) = self.segments.pop_back_if(|newest| newest.holds.is_empty()) {
            self.bytes -= empty.bytes;
            drop(fs::remove_file(self.path(empty.number)));
        }
    }

    /// Gives the oldest segments up until so many bytes fit; not the one whose scans are on their way.
    fn make_room(&mut self, wanted: u64) {
        while self.bytes + wanted > self.settings.max_bytes {
            let oldest = usize::from(self.on_their_way > 0);
            let Some(number) = self.segments.get(oldest).map(|segment| segment.number) else { return };
            let dropped = self.left_in(oldest);
            {
                let mut drops = self.drops();
                drops.evict(number);
                drops.note_many(&dropped, FULL);
                // Written down before the file goes: a crash in between neither counts twice nor forgets. On a full disk the file goes first.
                drops.save_or_say();
            }
            self.scans -= dropped.scans().min(self.scans);
            self.forget(oldest);
        }
    }

    /// What the log does not have of a segment.
    fn left_in(&self, index: usize) -> Tally {
        let Some(segment) = self.segments.get(index) else { return Tally::default() };
        let from = if index == 0 { self.from } else { MARK.len() as u64 };
        match self.read(segment, from) {
            Ok(left) => Tally::of(left.iter().map(|(scan, _)| scan)),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "what is dropped is counted as it was written: {error}");
                segment.holds.clone()
            }
        }
    }

    fn forget(&mut self, index: usize) {
        if index + 1 == self.segments.len() {
            self.writer = None;
        }
        let Some(segment) = self.segments.remove(index) else { return };
        self.bytes -= segment.bytes;
        if index == 0 {
            (self.from, self.on_their_way) = (MARK.len() as u64, 0);
            self.ahead.clear();
        }
        match remove(&self.path(segment.number)) {
            Ok(()) => self.drops().gone(segment.number),
            // It is sent again after the next start, or removed if it was given up.
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "{error}"),
        }
    }

    /// The oldest scans that the log does not have, at most so many. They stay here until [`Store::delivered`].
    /// A segment that cannot be read is given up, and counted.
    pub fn oldest(&mut self, limit: usize) -> Vec<Scan> {
        while self.ahead.is_empty() {
            let Some(segment) = self.segments.front() else {
                self.scans = 0;
                return vec![];
            };
            match self.read(segment, self.from) {
                Ok(scans) if !scans.is_empty() => self.ahead = scans,
                unreadable => {
                    if let Err(error) = unreadable {
                        tracing::error!(error = &error as &dyn std::error::Error, "a segment of waiting readings is given up: {error}");
                    }
                    let holds = segment.holds.clone();
                    self.scans -= holds.scans().min(self.scans);
                    self.drops().note_many(&holds, "the collector's store could not be read back");
                    self.forget(0);
                }
            }
        }
        self.on_their_way = limit.min(self.ahead.len());
        self.ahead.iter().take(self.on_their_way).map(|(scan, _)| scan.clone()).collect()
    }

    /// The log has what [`Store::oldest`] gave last.
    pub fn delivered(&mut self) {
        let count = std::mem::take(&mut self.on_their_way);
        self.from += self.ahead.drain(..count).map(|(_, bytes)| bytes).sum::<u64>();
        self.scans -= (count as u64).min(self.scans);
        if self.segments.front().is_some_and(|oldest| self.from >= oldest.bytes) {
            self.forget(0);
        }
    }
    /// The log did not take them.
    pub fn not_delivered(&mut self) {
        self.on_their_way = 0;
    }

    fn read(&self, segment: &Segment, from: u64) -> Result<VecDeque<(Scan, u64)>, StoreError> {
        let path = self.path(segment.number);
        let mut bytes = Vec::new();
        let read = File::open(&path).and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.take(segment.bytes.saturating_sub(from)).read_to_end(&mut bytes)
        });
        read.map_err(|cause| failed("read", &path, cause))?;
        let parsed = parse_scans(&bytes);
        Ok(parsed.scans.into())
    }

    fn newest(&self) -> u64 {
        self.segments.back().map_or(0, |newest| newest.bytes)
    }
    /// Small enough that giving one up costs little of the whole.
    fn segment_bytes(&self) -> u64 {
        (self.settings.max_bytes / 16).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT)
    }
    fn drops(&self) -> MutexGuard<'_, Drops> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn path(&self, number: u64) -> PathBuf {
        self.settings.dir.join(format!("{number:020}.scans"))
    }
}

fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".scans")).and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, cause)),
        _ => Ok(()),
    }
}

fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn failed(doing: &'static str, place: &Path, cause: io::Error) -> StoreError {
    StoreError { doing, place: place.display().to_string(), cause }
}
