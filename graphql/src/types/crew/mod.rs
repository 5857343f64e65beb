//! A site's crew as it is shown and asked for: agents, tasks, letters.

pub mod agent;
pub mod letter;
pub mod log;
pub mod task;

pub use agent::{Agent, FiguresInput, Tokens};
pub use letter::{Letter, LetterInput};
pub use task::{Claimed, Task, TaskInput};

use async_graphql::Enum;
use millwright_domain::priority;

/// What waits long enough counts like the next.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "priority::Priority")]
pub enum Priority {
    Low,
    Medium,
    High,
    Critical,
}
