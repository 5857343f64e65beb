//! Devices × 4 values at 100 ms: how many this program polls with under 1 % late, beside pymodbus' asynchronous client on the same devices.
//!
//! The devices are one process of their own (`millwright plant --scale`), each at an address of its own. Who polls is one process too, so
//! two cores carry both. Late is a poll that begins more than a tenth of its period after it was due, or is left out because its time passed.

mod ours;
mod peer;
mod server;

use super::{Measured, scaled};
use anyhow::Result;
use serde_json::json;
use server::ScaledPlant;
use std::{path::Path, time::Duration};

const DEVICES: u64 = 1_000;
const VALUES: usize = 4;
const PERIOD: Duration = Duration::from_millis(100);
const LATE_SHARE: f64 = 0.01;
/// Of each round, after a warm-up.
const LASTS: Duration = Duration::from_secs(15);

/// How one round of polling went.
#[derive(Debug, Clone, Default, PartialEq)]
struct Went {
    devices: usize,
    polls: u64,
    late: f64,
    skipped: u64,
    /// Polls without a value from the device.
    failed: u64,
    p99_ms: f64,
    /// Processor seconds of the polling process for each second.
    cores: f64,
}

impl Went {
    /// Of what should have been polled.
    fn late_share(&self) -> f64 {
        let due = (self.polls + self.skipped) as f64;
        if due == 0.0 { 1.0 } else { (self.late + self.skipped as f64) / due }
    }
    fn keeps_up(&self) -> bool {
        self.late_share() < LATE_SHARE && self.failed == 0
    }
    fn shown(&self) -> serde_json::Value {
        json!({
            "devices": self.devices, "polls": self.polls, "late_share": self.late_share(), "skipped": self.skipped, "failed": self.failed,
            "p99_ms": self.p99_ms, "cores": self.cores,
        })
    }
}

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let devices = scaled(DEVICES, scale) as usize;
    let lasts = LASTS.mul_f64(scale.clamp(0.05, 1.0));
    let plant = ScaledPlant::start(devices).await?;
    let mut ours = vec![];
    for number in halving(devices) {
        let went = ours::poll(&folder.join(format!("log-{number}")), &plant.addresses[..number], lasts).await?;
        ours.push(went);
        if ours.last().is_some_and(Went::keeps_up) {
            break;
        }
    }
    let mut peers = vec![];
    for number in halving(devices) {
        let went = peer::poll(&plant.addresses[..number], lasts).await?;
        peers.push(went);
        if peers.last().is_some_and(Went::keeps_up) {
            break;
        }
    }
    plant.stop().await?;
    Ok(Measured {
        unit: "devices x 4 values at 100 ms with under 1 % late",
        ours: sustained(&ours),
        peer: "pymodbus' asynchronous client",
        peers: sustained(&peers),
        ratio: None,
        goal: "1,000 on two cores, the devices' own process among them",
        more: json!({
            "ours": ours.iter().map(Went::shown).collect::<Vec<_>>(),
            "pymodbus": peers.iter().map(Went::shown).collect::<Vec<_>>(),
        }),
    })
}

/// All of them, half of them, …, one.
fn halving(devices: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(devices), |number| Some(number / 2)).take_while(|number| *number > 0)
}

/// The most that were polled in time; 0 if not even one was.
fn sustained(rounds: &[Went]) -> f64 {
    rounds.iter().filter(|went| went.keeps_up()).map(|went| went.devices as f64).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_counts_as_late() {
        let went = Went { devices: 10, polls: 980, late: 5.0, skipped: 20, ..Went::default() };
        assert_eq!((went.late_share(), went.keeps_up()), (0.025, false));
        assert!(Went { skipped: 0, polls: 1_000, ..went.clone() }.keeps_up());
        assert!(!Went { skipped: 0, polls: 1_000, failed: 1, ..went }.keeps_up());
    }

    #[test]
    fn whoever_cannot_keep_up_is_asked_with_half_as_many() {
        assert_eq!(halving(1_000).take(4).collect::<Vec<_>>(), [1_000, 500, 250, 125]);
        assert_eq!(halving(3).collect::<Vec<_>>(), [3, 1]);
    }
}
