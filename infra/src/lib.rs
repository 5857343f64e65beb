//! The outside behind the domain's ports: the log, keys, answers, clocks, notices, the message bus and SQL pools.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answers;
pub mod clock;
pub mod log;
pub mod mqtt;
pub mod notice;
pub mod sql;
pub mod switchboard;
pub mod vault;

pub use answers::AnswerIndex;
pub use clock::{ManualClock, ScaledClock, SystemClock};
pub use log::{EmbeddedLog, EmbeddedOptions};
pub use mqtt::MqttBus;
pub use notice::NoticeFile;
pub use switchboard::Switchboard;
pub use vault::KeyFolder;
