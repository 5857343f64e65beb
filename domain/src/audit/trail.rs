//! What a partition knows of its own checkpoints: which keys were adopted, and the last checkpoint, so that none goes back behind it.

use super::{CheckpointSigned, PublicKey};
use crate::Event;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditTrail {
    pub keys: Vec<PublicKey>,
    pub last: Option<CheckpointSigned>,
}

impl AuditTrail {
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::AuditKeyAdopted(fact) => self.keys.push(fact.key),
            Event::CheckpointSigned(fact) => self.last = Some(fact.clone()),
            _ => {}
        }
    }
}
