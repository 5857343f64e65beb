//! A simulation written to a file: the same seed, ticks and scenario give the same bytes.

use super::{
    channel::{Channel, Setpoint},
    scenario::Scenario,
    world::World,
};
use millwright_domain::site::GroundTruthMarked;
use std::io::{self, Write};

/// What was really wrong, and in which tick. For the evaluation only; never in the recording.
pub type Truth = (u64, GroundTruthMarked);

/// Writes one CSV line for each simulated second after a header. See [`Scenario::seed_or`] for the seed.
pub fn simulate(seed: u64, ticks: u64, scenario: Scenario, out: &mut dyn Write) -> io::Result<Vec<Truth>> {
    let mut world = World::new(seed, scenario);
    let measured = Channel::ALL.iter().map(|channel| channel.signal());
    let told = Setpoint::ALL.iter().map(|setpoint| setpoint.signal());
    writeln!(out, "tick,{}", measured.chain(told).collect::<Vec<_>>().join(","))?;
    let mut truths = Vec::new();
    for tick in 1..=ticks {
        truths.extend(world.tick(true).into_iter().map(|truth| (tick, truth)));
        write!(out, "{tick}")?;
        for (channel, value) in world.shown() {
            write!(out, ",{value:.*}", channel.sensor().digits)?;
        }
        for setpoint in Setpoint::ALL {
            write!(out, ",{:.1}", world.told(setpoint))?;
        }
        writeln!(out)?;
    }
    Ok(truths)
}
