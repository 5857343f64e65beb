//! One run: a seed, a plant, two programs, people, faults; then calm, and a look at what is left.

use crate::{
    chance::Chance,
    check::{Kept, left_undone},
    cluster::{Coordinator, PLATFORM, SITE},
    disk::Disk,
    invariants,
    life::TrueTime,
    log::{Store, Weather},
    mutant::Mutant,
    node::Outside,
    people::{Asker, Reach, inspect, operate, spend},
    plant::{Machines, PUMPS, policy},
    post::PostOffice,
    schedule::{NAMES, Schedule},
    trace::{Step, Told, Trace},
};
use anyhow::{Context, Result};
use millwright_agents::diagnosis::{RuleBook, Rules};
use millwright_domain::{Timestamp, ports::cluster::Share};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};

/// Plant and wall seconds of a run; the faults end before.
const FAULTY: Duration = Duration::from_secs(950);
const CALM: Duration = Duration::from_secs(300);
/// Between two looks at the whole.
const LOOK_EVERY: Duration = Duration::from_secs(350);
/// People have so many seconds to say yes.
const PATIENCE_S: u32 = 120;

#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub mutant: Option<Mutant>,
    pub keep_whole: bool,
}

/// Everything follows from the seed.
pub fn run(seed: u64, options: Options) -> Result<Told> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().context("no runtime")?;
    let trace = Trace::new(invariants::all(), options.keep_whole);
    let disks: Vec<Disk> = NAMES.iter().map(|_| Disk::new()).collect::<Result<_>>()?;
    let outside = runtime.block_on(async { outside(seed, &trace, options) })?;
    let mut kept = Kept::open(outside.clone(), Chance::of(seed, 6))?;
    let (over, calm) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let reach = Reach::default();
    runtime.block_on(async { begin(&outside, disks, &reach, &over, &calm, seed) });
    while !calm.load(Ordering::Relaxed) && !trace.is_broken() {
        kept.look(runtime.block_on(later(&outside, LOOK_EVERY)))?;
    }
    if !trace.is_broken() {
        let now = runtime.block_on(later(&outside, CALM));
        let left = runtime.block_on(left_undone(&outside, &reach));
        trace.push(now, Step::Settled { left });
        kept.look(now)?;
        kept.rebuild(now)?;
    }
    let told = trace.told();
    end(runtime);
    Ok(told)
}

fn outside(seed: u64, trace: &Trace, options: Options) -> Result<Outside> {
    let time = TrueTime::begin();
    let chance = Chance::of(seed, 1);
    let shares = [SITE, PLATFORM].into_iter().chain((1..=PUMPS as u32).map(Share::Collecting));
    let rules = [
        include_str!("../../config/rules/machine.yaml"),
        include_str!("../../config/rules/piping.yaml"),
        include_str!("../../config/rules/sensors.yaml"),
    ];
    let mut all = vec![];
    for yaml in rules {
        all.extend(Rules::parse(yaml, "the shipped rules")?.iter().cloned());
    }
    Ok(Outside {
        store: Store::new(chance.clone(), trace.clone(), time, options.mutant == Some(Mutant::LogLies)),
        weather: Arc::new(Weather::default()),
        coordinator: Coordinator::new(shares, chance.clone()),
        machines: Arc::new(Machines::new(seed, Chance::of(seed, 2), trace.clone(), time)?),
        office: Arc::new(PostOffice { known: Mutex::default(), chance: Chance::of(seed, 3), trace: trace.clone(), time }),
        chance,
        trace: trace.clone(),
        time,
        rules: RuleBook::new(Rules::new(all)),
        policy: policy(PATIENCE_S)?,
        mutant: options.mutant,
    })
}

/// Sets everything going.
fn begin(outside: &Outside, disks: Vec<Disk>, reach: &Reach, over: &Arc<AtomicBool>, calm: &Arc<AtomicBool>, seed: u64) {
    let starts = vec![0; disks.len()];
    let mut schedule = Schedule { outside: outside.clone(), reach: reach.clone(), disks, starts, chance: Chance::of(seed, 4) };
    (0..NAMES.len()).for_each(|place| schedule.boot(place));
    let (coordinator, machines) = (outside.coordinator.clone(), outside.machines.clone());
    tokio::spawn(async move { coordinator.run().await });
    tokio::spawn(async move { machines.run().await });
    let asker = |name: &'static str| Asker {
        name,
        reach: reach.clone(),
        chance: Chance::of(seed, 5),
        trace: outside.trace.clone(),
        time: outside.time,
        asked: Arc::default(),
        over: over.clone(),
    };
    tokio::spawn(operate(asker("ann"), outside.machines.clone()));
    tokio::spawn(inspect(asker("svc-monitor")));
    for agent in ["svc-writer", "svc-reader", "svc-planner"] {
        tokio::spawn(spend(asker(agent)));
    }
    let (over, calm) = (over.clone(), calm.clone());
    tokio::spawn(async move {
        schedule.run(FAULTY).await;
        schedule.calm();
        over.store(true, Ordering::Relaxed);
        calm.store(true, Ordering::Relaxed);
    });
}

/// Lets the plant run, and says what time it is then: outside of its runtime, there is only the machine's own time.
async fn later(outside: &Outside, pass: Duration) -> Timestamp {
    tokio::time::sleep(pass).await;
    outside.time.now()
}

/// Everything that is still on its way goes with it.
fn end(runtime: Runtime) {
    runtime.shutdown_background();
}
