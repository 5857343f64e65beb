//! The figures for Prometheus: which there are, and those that are read off what the program knows at each scrape.
//!
//! What happens often is counted where it happens, through the `metrics` crate; docs/metrics.md shows this list to people.

use super::health::HealthBoard;
use crate::telemetry;
use metrics::{counter, gauge};
use millwright_commands::Commands;
use millwright_graphql::MetricsPage;
use millwright_projections::Projections;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// One figure: its name, its labels, what it says.
pub struct Figure {
    pub name: &'static str,
    pub labels: &'static [&'static str],
    pub says: &'static str,
}

impl Figure {
    /// By the habit of Prometheus, what only grows ends in `_total`.
    pub fn is_counter(&self) -> bool {
        self.name.ends_with("_total")
    }
}

const fn figure(name: &'static str, labels: &'static [&'static str], says: &'static str) -> Figure {
    Figure { name, labels, says }
}

pub const FIGURES: &[Figure] = &[
    figure("millwright_build_info", &["version"], "Always 1; the label says which program this is."),
    figure("millwright_worker_up", &["worker"], "1 while a worker runs, 0 when it has failed (/health says why), NaN where another node runs it."),
    figure("millwright_device_connected", &["device"], "1 while every unit of a device answers, NaN where another node collects from it."),
    figure("millwright_device_scans_total", &["device"], "Scans that were taken from a device."),
    figure("millwright_device_scans_dropped_total", &["device"], "Scans that were lost because the log was away for too long."),
    figure("millwright_scans_delivered_total", &[], "Scans that are durable on the log."),
    figure("millwright_scans_dropped_total", &[], "Scans that were measured and given up; a fact on the ledger says which."),
    figure("millwright_store_forward_bytes", &[], "What readings that wait for the log take up on disk."),
    figure("millwright_store_forward_scans", &[], "Scans that wait on disk for the log."),
    figure("millwright_opc_ua_messages_lost_total", &[], "Messages of OPC UA servers that did not arrive, by the numbers of those that did."),
    figure(
        "millwright_opc_ua_overflows_total",
        &[],
        "Values before which an OPC UA server had to throw others away, because they changed more often than its queue holds.",
    ),
    figure(
        "millwright_commands_answered_total",
        &["command", "answer"],
        "Commands decided: done, already_so, or refused. A repeated command counts once.",
    ),
    figure("millwright_partition_owned", &["partition"], "1 for a partition that this program decides for, 0 once it no longer does."),
    figure("millwright_projection_lag_records", &["partition"], "Records of the log that cannot be seen in the projections yet."),
    figure("millwright_projection_parked_streams", &[], "Streams that are not shown any further, because a fact of theirs could not be taken in."),
    figure("millwright_projection_in_trouble", &[], "1 while something holds the projections up; /health says what."),
];

/// Only with the log on Kafka.
pub const KAFKA_FIGURES: &[Figure] = &[
    figure("millwright_kafka_lag_records", &["topic", "partition"], "Records between what was read of a partition and its end."),
    figure(
        "millwright_kafka_lso_lag_records",
        &["topic", "partition"],
        "Records past the last stable offset: a transaction that stays open holds readers up there.",
    ),
    figure(
        "millwright_kafka_dropped_records_total",
        &["topic", "why"],
        "Records that never became facts: a former owner's, a repetition, or nothing of ours.",
    ),
];

/// Describes every figure, and returns the page that a scrape gets.
pub fn page(board: HealthBoard, projections: Projections, commands: Commands) -> MetricsPage {
    let recorded = telemetry::metrics();
    for figure in FIGURES.iter().chain(KAFKA_FIGURES) {
        if figure.is_counter() {
            metrics::describe_counter!(figure.name, figure.says);
        } else {
            metrics::describe_gauge!(figure.name, figure.says);
        }
    }
    // Known from the first scrape on, so that the first of its kind is seen as a rise.
    for figure in FIGURES.iter().filter(|figure| figure.labels.is_empty()) {
        if figure.is_counter() {
            counter!(figure.name).increment(0);
        } else {
            gauge!(figure.name).increment(0.0);
        }
    }
    let (ran, connected, owned) = (Ever::default(), Ever::default(), Ever::default());
    Arc::new(move || {
        gauge!("millwright_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        workers(&board, &ran);
        devices(&board, &connected);
        taken_in(&projections);
        partitions(&commands, &owned);
        recorded.render()
    })
}

/// Keeps what the recorder gathers small between scrapes, or without any.
pub fn tend(stop: CancellationToken) -> JoinHandle<()> {
    let recorded = telemetry::metrics();
    tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_secs(10));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = pause.tick() => recorded.run_upkeep(),
            }
        }
    })
}

/// NaN is neither well nor ill: another node does that work by now.
const ELSEWHERE: f64 = f64::NAN;

fn workers(board: &HealthBoard, ran: &Ever) {
    let now = board.workers().into_iter().map(|worker| (worker.name, flag(worker.ok))).collect();
    for (worker, up) in ran.and(now, ELSEWHERE) {
        gauge!("millwright_worker_up", "worker" => worker).set(up);
    }
}

fn devices(board: &HealthBoard, connected: &Ever) {
    let fields = board.fields();
    counter!("millwright_scans_delivered_total").absolute(fields.iter().map(|field| field.delivered()).sum());
    let mut now = BTreeMap::new();
    for device in fields.iter().flat_map(|field| field.snapshots()) {
        let name = device.device.to_string();
        counter!("millwright_device_scans_total", "device" => name.clone()).absolute(device.scans);
        counter!("millwright_device_scans_dropped_total", "device" => name.clone()).absolute(device.dropped);
        now.insert(name, flag(device.is_connected()));
    }
    for (device, up) in connected.and(now, ELSEWHERE) {
        gauge!("millwright_device_connected", "device" => device).set(up);
    }
}

fn partitions(commands: &Commands, owned: &Ever) {
    let now = commands.partitions().into_iter().map(|partition| (partition.to_string(), 1.0)).collect();
    for (partition, here) in owned.and(now, 0.0) {
        gauge!("millwright_partition_owned", "partition" => partition).set(here);
    }
}

fn taken_in(projections: &Projections) {
    for lag in projections.lag() {
        let behind = lag.head.saturating_sub(lag.next);
        gauge!("millwright_projection_lag_records", "partition" => lag.partition.to_string()).set(behind as f64);
    }
    gauge!("millwright_projection_parked_streams").set(projections.parked().len() as f64);
    gauge!("millwright_projection_in_trouble").set(flag(projections.trouble().is_some()));
}

/// What was ever shown here. A gauge stays at its last figure for ever, so what is gone has to be said to be gone.
#[derive(Default)]
struct Ever(Mutex<BTreeSet<String>>);

impl Ever {
    /// What is now, and `gone` for whatever was and is no more.
    fn and(&self, mut now: BTreeMap<String, f64>, gone: f64) -> BTreeMap<String, f64> {
        let mut ever = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ever.extend(now.keys().cloned());
        for name in &*ever {
            now.entry(name.clone()).or_insert(gone);
        }
        now
    }
}

fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(figure: &Figure) -> String {
        let kind = if figure.is_counter() { "counter" } else { "gauge" };
        let labels: Vec<String> = figure.labels.iter().map(|label| format!("`{label}`")).collect();
        format!("| `{}` | {kind} | {} | {} |", figure.name, labels.join(", "), figure.says)
    }

    #[test]
    fn what_is_gone_is_said_to_be_gone() {
        let ever = Ever::default();
        let shown = |names: &[&str]| ever.and(names.iter().map(|name| ((*name).to_string(), 1.0)).collect(), 0.0).into_values().collect::<Vec<_>>();
        assert_eq!(shown(&["a", "b"]), [1.0, 1.0]);
        assert_eq!(shown(&["b"]), [0.0, 1.0]);
    }

    #[test]
    fn the_page_for_people_lists_every_figure_and_no_other() {
        let page = include_str!("../../docs/metrics.md");
        let listed: BTreeSet<&str> = page.lines().filter(|line| line.starts_with("| `millwright_")).collect();
        let known: Vec<String> = FIGURES.iter().chain(KAFKA_FIGURES).map(row).collect();
        let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        assert_eq!(listed, known, "docs/metrics.md and the code disagree");
    }
}
