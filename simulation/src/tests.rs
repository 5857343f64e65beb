//! What seeds have found in shipped code, each as a scene of its own that needs no luck.

use crate::{
    chance::Chance,
    disk::Disk,
    life::{Life, NodeClock, TrueTime},
    log::{Link, Store, Weather},
    trace::Trace,
};
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, ReleaseKillSwitch, Surroundings};
use millwright_domain::{
    ids::{CommandId, derived},
    position::PartitionId,
};
use millwright_projections::live::Live;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

fn commands(weather: &Arc<Weather>) -> Commands {
    let (chance, time, life) = (Chance::of(1, 1), TrueTime::begin(), Arc::new(Life::default()));
    let trace = Trace::new(vec![], false);
    let store = Store::new(chance.clone(), trace.clone(), time, false);
    let link = Link { node: "node", store, life: life.clone(), weather: weather.clone(), cut: Arc::default(), chance: chance.clone(), trace, time };
    Commands::new(Surroundings {
        log: Arc::new(link),
        answers: Arc::new(Disk::new().unwrap().answers(chance)),
        clock: Arc::new(NodeClock { time, skew: TimeDelta::zero(), life }),
        live: Arc::new(Live::default()),
        cluster: None,
        owner: "test".into(),
    })
}

fn ask(number: u32) -> Ask {
    Ask::new("ann".parse().unwrap(), ReleaseKillSwitch).with_id(CommandId(derived("test", "asks", number)))
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_could_not_be_rebuilt_while_the_log_was_away_is_served_again_when_it_is_back() {
    let weather = Arc::new(Weather::default());
    weather.calm.store(true, Ordering::Relaxed);
    let (commands, site) = (commands(&weather), PartitionId::site(&"demo".parse().unwrap()));
    commands.serve(site.clone()).await.unwrap();
    weather.gone.store(true, Ordering::Relaxed);
    for number in 0..5 {
        assert!(commands.ask(&site, ask(number)).await.is_err(), "whoever asks meanwhile is told so");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    weather.gone.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    commands.ask(&site, ask(0)).await.unwrap();
}
