//! What kind of change an alert shows: a sensor that lies, a line that is down, a machine that is run otherwise, or wear.

use crate::{evidence::Evidence, ids::AssetId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The kind was judged, or judged anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeJudged {
    pub asset: AssetId,
    pub change: ChangeKind,
    /// For people, with the figures that decided.
    pub because: String,
    pub evidence: Vec<Evidence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// One sensor's value no longer moves, and the others go on.
    SensorStuck,
    /// One sensor stands off from what the others imply, and these agree among themselves.
    SensorOffset,
    /// One sensor is noisier than it was, and the others are not.
    SensorNoise,
    /// Readings are missing.
    Communication,
    /// The machine is run otherwise: another speed, load or product. Its signals moved together as they always do.
    Regime,
    /// The signals left their places and no longer fit each other: the machine itself has changed.
    Degradation,
    /// Nothing of these, or too little to tell.
    Unclear,
}

impl ChangeKind {
    pub const ALL: [Self; 7] =
        [Self::SensorStuck, Self::SensorOffset, Self::SensorNoise, Self::Communication, Self::Regime, Self::Degradation, Self::Unclear];

    /// In plain words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::SensorStuck => "a sensor is stuck",
            Self::SensorOffset => "a sensor is off",
            Self::SensorNoise => "a sensor is noisy",
            Self::Communication => "readings are missing",
            Self::Regime => "the machine is run otherwise",
            Self::Degradation => "the machine itself has changed",
            Self::Unclear => "the kind of change is unclear",
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}
