//! Reading a partition of one file batch after batch, with what can be seen of each batch alone spread over all processors.

use super::{batch::Row, reader::Reader};
use millwright_domain::{ports::event_log::LogError, position::PartitionId};
use std::{
    error::Error as StdError,
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

/// Records at a time.
const STRIDE: usize = 16_384;

/// What is wrong, and the first seq that it is wrong with.
pub(super) type Wrong = (u64, String);

/// Where to walk: a partition in a file, from one seq up to another.
pub(super) struct Road<'a> {
    pub file: &'a Reader,
    pub partition: &'a PartitionId,
    pub from: u64,
    pub end: u64,
}

impl Road<'_> {
    /// Looks at every batch, on all processors, after seeing that it begins where the last one ended; and admits what was seen, in order,
    /// while the next ones are looked at and those behind them are read.
    pub(super) fn walk<C: Send>(
        &self,
        look: impl Fn(&Row) -> Result<C, Wrong> + Send + Sync,
        mut admit: impl FnMut(C) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        thread::scope(|scope| {
            let (strides, read) = sync_channel(1);
            let (sights, seen) = sync_channel(1);
            scope.spawn(move || self.read(&strides));
            scope.spawn(move || {
                for (rows, cut) in read {
                    if sights.send((spread(&rows, &look), cut)).is_err() {
                        return;
                    }
                }
            });
            for (looked, cut) in seen {
                for one in looked {
                    admit(one?)?;
                }
                if let Some(wrong) = cut {
                    return Err(wrong);
                }
            }
            Ok(())
        })
    }

    /// Ends early when nobody listens any more.
    fn read(&self, strides: &SyncSender<(Vec<Row>, Option<Wrong>)>) {
        let Self { file, partition, from, end } = *self;
        let (mut next, mut stride) = (from, STRIDE);
        while next < end {
            let rows = match file.rows_from(partition, next, stride) {
                Ok(rows) => rows,
                // Batch by batch from here on, to come to the very one that does not read.
                Err(_) if stride > 1 => {
                    stride = 1;
                    continue;
                }
                Err(LogError::Damaged { what, .. }) => return drop(strides.send((vec![], Some((next, what))))),
                Err(other) => return drop(strides.send((vec![], Some((next, explain(&other)))))),
            };
            let (rows, wrong) = continued(rows, &mut next);
            let ends = wrong.is_some();
            if strides.send((rows, wrong)).is_err() || ends {
                return;
            }
        }
    }
}

/// The batches that follow each other from `next` on, and what is wrong behind them.
fn continued(rows: Vec<Row>, next: &mut u64) -> (Vec<Row>, Option<Wrong>) {
    if rows.is_empty() {
        return (rows, Some((*next, "everything from here on is missing".into())));
    }
    let mut whole = Vec::with_capacity(rows.len());
    for row in rows {
        if row.base_seq != *next || row.end() <= *next {
            return (whole, Some((*next, format!("the next batch holds seq {} to {}", row.base_seq, row.end()))));
        }
        *next = row.end();
        whole.push(row);
    }
    (whole, None)
}

/// Does the same with each, on all processors, and keeps the order. Whoever is through takes the next one: a processor that has other work
/// holds nobody up.
fn spread<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let taken = AtomicUsize::new(0);
    let share = || {
        let numbers = std::iter::repeat_with(|| taken.fetch_add(1, Ordering::Relaxed));
        numbers.map_while(|number| Some((number, work(items.get(number)?)))).collect::<Vec<_>>()
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..processors).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// An error with all its causes: a finding is read by a person, on one line.
pub(super) fn explain(error: &dyn StdError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreading_keeps_the_order() {
        for count in [0, 1, 2, 3, 7, 100] {
            let items: Vec<u32> = (0..count).collect();
            assert_eq!(spread(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
