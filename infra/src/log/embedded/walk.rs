//! Walking a partition of one file from end to end: each processor reads, checks and looks at strides of it, which are admitted in order.

use super::{batch::Row, reader::Reader};
use millwright_domain::{ports::event_log::LogError, position::PartitionId};
use std::{
    error::Error as StdError,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

/// Records at a time: some megabytes, so that what was just read is looked at while the processor still has it at hand.
const STRIDE: u64 = 4_096;

/// What is wrong, and the first seq that it is wrong with.
pub(super) type Wrong = (u64, String);

/// Where to walk: a partition in a file, from one seq up to another.
#[derive(Clone, Copy)]
pub(super) struct Road<'a> {
    pub file: &'a Reader,
    pub partition: &'a PartitionId,
    pub from: u64,
    pub end: u64,
}

/// What was seen of the batches that begin in one stride.
struct Stride<C> {
    /// The first seq, and the one behind the last. `None` where one long batch covers it all.
    covers: Option<(u64, u64)>,
    looked: Vec<Result<C, Wrong>>,
}

impl Road<'_> {
    /// Looks at every batch, on all processors, each with room of its own to unpack in, and admits what was seen in order, each batch beginning where the last one ended.
    /// From the first stride on that is not whole it goes batch by batch, to come to the very one that is wrong.
    pub(super) fn walk<C: Send>(
        self,
        look: impl Fn(&Row, &mut Vec<u8>) -> Result<C, Wrong> + Send + Sync,
        mut admit: impl FnMut(C) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        // Twice as many as processors: one that waits for the disk, or for its turn, leaves nobody idle.
        let walkers = 2 * thread::available_parallelism().map_or(1, usize::from);
        let (look, mut next) = (&look, self.from);
        thread::scope(|scope| {
            let begin = |first| {
                let (sights, seen) = sync_channel(1);
                scope.spawn(move || self.every(walkers, first, look, &sights));
                seen
            };
            let seen: Vec<_> = (0..walkers).map(begin).collect();
            for stride in seen.iter().cycle().map_while(|walker| walker.recv().ok()) {
                match stride.filter(|stride| stride.covers.is_none_or(|(begins, _)| begins == next)) {
                    Some(stride) => {
                        stride.looked.into_iter().try_for_each(|one| admit(one?))?;
                        next = stride.covers.map_or(next, |(_, ends)| ends);
                    }
                    None => break,
                }
            }
            Ok(())
        })?;
        Self { from: next, ..self }.step_by_step(look, admit)
    }

    /// Every `walkers`th stride, from the `first` on. Ends early when nobody listens any more.
    fn every<C>(self, walkers: usize, first: usize, look: &impl Fn(&Row, &mut Vec<u8>) -> Result<C, Wrong>, sights: &SyncSender<Option<Stride<C>>>) {
        let mut room = vec![];
        let strides = (self.from..self.end).step_by(STRIDE as usize).skip(first).step_by(walkers);
        for from in strides {
            let end = self.end.min(from.saturating_add(STRIDE));
            if sights.send(Self { from, end, ..self }.stride(look, &mut room)).is_err() {
                return;
            }
        }
    }

    /// `None` where something does not read or does not follow.
    fn stride<C>(self, look: &impl Fn(&Row, &mut Vec<u8>) -> Result<C, Wrong>, room: &mut Vec<u8>) -> Option<Stride<C>> {
        let mut stride = Stride { covers: None, looked: vec![] };
        let mut from = self.from;
        while from < self.end {
            let rows = self.file.rows_from(self.partition, from, (self.end - from) as usize).ok()?;
            // The first one may have begun before; the stride before has seen it.
            let reach = rows.last()?.end();
            for row in rows.iter().filter(|row| (from..self.end).contains(&row.base_seq)) {
                let begins = match stride.covers {
                    Some((begins, ends)) => (ends == row.base_seq).then_some(begins)?,
                    None => row.base_seq,
                };
                stride.covers = Some((begins, row.end()));
                stride.looked.push(look(row, room));
            }
            from = (reach > from).then_some(reach)?;
        }
        Some(stride)
    }

    fn step_by_step<C>(
        self,
        look: &impl Fn(&Row, &mut Vec<u8>) -> Result<C, Wrong>,
        mut admit: impl FnMut(C) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        let (mut next, mut room) = (self.from, vec![]);
        while next < self.end {
            let rows = self.file.rows_from(self.partition, next, 1).map_err(|bad| match bad {
                LogError::Damaged { what, .. } => (next, what),
                other => (next, explain(&other)),
            })?;
            let row = rows.first().ok_or_else(|| (next, "everything from here on is missing".to_owned()))?;
            if row.base_seq != next || row.end() <= next {
                return Err((next, format!("the next batch holds seq {} to {}", row.base_seq, row.end())));
            }
            admit(look(row, &mut room)?)?;
            next = row.end();
        }
        Ok(())
    }
}

/// An error with all its causes: a finding is read by a person, on one line.
pub(super) fn explain(error: &dyn StdError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
