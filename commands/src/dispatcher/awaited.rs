//! Who waits here for the answer to a command that another node decides: told as soon as the answer is read from the ledger.

use super::{group::answered, locked};
use crate::Answered;
use millwright_domain::{ids::CommandId, ports::answers::Given, position::PartitionId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::oneshot;

/// Cheap to clone; all clones are one list.
#[derive(Clone, Default)]
pub(super) struct Awaited {
    waiting: Arc<Mutex<HashMap<CommandId, Vec<oneshot::Sender<Answered>>>>>,
}

impl Awaited {
    pub(super) fn wait(&self, command: CommandId) -> oneshot::Receiver<Answered> {
        let (told, answer) = oneshot::channel();
        let mut waiting = locked(&self.waiting);
        let askers = waiting.entry(command).or_default();
        askers.retain(|asker| !asker.is_closed());
        askers.push(told);
        answer
    }

    /// Nobody waits for this one any more, unless somebody else does.
    pub(super) fn forget(&self, command: CommandId) {
        let mut waiting = locked(&self.waiting);
        let still = waiting.get_mut(&command).is_some_and(|askers| {
            askers.retain(|asker| !asker.is_closed());
            !askers.is_empty()
        });
        if !still {
            waiting.remove(&command);
        }
    }

    pub(super) fn answered(&self, partition: &PartitionId, answers: &[(CommandId, Given)]) {
        let mut waiting = locked(&self.waiting);
        if waiting.is_empty() {
            return;
        }
        for (command, given) in answers {
            for asker in waiting.remove(command).into_iter().flatten() {
                // An asker that went away gets its answer when it asks again.
                drop(asker.send(answered(partition, given.clone())));
            }
        }
    }
}
