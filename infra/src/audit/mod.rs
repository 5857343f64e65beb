//! What an auditor's checkpoints need outside the log: the key they are signed with, the tree they are over, and copies of them.

pub mod heads;
pub mod key;
pub mod tree;

pub use heads::Heads;
pub use key::{AuditKey, KeyError};
pub use tree::{TreeError, TreeFile};
