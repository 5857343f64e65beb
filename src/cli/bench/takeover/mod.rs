//! How long nobody decides after an owner is gone: two nodes of this very program on one broker, the owner of a site killed or paused,
//! until the other node answers a command. A paused one is woken after that, a killed one started again, and must stand by before the next round.

mod ledger;
mod node;

use super::{
    Measured, Servers, idle, percentile,
    servers::{self, Topics},
};
use crate::{
    app::{
        scenario,
        simulated::{Simulated, Simulation, described},
    },
    cli::progress,
    settings::Settings,
};
use anyhow::{Result, ensure};
use ledger::OwnerOnLedger;
use millwright_infra::{clock::SystemClock, log::kafka::KafkaLog};
use millwright_ingest::simulator::demo::demo_plant;
use node::{Gone, Node};
use serde_json::json;
use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Instant};

const GOAL_S: f64 = 8.0;

pub async fn measure(folder: &Path, with: &Servers, settings: &Settings) -> Result<Measured> {
    ensure!(with.rounds > 0, "--rounds must be at least 1");
    let bootstrap = servers::kafka(with.kafka.as_deref().unwrap_or(servers::AUTO), folder).await?;
    let topics = Topics::make(settings, &bootstrap, folder).await?;
    let scenario = scenario::named_or_file("normal")?;
    let simulation = Simulation { at: SocketAddr::from(([127, 0, 0, 1], 0)), pumps: 1, seed: 1, scenario, speed: 1.0 };
    let plant = Simulated::start(simulation, Arc::new(SystemClock)).await?;
    fs::write(folder.join("plant.toml"), toml::to_string(&described(1, &plant.addresses))?)?;
    idle::write_policy_and_rules(folder)?;
    let log = Arc::new(KafkaLog::open(topics.options.clone()).await?);
    let mut owner = OwnerOnLedger::of(log.clone(), &demo_plant().site);
    let nodes = [Node::start("node-a", folder, &topics.settings)?, Node::start("node-b", folder, &topics.settings)?];
    let rounds = rounds(nodes, &mut owner, with.rounds).await;
    log.close().await;
    plant.stop().await;
    topics.remove().await?;

    let rounds = rounds?;
    let mut all: Vec<f64> = rounds.iter().map(|round| round.took_s).collect();
    all.sort_by(f64::total_cmp);
    let of = |gone| rounds.iter().filter(|round| round.gone == gone).map(|round| round.took_s).collect::<Vec<_>>();
    let p50 = percentile(&all, 0.5);
    Ok(Measured {
        unit: "times as quick as the goal's 8 s",
        ours: GOAL_S / p50,
        peer: "1",
        peers: 1.0,
        ratio: None,
        goal: "p50 of at most 8 s, worst of 20 at most 15 s",
        more: json!({"p50_s": p50, "worst_s": all.last(), "rounds": all.len(), "killed_s": of(Gone::Killed), "paused_s": of(Gone::Paused)}),
    })
}

struct Round {
    gone: Gone,
    took_s: f64,
}

/// Ends the nodes, too.
async fn rounds(mut nodes: [Node; 2], owner: &mut OwnerOnLedger, count: usize) -> Result<Vec<Round>> {
    let bar = progress::bar(count as u64, "rounds");
    let mut rounds = vec![];
    for node in &mut nodes {
        node.stands_by().await?;
    }
    for number in 0..count {
        let gone = if number % 2 == 0 { Gone::Killed } else { Gone::Paused };
        rounds.push(round(&mut nodes, owner, gone).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rounds)
}

async fn round(nodes: &mut [Node; 2], owner: &mut OwnerOnLedger, gone: Gone) -> Result<Round> {
    // A command through each node shows that both do their work, and who owns the site by now.
    for node in nodes.iter() {
        let command = node.first_answer().await?;
        owner.read_to(command).await?;
    }
    let [a, b] = nodes;
    let (victim, survivor) = if owner.is(a.pid()) { (a, b) } else { (b, a) };
    ensure!(owner.is(victim.pid()), "neither node owns the site: {owner:?}");
    let former = owner.epoch();
    let began = Instant::now();
    victim.take_away(gone)?;
    let command = survivor.first_answer().await?;
    let took_s = began.elapsed().as_secs_f64();
    owner.read_to(command).await?;
    ensure!(owner.is(survivor.pid()) && owner.epoch() > former, "a command was answered, but not by the other node: {owner:?}");
    victim.bring_back(gone)?;
    victim.stands_by().await?;
    Ok(Round { gone, took_s })
}
