//! Where in the log: lanes, partitions, and positions as a vector over partitions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::ids::{BadName, SiteId};

/// The two lanes of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Everything decided, seen or done. Kept for ever.
    Ledger,
    /// What the machines said. Retention is a setting.
    Readings,
}

/// One ordered part of a lane. On the ledger a site, `_platform`, or `_truth` of a simulated site; on the readings a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^(ledger/(_platform|(_truth\\.)?[a-z0-9][a-z0-9_-]{0,95})|readings/[0-9]+)$"))]
pub struct PartitionId {
    lane: Lane,
    name: String,
}

impl PartitionId {
    pub fn site(site: &SiteId) -> Self {
        Self { lane: Lane::Ledger, name: site.to_string() }
    }
    /// Users, agents, platform budgets.
    pub fn platform() -> Self {
        Self { lane: Lane::Ledger, name: "_platform".into() }
    }
    /// What a simulator really did to a site. Only the evaluation reads it.
    pub fn truth(site: &SiteId) -> Self {
        Self { lane: Lane::Ledger, name: format!("_truth.{site}") }
    }
    pub fn readings(number: u32) -> Self {
        Self { lane: Lane::Readings, name: number.to_string() }
    }
    pub const fn lane(&self) -> Lane {
        self.lane
    }
    pub fn name(&self) -> &str {
        &self.name
    }
    /// The site whose decisions this partition holds, if it is a site's.
    pub fn as_site(&self) -> Option<SiteId> {
        if self.lane == Lane::Ledger { self.name.parse().ok() } else { None }
    }
    pub fn is_truth(&self) -> bool {
        self.lane == Lane::Ledger && self.name.starts_with("_truth.")
    }
}

impl fmt::Display for PartitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = match self.lane {
            Lane::Ledger => "ledger",
            Lane::Readings => "readings",
        };
        write!(f, "{lane}/{}", self.name)
    }
}
impl FromStr for PartitionId {
    type Err = BadName;
    fn from_str(text: &str) -> Result<Self, BadName> {
        if let Some(number) = text.strip_prefix("readings/").and_then(|number| number.parse().ok()) {
            return Ok(Self::readings(number));
        }
        let name = text.strip_prefix("ledger/").unwrap_or(text);
        match name.strip_prefix("_truth.") {
            Some(site) => Ok(Self::truth(&site.parse()?)),
            None if name == "_platform" => Ok(Self::platform()),
            None => Ok(Self::site(&name.parse()?)),
        }
    }
}
impl TryFrom<String> for PartitionId {
    type Error = BadName;
    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}
impl From<PartitionId> for String {
    fn from(partition: PartitionId) -> String {
        partition.to_string()
    }
}

/// How far each partition has been taken in: the `seq` that comes next. Missing means 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(BTreeMap<PartitionId, u64>);

impl Position {
    pub fn at(partition: PartitionId, next_seq: u64) -> Self {
        Self(BTreeMap::from([(partition, next_seq)]))
    }
    pub fn next(&self, partition: &PartitionId) -> u64 {
        self.0.get(partition).copied().unwrap_or(0)
    }
    /// Moves one partition forward; never back.
    pub fn advance(&mut self, partition: &PartitionId, next_seq: u64) {
        let known = self.0.entry(partition.clone()).or_default();
        *known = (*known).max(next_seq);
    }
    pub fn merge(&mut self, other: &Self) {
        for (partition, next) in &other.0 {
            self.advance(partition, *next);
        }
    }
    /// Whether everything up to `other` is included here.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|(partition, next)| self.next(partition) >= *next)
    }
    pub fn partitions(&self) -> impl Iterator<Item = (&PartitionId, u64)> {
        self.0.iter().map(|(partition, next)| (partition, *next))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(partition, next)| format!("{partition}:{next}")).collect();
        f.write_str(&parts.join(","))
    }
}
/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a position; give one as it was returned, like `ledger/demo:17,readings/0:400`")]
pub struct BadPosition(pub String);

impl FromStr for Position {
    type Err = BadPosition;
    fn from_str(text: &str) -> Result<Self, BadPosition> {
        let mut position = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let parsed = part.rsplit_once(':').and_then(|(partition, next)| Some((partition.parse().ok()?, next.parse().ok()?)));
            let (partition, next) = parsed.ok_or_else(|| BadPosition(text.chars().take(200).collect()))?;
            position.advance(&partition, next);
        }
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_never_moves_back_and_reads_as_it_is_written() {
        let demo: PartitionId = "ledger/demo".parse().unwrap();
        let mut position = Position::at(demo.clone(), 17);
        position.advance(&demo, 3);
        position.advance(&PartitionId::readings(0), 400);
        assert_eq!(position.to_string(), "ledger/demo:17,readings/0:400");
        assert_eq!(position.to_string().parse(), Ok(position.clone()));
        assert!(position.covers(&Position::at(demo, 17)));
        assert!(!position.covers(&Position::at(PartitionId::platform(), 1)));
    }

    #[test]
    fn the_truth_is_no_sites_partition() {
        let truth = PartitionId::truth(&"demo".parse().unwrap());
        assert!(truth.is_truth() && truth.as_site().is_none());
        assert_eq!(truth.to_string().parse(), Ok(truth));
    }
}
