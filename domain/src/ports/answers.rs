//! Which command got which answer: looked up before deciding, so that a repeated command gets its first answer for ever.
//!
//! The truth is the log (`CommandAnswered`); an index may lag behind it and be rebuilt from it at any time.

use crate::{envelope::Answer, ids::CommandId, position::PartitionId};
use thiserror::Error;

/// An answer and the seq of the partition right behind its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub answer: Answer,
    pub next_seq: u64,
}

#[derive(Debug, Error)]
#[error("could not use the index of answers at {place}; it can be deleted, it is rebuilt from the log")]
pub struct AnswersError {
    pub place: String,
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

pub trait Answers: Send + Sync {
    /// The first answer, if the command was ever answered on this partition as far as `learned_to`.
    fn first(&self, partition: &PartitionId, command: CommandId) -> Result<Option<Given>, AnswersError>;
    /// Takes in answers found on the log before `next_seq`. Visible to `first` on return; durable at leisure.
    fn learn(&self, partition: &PartitionId, answers: Vec<(CommandId, Given)>, next_seq: u64) -> Result<(), AnswersError>;
    /// The seq up to which the durable index is complete; the log from here on has to be learned again after a start.
    fn learned_to(&self, partition: &PartitionId) -> Result<u64, AnswersError>;
}
