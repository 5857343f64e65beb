//! Watching machines: pure state machines over readings. No I/O and no clock; time is the readings' own.
//!
//! ```text
//! scan ─▶ each signal: baseline, windows, stillness ──once a minute──▶ drift, noise, stuck, silence, mismatch ─▶ alert, cleared
//!      └▶ the row as a whole: regime, MEWMA ──every row──────────────▶ mewma                                  └▶ features
//! ```

pub mod asset;
pub mod baseline;
pub mod change;
pub mod confirmation;
pub mod detector;
pub mod detectors;
pub mod drift;
pub mod features;
pub mod hysteresis;
pub mod mewma;
pub mod regime;
pub mod relations;
pub mod settings;
pub mod signal;
mod site;
pub mod stillness;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod training;
#[cfg(test)]
mod trip_tests;
#[cfg(test)]
mod wear_tests;
pub mod window;

pub use change::{Judgement, Leaning, judge_change};
pub use detector::Detector;
pub use features::{AssetFeatures, SignalFeatures};
pub use settings::MonitorSettings;
pub use site::{BadSnapshot, Counts, Monitor};

use chrono::TimeDelta;
use millwright_domain::{Timestamp, baseline::BaselineLearned, case::AlertRaised, ids::AssetId};

/// Something the monitor found, in the order of the readings.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Learning ended; to be recorded. The version is the recorder's to give.
    BaselineLearned { at: Timestamp, fact: BaselineLearned },
    /// An episode begins.
    Alert { at: Timestamp, raised: AlertRaised },
    /// A detector sees nothing of the asset any more.
    Cleared { at: Timestamp, asset: AssetId, detector: Detector },
    /// It has been run otherwise for so long that this may be normal now.
    RelearningDue { at: Timestamp, asset: AssetId, after: TimeDelta },
    /// For diagnosis: with each alert, and again while one stands.
    Features(AssetFeatures),
}
