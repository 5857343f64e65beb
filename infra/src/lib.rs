//! The outside behind the domain's ports: the log, keys, answers, clocks, notices and SQL pools.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answers;
pub mod clock;
pub mod log;
pub mod notice;
pub mod sql;
pub mod vault;

pub use answers::AnswerIndex;
pub use clock::{ManualClock, ScaledClock, SystemClock};
pub use log::{EmbeddedLog, EmbeddedOptions};
pub use notice::NoticeFile;
pub use vault::KeyFolder;
