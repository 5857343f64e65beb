//! Cartographer: where the machine stands, what stands beside it, and what shares its devices — from the plant's own description.

use super::{
    CrewMember, Finding, Found,
    briefing::{Briefing, nearness},
    choosing::{Choices, Form, Piece},
};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{
    ids::{ActorId, AssetId, DeviceId},
    plant::{Asset, Plant},
    untrusted::Origin,
};
use std::collections::BTreeSet;

const MOST_TOLD: usize = 10;

const TASK: &str = "A machine has a fault. From the numbered machines around it choose those that depend on it, or that suffer next if the fault stays. \
                    In `from` stand their numbers, one to a point, and in `says` in a few words what connects them. Choose none without a connection \
                    that is told.";

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

    async fn find(&self, case: &Briefing) -> Result<Found, String> {
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
        Ok(Found { finding: Finding::by_rules(told.join("\n")), choices: Some(choices(&ties)) })
    }
}

fn choices(ties: &[Tie]) -> Choices {
    let pieces = ties.iter().take(MOST_TOLD).map(|tie| Piece { name: tie.asset.to_string(), text: format!("{}: {}", tie.asset, connection(tie)) });
    Choices { task: TASK, heading: "Depends on it:", form: Form::Pieces, origin: Origin::Signal, pieces: pieces.collect() }
}

fn connection(tie: &Tie) -> String {
    let devices = tie.devices.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(", ");
    let parts = [
        (tie.near >= 3).then(|| "in the same cell".into()),
        (tie.near == 2).then(|| "on the same line".into()),
        (!tie.devices.is_empty()).then(|| format!("read through {devices} too")),
        tie.is_sister.then(|| "of the same class".into()),
    ];
    parts.into_iter().flatten().collect::<Vec<String>>().join(", ")
}
