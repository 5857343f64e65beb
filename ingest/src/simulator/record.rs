//! A simulation written to a file: the same seed, ticks and scenario give the same bytes.

use super::{
    channel::{ASSETS, Channel, Setpoint},
    scenario::Scenario,
    world::World,
};
use millwright_domain::site::GroundTruthMarked;
use std::io::{self, Write};

/// What was really wrong, and in which tick. For the evaluation only; never in the recording.
pub type Truth = (u64, GroundTruthMarked);

/// Writes one CSV line for each simulated second of the one-pump plant after a header. See [`Scenario::seed_or`] for the seed.
pub fn simulate(seed: u64, ticks: u64, scenario: Scenario, out: &mut dyn Write) -> io::Result<Vec<Truth>> {
    simulate_pumps(1, seed, ticks, scenario, out)
}

/// The same of a plant of so many pumps: ten columns more for each.
pub fn simulate_pumps(pumps: usize, seed: u64, ticks: u64, scenario: Scenario, out: &mut dyn Write) -> io::Result<Vec<Truth>> {
    let mut world = World::new(pumps, seed, scenario);
    let of_asset = |asset: &&str| {
        let measured = Channel::ALL.map(|channel| channel.signal_of(asset));
        measured.into_iter().chain(Setpoint::ALL.map(|setpoint| setpoint.signal_of(asset))).collect::<Vec<_>>()
    };
    let columns: Vec<String> = ASSETS.iter().take(world.pumps().len()).flat_map(of_asset).collect();
    writeln!(out, "tick,{}", columns.join(","))?;
    let mut truths = Vec::new();
    for tick in 1..=ticks {
        truths.extend(world.tick(true).into_iter().map(|truth| (tick, truth)));
        write!(out, "{tick}")?;
        for pump in world.pumps() {
            for (channel, value) in pump.shown() {
                write!(out, ",{value:.*}", channel.sensor().digits)?;
            }
            for setpoint in Setpoint::ALL {
                write!(out, ",{:.1}", pump.told(setpoint))?;
            }
        }
        writeln!(out)?;
    }
    Ok(truths)
}
