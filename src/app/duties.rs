//! What falls to this node: all of it on one machine; in a cluster the shares that it is told to take, give back, or has lost.

use super::{finished, platform::Platform, site::SiteAtWork};
use anyhow::Result;
use chrono::TimeDelta;
use millwright_commands::Commands;
use millwright_domain::{
    ids::DeviceId,
    ports::{
        clock::Clock,
        cluster::{Cluster, Share, Turn},
    },
    position::PartitionId,
};
use std::{collections::HashMap, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Between two tries to take a partition over.
const PAUSE: TimeDelta = TimeDelta::seconds(1);

/// What can be taken over, and from where it is told.
pub struct Duties {
    pub sites: Vec<Arc<SiteAtWork>>,
    pub platform: Arc<Platform>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
}

/// One piece of work within a share.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Duty {
    Platform,
    Decide(usize),
    Collect(usize, DeviceId),
}

/// A duty that is being taken or was taken.
struct Held {
    stop: CancellationToken,
    taking: JoinHandle<()>,
}

impl Duties {
    /// Takes everything, in the order in which it depends on each other.
    pub async fn take_all(&self) -> Result<()> {
        for site in &self.sites {
            site.decide().await?;
        }
        self.platform.decide().await?;
        for site in &self.sites {
            for device in site.field.devices() {
                site.collect(&device, &CancellationToken::new()).await;
            }
            site.watch().await;
        }
        Ok(())
    }

    /// Stands by for everything and does what it is told, until stopped; then gives all of it back in order.
    pub async fn follow(self: Arc<Self>, cluster: Arc<dyn Cluster>, stop: CancellationToken) {
        self.stand_by(&self.platform.partition());
        for site in &self.sites {
            self.stand_by(&site.partition());
            site.watch().await;
        }
        let mut held: HashMap<Duty, Held> = HashMap::new();
        loop {
            let turn = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                turn = cluster.turn() => turn,
            };
            match turn {
                Ok(Turn::Asked(forwarded)) => self.commands.take_forwarded(forwarded).await,
                Ok(Turn::Taken(shares)) => {
                    tracing::info!(shares = listed(&shares), "taking over {}", listed(&shares));
                    for duty in self.duties_in(&*cluster, &shares) {
                        let taken = self.clone().begin(duty.clone());
                        held.insert(duty, taken);
                    }
                }
                Ok(Turn::Released { shares, until_done }) => {
                    tracing::info!(shares = listed(&shares), "giving back {}", listed(&shares));
                    self.end(&mut held, self.duties_in(&*cluster, &shares), true).await;
                    drop(until_done);
                }
                Ok(Turn::Lost(shares)) => {
                    tracing::warn!(shares = listed(&shares), "the cluster went on without this node; it has lost {}", listed(&shares));
                    self.end(&mut held, self.duties_in(&*cluster, &shares), false).await;
                }
                Err(error) => {
                    tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "this node takes no further part in the cluster; start it again");
                    break;
                }
            }
        }
        let all: Vec<Duty> = held.keys().cloned().collect();
        self.end(&mut held, all, true).await;
        cluster.leave().await;
    }

    fn duties_in(&self, cluster: &dyn Cluster, shares: &[Share]) -> Vec<Duty> {
        let mut duties = vec![];
        if shares.contains(&cluster.deciding(&self.platform.partition())) {
            duties.push(Duty::Platform);
        }
        for (number, site) in self.sites.iter().enumerate() {
            if shares.contains(&cluster.deciding(&site.partition())) {
                duties.push(Duty::Decide(number));
            }
            let devices = site.field.devices().into_iter();
            let ours = devices.filter(|device| shares.contains(&cluster.collecting(&site.plant().site, device)));
            duties.extend(ours.map(|device| Duty::Collect(number, device)));
        }
        duties
    }

    fn begin(self: Arc<Self>, duty: Duty) -> Held {
        let stop = CancellationToken::new();
        let taking = tokio::spawn({
            let stop = stop.clone();
            async move {
                match duty {
                    Duty::Collect(site, device) => self.sites[site].collect(&device, &stop).await,
                    Duty::Platform => self.decide(&stop, || self.platform.decide()).await,
                    Duty::Decide(site) => self.decide(&stop, || self.sites[site].decide()).await,
                }
            }
        });
        Held { stop, taking }
    }

    /// Tries until it is decided here, or until that is no longer wanted.
    async fn decide<F: Future<Output = Result<()>>>(&self, stop: &CancellationToken, take_over: impl Fn() -> F) {
        while !stop.is_cancelled() {
            match take_over().await {
                Ok(()) => return,
                Err(error) => tracing::warn!(error = format!("{error:#}"), "a partition could not be taken over yet; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.wall_reaches(self.clock.now().wall + PAUSE) => {}
            }
        }
    }

    /// In order, or at once if the cluster has gone on without us.
    async fn end(&self, held: &mut HashMap<Duty, Held>, duties: Vec<Duty>, in_order: bool) {
        let mut ending: Vec<(Duty, Held)> = duties.into_iter().filter_map(|duty| held.remove_entry(&duty)).collect();
        // Devices first: what is begun on them is still recorded while the site is decided here.
        ending.sort_by_key(|(duty, _)| !matches!(duty, Duty::Collect(..)));
        for (duty, Held { stop, taking }) in ending {
            stop.cancel();
            if !in_order {
                taking.abort();
            }
            if in_order {
                finished("duty", taking).await;
            }
            match duty {
                Duty::Collect(site, ref device) if in_order => self.sites[site].field.release(device).await,
                // A device that nobody else has taken is measured on, into the store if need be; the ledger says when another has it.
                Duty::Collect(..) => {}
                Duty::Platform if in_order => self.commands.release(&self.platform.partition()).await,
                Duty::Platform => self.commands.lose(&self.platform.partition()).await,
                Duty::Decide(site) if in_order => {
                    self.sites[site].stop_deciding().await;
                    self.commands.release(&self.sites[site].partition()).await;
                }
                Duty::Decide(site) => {
                    // First the queue: workers that wait in it for an answer would be waited for.
                    self.commands.lose(&self.sites[site].partition()).await;
                    self.sites[site].stop_deciding().await;
                }
            }
            match duty {
                Duty::Collect(..) => {}
                Duty::Platform => self.stand_by(&self.platform.partition()),
                Duty::Decide(site) => self.stand_by(&self.sites[site].partition()),
            }
        }
    }

    fn stand_by(&self, partition: &PartitionId) {
        self.commands.follow(partition.clone());
    }
}

fn listed(shares: &[Share]) -> String {
    shares.iter().map(Share::to_string).collect::<Vec<_>>().join(", ")
}
