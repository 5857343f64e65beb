//! The executor and the gate of each node, as `agents/src/executor.rs` and `ingest/src/gate.rs` are, in small steps that can be interrupted.

use super::{
    account::{Account, Begun, Stage},
    mutant::Mutant,
    step::{Deed, Reply, Word},
    world::{SLOTS, World},
};

/// A process: its collector's right to the device, and its executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Node {
    /// The epoch that it believes to hold the device under.
    pub lease: Option<u8>,
    /// Assigned on the ledger and not taken yet.
    pub assigned: Option<u8>,
    pub run: Option<Run>,
    /// Orders of ended runs that are still on the device's line.
    pub line: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Run {
    /// `ActionStarted` on the ledger that it has not come to.
    pub unread: u8,
    /// What it has seen to, and how far that is.
    pub doing: [Doing; SLOTS],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Doing {
    #[default]
    Nothing,
    Sends,
    LooksAfter,
    Says(Word),
    HasSaid,
}

/// How long past `send_by` a former run's write is waited for.
pub const MARGIN: u16 = 3;

impl Run {
    /// What stands open on the device is a former run's.
    fn begins(account: &Account, lease: Option<u8>, mutant: Option<Mutant>) -> Self {
        let mut run = Self::default();
        if mutant == Some(Mutant::SendsWhatNobodyBegan) {
            in_stage(account, Stage::Waiting).for_each(|slot| run.doing[slot] = Doing::Sends);
        }
        for slot in in_stage(account, Stage::Begun).filter(|_| lease.is_some()) {
            match mutant {
                Some(Mutant::SendsWhatAFormerRunBegan) => run.doing[slot] = Doing::Sends,
                Some(Mutant::OverlooksTheEndOfTheLedger) => run.unread |= 1 << slot,
                _ => run.doing[slot] = Doing::LooksAfter,
            }
        }
        run
    }

    fn works_off(&mut self, account: &Account, held: u8, mutant: Option<Mutant>) {
        for (slot, begun) in in_stage(account, Stage::Begun).filter_map(|slot| Some((slot, account.lives[slot]?.begun?))) {
            if self.doing[slot] != Doing::Nothing {
                continue;
            }
            if begun.epoch < held {
                self.doing[slot] = if mutant == Some(Mutant::SendsWhatAFormerHolderBegan) { Doing::Sends } else { Doing::LooksAfter };
            } else if begun.epoch == held {
                self.doing[slot] = Doing::Sends;
            }
        }
    }

    fn reads(&mut self, slot: usize, begun: Begun, held: Option<u8>, mutant: Option<Mutant>) {
        self.unread &= !(1 << slot);
        let is_ours = held == Some(begun.epoch) || held.is_some() && mutant == Some(Mutant::IgnoresTheEpoch);
        let is_new = self.doing[slot] == Doing::Nothing || mutant == Some(Mutant::ForgetsWhatItHasSeenTo);
        if is_ours && is_new {
            self.doing[slot] = Doing::Sends;
        }
    }
}

fn in_stage(account: &Account, stage: Stage) -> impl Iterator<Item = usize> {
    (0..SLOTS).filter(move |slot| account.lives[*slot].is_some_and(|life| life.stage == stage))
}

/// The last look before the first byte.
pub fn lets_through(node: &Node, begun: Begun, now: u16, mutant: Option<Mutant>) -> bool {
    let in_time = now <= begun.send_by || mutant == Some(Mutant::SendsAfterItsTime);
    let held = node.lease == Some(begun.epoch) || node.lease.is_some() && mutant == Some(Mutant::IgnoresTheEpoch);
    in_time && held
}

/// What came of a write, as far as the gate and the device tell.
pub fn word(is_let_through: bool, reply: Reply) -> Word {
    match reply {
        _ if !is_let_through => Word::Failed,
        Reply::Took => Word::Took,
        Reply::Refused => Word::Failed,
        Reply::Lost => Word::NobodyKnows,
    }
}

/// All that a node does without writing or asking.
pub fn does(world: &mut World, node: usize, deed: Deed, mutant: Option<Mutant>) {
    let (account, letters) = (world.account, &mut world.letters);
    let node = &mut world.nodes[node];
    match deed {
        Deed::Takes => {
            node.lease = node.assigned.take();
            if let (Some(run), Some(held)) = (&mut node.run, node.lease) {
                run.works_off(&account, held, mutant);
            }
        }
        Deed::LetsGo => node.lease = None,
        Deed::Reads(slot) => {
            let held = node.lease;
            if let (Some(run), Some(begun)) = (&mut node.run, account.lives[slot].and_then(|life| life.begun)) {
                run.reads(slot, begun, held, mutant);
            }
        }
        Deed::LooksAfter(slot) => says(node, slot, Word::NobodyKnows),
        Deed::RunEnds { leaves } => {
            let run = node.run.take().unwrap_or_default();
            if leaves {
                let sending = (0..SLOTS).filter(|slot| run.doing[*slot] == Doing::Sends);
                node.line |= sending.fold(0, |line, slot| line | 1 << slot);
                flies(letters, run);
            }
        }
        Deed::Dies { leaves } => {
            let run = node.run.take().unwrap_or_default();
            *node = Node::default();
            if leaves {
                flies(letters, run);
            }
        }
        Deed::RunBegins => node.run = Some(Run::begins(&account, node.lease, mutant)),
        Deed::Sends(..) | Deed::LineSends(..) | Deed::Tells(_) => {}
    }
}

pub fn says(node: &mut Node, slot: usize, word: Word) {
    if let Some(run) = &mut node.run {
        run.doing[slot] = Doing::Says(word);
    }
}

fn flies(letters: &mut [Option<Word>; SLOTS], run: Run) {
    for (letter, doing) in letters.iter_mut().zip(run.doing) {
        if let Doing::Says(word) = doing {
            *letter = Some(word);
        }
    }
}
