//! A plant as described by its engineers: assets by ISA-95 place, devices, and the signals that join them.

use crate::{
    ids::{ActionName, AssetId, DeviceId, SignalId, SiteId},
    quantity::{QuantityKind, Unit},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use thiserror::Error;

/// The whole description of one site. A fact as a whole: `PlantDescribed` carries all of it, each time it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plant {
    pub site: SiteId,
    pub name: String,
    #[serde(default)]
    pub source: Source,
    pub assets: Vec<Asset>,
}

/// Where a site's readings come from. Only a live site may act on the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Live,
    Imported,
    Replayed,
}

/// A machine and its signals. `area`, `line` and `cell` are its ISA-95 place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    pub id: AssetId,
    pub name: String,
    pub area: String,
    pub line: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// Equipment class: `centrifugal_pump`, `motor`, …; a word for people and similarity.
    #[serde(default)]
    pub class: String,
    /// Who made it: a word for people, and for what is the same on machines of several makers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    pub signals: Vec<Signal>,
}

/// A quantity that a device tells or takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    pub id: SignalId,
    pub device: DeviceId,
    pub kind: QuantityKind,
    pub unit: Unit,
    /// Outside this range a value is marked uncertain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Beyond these the machine should not go on: what a drift is forecast towards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
    /// Present exactly when Millwright may write it. This is the allow-list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writable: Option<Writable>,
}

/// A closed interval in the signal's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Where a machine should be stopped, in the signal's unit; at least one side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Trip {
    fn can_be(&self) -> bool {
        let sides = [self.low, self.high].into_iter().flatten();
        let ordered = !matches!((self.low, self.high), (Some(low), Some(high)) if low >= high);
        sides.clone().count() > 0 && sides.into_iter().all(f64::is_finite) && ordered
    }
}

/// Hard limits of a writable signal: no action and no approval goes past them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Writable {
    pub limits: Range,
    /// What "100 %" means for actions given in percent.
    pub rated: f64,
    /// The most that one write may change.
    pub max_step: f64,
    /// No second write sooner than this, in seconds.
    pub min_interval_s: u32,
    /// How far the value read back may be from the value written.
    pub tolerance: f64,
    /// The only actions that may write it; none named: every action that policy has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionName>,
}

impl Writable {
    pub fn allows(&self, action: &ActionName) -> bool {
        self.actions.is_empty() || self.actions.contains(action)
    }
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlantRefused {
    #[error("signal {0} is described twice; signal ids are unique in a site")]
    SignalTwice(SignalId),
    #[error("asset {0} is described twice; asset ids are unique in a site")]
    AssetTwice(AssetId),
    #[error("{signal}: {what} must be an interval of finite numbers with low <= high")]
    BadRange { signal: SignalId, what: &'static str },
    #[error("{0}: trip needs a finite `low` or `high`, and low < high if it has both")]
    BadTrip(SignalId),
    #[error("{0}: writable needs a finite `rated` and `max_step` and `tolerance` of at least 0")]
    BadWritable(SignalId),
}

impl Plant {
    /// The description as it was given, if it can be true.
    pub fn checked(self) -> Result<Self, PlantRefused> {
        let mut assets = HashSet::new();
        let mut signals = HashSet::new();
        for asset in &self.assets {
            if !assets.insert(&asset.id) {
                return Err(PlantRefused::AssetTwice(asset.id.clone()));
            }
            for signal in &asset.signals {
                if !signals.insert(&signal.id) {
                    return Err(PlantRefused::SignalTwice(signal.id.clone()));
                }
                signal.check()?;
            }
        }
        Ok(self)
    }
    pub fn asset(&self, id: &AssetId) -> Option<&Asset> {
        self.assets.iter().find(|asset| asset.id == *id)
    }
    pub fn signal(&self, id: &SignalId) -> Option<(&Asset, &Signal)> {
        self.signals().find(|(_, signal)| signal.id == *id)
    }
    pub fn signals(&self) -> impl Iterator<Item = (&Asset, &Signal)> {
        self.assets.iter().flat_map(|asset| asset.signals.iter().map(move |signal| (asset, signal)))
    }
}

impl Asset {
    /// Its place in ISA-95 words: `area/line/cell`.
    pub fn place(&self) -> String {
        [Some(&self.area), Some(&self.line), self.cell.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join("/")
    }
    /// The first signal of that kind that may be written.
    pub fn writable(&self, kind: QuantityKind) -> Option<(&Signal, &Writable)> {
        self.signals.iter().filter(|signal| signal.kind == kind).find_map(|signal| Some((signal, signal.writable.as_ref()?)))
    }
}

impl Signal {
    fn check(&self) -> Result<(), PlantRefused> {
        let bad = |range: &Range| !(range.low.is_finite() && range.high.is_finite() && range.low <= range.high);
        if self.range.as_ref().is_some_and(bad) {
            return Err(PlantRefused::BadRange { signal: self.id.clone(), what: "range" });
        }
        if self.trip.is_some_and(|trip| !trip.can_be()) {
            return Err(PlantRefused::BadTrip(self.id.clone()));
        }
        let Some(writable) = &self.writable else { return Ok(()) };
        if bad(&writable.limits) {
            return Err(PlantRefused::BadRange { signal: self.id.clone(), what: "writable.limits" });
        }
        let sizes = [writable.max_step, writable.tolerance];
        if !writable.rated.is_finite() || sizes.iter().any(|size| !size.is_finite() || *size < 0.0) {
            return Err(PlantRefused::BadWritable(self.id.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(id: &str) -> Signal {
        Signal {
            id: id.parse().unwrap(),
            device: "plc".parse().unwrap(),
            kind: QuantityKind::Flow,
            unit: Unit::Bar,
            range: None,
            trip: None,
            writable: None,
        }
    }
    fn plant(signals: Vec<Signal>) -> Plant {
        let asset = Asset {
            id: "pump".parse().unwrap(),
            name: "Pump".into(),
            area: "a".into(),
            line: "l".into(),
            cell: None,
            class: String::new(),
            vendor: String::new(),
            signals,
        };
        Plant { site: "s".parse().unwrap(), name: "S".into(), source: Source::Live, assets: vec![asset] }
    }

    #[test]
    fn a_signal_cannot_be_described_twice() {
        let refused = plant(vec![signal("pump/flow"), signal("pump/flow")]).checked();
        assert_eq!(refused, Err(PlantRefused::SignalTwice("pump/flow".parse().unwrap())));
    }

    #[test]
    fn a_range_that_is_no_interval_is_refused() {
        for (low, high) in [(2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            let bad = Signal { range: Some(Range { low, high }), ..signal("pump/flow") };
            assert!(plant(vec![bad]).checked().is_err(), "{low}..{high}");
        }
    }

    #[test]
    fn a_trip_has_a_side_and_its_sides_are_in_order() {
        let refused = |low, high| plant(vec![Signal { trip: Some(Trip { low, high }), ..signal("pump/flow") }]).checked().is_err();
        assert!(!refused(None, Some(7.1)) && !refused(Some(1.0), None) && !refused(Some(1.0), Some(2.0)));
        assert!(refused(None, None) && refused(Some(2.0), Some(1.0)) && refused(None, Some(f64::NAN)));
    }
}
