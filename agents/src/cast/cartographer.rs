//! Cartographer: where the machine stands, what stands beside it, and what shares its devices — from the plant's own description.

use super::{
    CrewMember, Finding,
    briefing::{Briefing, nearness},
};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    ids::{ActorId, AssetId, DeviceId},
    plant::{Asset, Plant},
};
use std::collections::BTreeSet;

const MOST_TOLD: usize = 10;

/// How two machines hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    pub asset: AssetId,
    /// Devices that both are read by: one fault there shows on both.
    pub devices: Vec<DeviceId>,
    /// Of the path area, line, cell: 0 to 3.
    pub near: u8,
    /// The same class of machine: a sister to compare with.
    pub is_sister: bool,
}

/// What hangs together with an asset, closest first.
pub fn ties(plant: &Plant, asset: &Asset) -> Vec<Tie> {
    let devices = |asset: &Asset| asset.signals.iter().map(|signal| signal.device.clone()).collect::<BTreeSet<_>>();
    let mine = devices(asset);
    let others = plant.assets.iter().filter(|other| other.id != asset.id);
    let mut ties: Vec<Tie> = others
        .map(|other| Tie {
            asset: other.id.clone(),
            devices: devices(other).intersection(&mine).cloned().collect(),
            near: nearness(other, asset),
            is_sister: !asset.class.is_empty() && other.class == asset.class,
        })
        .filter(|tie| tie.near >= 2 || tie.is_sister || !tie.devices.is_empty())
        .collect();
    ties.sort_by(|a, b| (b.near, b.devices.len(), &a.asset).cmp(&(a.near, a.devices.len(), &b.asset)));
    ties
}

pub struct Cartographer;

#[async_trait]
impl CrewMember for Cartographer {
    fn name(&self) -> ActorId {
        service("svc-cartographer")
    }

    async fn look_into(&self, case: &Briefing, _: Timestamp) -> Result<Finding, String> {
        let Briefing { asset, plant, .. } = case;
        let path = [Some(asset.area.as_str()), Some(asset.line.as_str()), asset.cell.as_deref()];
        let path: Vec<_> = path.into_iter().flatten().filter(|name| !name.is_empty()).collect();
        let ties = ties(plant, asset);
        let names = |keep: fn(&Tie) -> bool| ties.iter().filter(|tie| keep(tie)).take(MOST_TOLD).map(|tie| tie.asset.to_string()).collect::<Vec<_>>();
        let mut told = vec![format!("{} stands in {}.", asset.id, if path.is_empty() { "no named place".into() } else { path.join(" / ") })];
        for (names, words) in [
            (names(|tie| tie.near >= 2), "On the same line"),
            (names(|tie| !tie.devices.is_empty()), "Read through the same device, so a fault there shows on them too"),
            (names(|tie| tie.is_sister), "Of the same class, to compare with"),
        ] {
            if !names.is_empty() {
                told.push(format!("{words}: {}.", names.join(", ")));
            }
        }
        Ok(Finding::by_rules(told.join("\n")))
    }
}
