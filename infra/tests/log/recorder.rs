//! Running a program under `recorder.c`, reading the record, and rebuilding from it what a forgetful disk would hold.

use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Create,
    Write,
    Truncate,
    Sync,
    SyncDirectory,
    Unlink,
    /// The new name is in the bytes.
    Rename,
    /// On standard output.
    Said,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub op: Op,
    pub path: PathBuf,
    pub offset: u64,
    pub bytes: Vec<u8>,
}

pub struct Recorded {
    pub entries: Vec<Entry>,
    pub status: ExitStatus,
}

/// What the program said on standard output in these entries.
pub fn lines_said(entries: &[Entry]) -> Vec<String> {
    let said = entries.iter().filter(|entry| entry.op == Op::Said);
    said.flat_map(|entry| String::from_utf8_lossy(&entry.bytes).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// What of the unsynced work the disk happens to keep.
#[derive(Debug, Clone, Copy)]
pub enum Survival {
    Nothing,
    /// Each write by the toss of a coin: a real disk keeps some and forgets others, in no order.
    Half(u64),
}

/// Runs `command` to its end and returns all that it did to the files under `dir`.
pub fn record(mut command: Command, dir: &Path, faults: &[(&str, String)]) -> Recorded {
    let place = tempfile::tempdir().unwrap();
    let (layer, out) = (place.path().join("recorder.so"), place.path().join("record"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/log/recorder.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"]).arg(&layer).args([source, "-ldl", "-lpthread"]).status();
    assert!(built.unwrap().success(), "the recorder needs a C compiler, as SQLite does");
    command.env("LD_PRELOAD", &layer).env("RECORDER_OUT", &out).env("RECORDER_DIR", dir).stdout(Stdio::null());
    let status = command.envs(faults.iter().cloned()).status().unwrap();
    Recorded { entries: read(&std::fs::read(&out).unwrap()), status }
}

fn read(mut rest: &[u8]) -> Vec<Entry> {
    let mut take = |size: usize| {
        let (taken, left) = rest.split_at(size.min(rest.len()));
        rest = left;
        taken.to_vec()
    };
    let mut entries = Vec::new();
    while let [op] = take(1)[..] {
        let path_length = u32::from_le_bytes(take(4).try_into().unwrap());
        let offset = u64::from_le_bytes(take(8).try_into().unwrap());
        let length = u32::from_le_bytes(take(4).try_into().unwrap());
        let path = PathBuf::from(String::from_utf8(take(path_length as usize)).unwrap());
        let bytes = take(length as usize);
        let op = match op {
            b'C' => Op::Create,
            b'W' => Op::Write,
            b'T' => Op::Truncate,
            b'S' => Op::Sync,
            b'D' => Op::SyncDirectory,
            b'U' => Op::Unlink,
            b'R' => Op::Rename,
            b'A' => Op::Said,
            other => panic!("the record has an unknown entry {other}"),
        };
        entries.push(Entry { op, path, offset, bytes });
    }
    entries
}

/// A file's content as the disk has it, and what it was told since the last sync.
#[derive(Default)]
struct Content {
    durable: Vec<u8>,
    pending: Vec<Entry>,
}

/// A disk: contents by number, and which names the directory durably has for them.
#[derive(Default)]
struct Disk {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
}

impl Disk {
    fn take(&mut self, entry: &Entry) {
        match entry.op {
            Op::Create => {
                self.names.insert(entry.path.clone(), self.contents.len());
                self.contents.push(Content::default());
            }
            Op::Unlink => drop(self.names.remove(&entry.path)),
            Op::Rename => {
                let number = self.names.remove(&entry.path).unwrap();
                self.names.insert(PathBuf::from(String::from_utf8(entry.bytes.clone()).unwrap()), number);
            }
            Op::SyncDirectory => self.sync_names(&entry.path),
            Op::Sync => self.content(&entry.path).sync(|_| true),
            Op::Write | Op::Truncate => self.content(&entry.path).pending.push(entry.clone()),
            Op::Said => {}
        }
    }
    fn content(&mut self, path: &Path) -> &mut Content {
        let number = self.names.get(path).unwrap_or_else(|| panic!("{} was used and never made", path.display()));
        &mut self.contents[*number]
    }
    fn sync_names(&mut self, dir: &Path) {
        self.durable_names.retain(|path, _| path.parent() != Some(dir));
        self.durable_names.extend(self.names.iter().filter(|(path, _)| path.parent() == Some(dir)).map(|(path, number)| (path.clone(), *number)));
    }
    /// Lets each unsynced change of names and contents come through or not.
    fn toss(&mut self, mut survives: impl FnMut() -> bool) {
        let names: Vec<PathBuf> = self.names.keys().chain(self.durable_names.keys()).cloned().collect();
        for name in names.into_iter().filter(|_| survives()).collect::<Vec<_>>() {
            match self.names.get(&name) {
                Some(number) => drop(self.durable_names.insert(name, *number)),
                None => drop(self.durable_names.remove(&name)),
            }
        }
        self.contents.iter_mut().for_each(|content| content.sync(|_| survives()));
    }
}

impl Content {
    fn sync(&mut self, mut survives: impl FnMut(&Entry) -> bool) {
        for entry in std::mem::take(&mut self.pending).into_iter().filter(|entry| survives(entry)) {
            let at = entry.offset as usize;
            match entry.op {
                Op::Truncate => self.durable.resize(at, 0),
                _ => {
                    let end = at + entry.bytes.len();
                    self.durable.resize(self.durable.len().max(end), 0);
                    self.durable[at..end].copy_from_slice(&entry.bytes);
                }
            }
        }
    }
}

/// Writes into `to` what a disk holds after the entries about `from`, when the power goes.
pub fn rebuild(entries: &[Entry], from: &Path, to: &Path, survival: Survival) {
    let mut disk = Disk::default();
    entries.iter().for_each(|entry| disk.take(entry));
    if let Survival::Half(seed) = survival {
        let mut chance = StdRng::seed_from_u64(seed);
        disk.toss(|| chance.random_bool(0.5));
    }
    for (path, number) in &disk.durable_names {
        std::fs::write(to.join(path.strip_prefix(from).unwrap()), &disk.contents[*number].durable).unwrap();
    }
}
