//! The outside behind the domain's ports: the log, keys and secrets, answers, clocks, SQL pools, the message bus, and whatever leaves the house or knocks at its door.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answers;
pub mod audit;
pub mod backup;
pub mod boards;
pub mod browser;
pub mod clock;
pub mod credentials;
pub mod inbound;
pub mod log;
pub mod messengers;
pub mod models;
pub mod mqtt;
pub mod notice;
pub mod oidc;
pub mod outward;
pub mod pictures;
pub mod quoting;
pub mod secret;
pub mod sql;
pub mod switchboard;
pub mod tickets;
pub mod traces;
pub mod trello;
pub mod vault;

pub use answers::AnswerIndex;
pub use clock::{ManualClock, ScaledClock, SystemClock};
pub use credentials::CredentialFolder;
pub use log::{EmbeddedLog, EmbeddedOptions};
pub use mqtt::MqttBus;
pub use notice::NoticeFile;
pub use switchboard::Switchboard;
pub use vault::KeyFolder;
