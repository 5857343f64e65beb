//! The figures for Prometheus: which there are, and those that are read off what the program knows at each scrape.
//!
//! What happens often is counted where it happens, through the `metrics` crate; docs/metrics.md shows this list to people.

use super::health::HealthBoard;
use crate::telemetry;
use metrics::{counter, gauge};
use millwright_commands::Commands;
use millwright_graphql::MetricsPage;
use millwright_ingest::{field::Field, snapshot::DeviceSnapshot};
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
    figure("millwright_device_polls_total", &["device"], "Polls that were begun; of a device that tells by itself, scans gathered."),
    figure("millwright_device_polls_late_total", &["device"], "Polls that began more than a tenth of their period late."),
    figure("millwright_device_poll_overruns_total", &["device"], "Polls that took longer than their period."),
    figure("millwright_device_polls_skipped_total", &["device"], "Polls that were left out because their time had passed."),
    figure("millwright_device_requests_total", &["device"], "Requests that were sent to a device to read it."),
    figure("millwright_device_requests_saved_total", &["device"], "Requests that joining points has saved against reading each by itself."),
    figure(
        "millwright_device_bytes_saved",
        &["device"],
        "Bytes on the wire that joining points has saved; below 0 where gaps cost more than requests.",
    ),
    figure(
        "millwright_device_readings_left_out_total",
        &["device"],
        "Readings that were measured and not kept because they said nothing new (report).",
    ),
    figure("millwright_device_reconnects_total", &["device"], "Connections that were opened again."),
    figure("millwright_device_restarts_total", &["device"], "Times that a collector was started anew."),
    figure("millwright_device_gaps_total", &["device"], "Gaps in what was collected; a fact on the ledger says from when to when."),
    figure(
        "millwright_device_failed_checks",
        &["device"],
        "Health checks in a row that the worst of its units has failed; an alert is raised at 3. NaN where another node collects.",
    ),
    figure("millwright_scans_waiting", &["place"], "Scans that wait for the log, in memory or in the store."),
    figure("millwright_scans_waiting_seconds", &["place"], "Plant seconds since the oldest scan that waits was measured; 0 where none waits."),
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
    figure("millwright_http_connections_refused_total", &[], "Connections that were turned away because every place was taken."),
    figure(
        "millwright_model_words_not_kept_total",
        &[],
        "Attempts of calls to models whose words could not be kept: they cannot be asked again; the program's log says why.",
    ),
    figure("millwright_projection_in_trouble", &[], "1 while something holds the projections up; /health says what."),
    figure("millwright_agents", &["site", "status"], "Agents on a site's crew by status; NaN where another node decides for the site."),
    figure("millwright_agent_alarms", &["site"], "Figures of agents that are past a rule's limit; `agents` says which."),
    figure("millwright_tasks", &["site", "stage"], "Tasks of a site's crew that are not over, by stage."),
    figure(
        "millwright_agent_calls_total",
        &["site", "agent"],
        "Calls to language models by an agent: those of a part of Millwright as they end, those of a program outside as it reports them.",
    ),
    figure("millwright_agent_errors_total", &["site", "agent"], "Of those, the ones that failed."),
    figure("millwright_agent_tokens_total", &["site", "agent"], "Tokens that they used, in all classes."),
    figure("millwright_agent_inference_milliseconds_total", &["site", "agent"], "Time that they took."),
    figure("millwright_agent_cost_nano_dollars_total", &["site", "agent"], "What they cost; a billionth of a dollar is 1."),
    figure("millwright_agent_results_accepted_total", &["site", "agent"], "Results of an agent that were accepted."),
    figure("millwright_agent_results_sent_back_total", &["site", "agent"], "Results of an agent that were sent back."),
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
    let (mut now, mut failed) = (BTreeMap::new(), BTreeMap::new());
    for device in fields.iter().flat_map(|field| field.snapshots()) {
        let name = device.device.to_string();
        device_counters(&name, &device);
        failed.insert(name.clone(), f64::from(device.units.iter().map(|unit| unit.failed_checks).max().unwrap_or(0)));
        now.insert(name, flag(device.is_connected()));
    }
    for (device, up) in connected.and(now, ELSEWHERE) {
        let checks = failed.get(&device).copied().unwrap_or(ELSEWHERE);
        gauge!("millwright_device_failed_checks", "device" => device.clone()).set(checks);
        gauge!("millwright_device_connected", "device" => device).set(up);
    }
    waiting(&fields);
}

fn device_counters(name: &str, device: &DeviceSnapshot) {
    let label = || name.to_string();
    counter!("millwright_device_scans_total", "device" => label()).absolute(device.scans);
    counter!("millwright_device_scans_dropped_total", "device" => label()).absolute(device.dropped);
    let punctuality = &device.punctuality;
    counter!("millwright_device_polls_total", "device" => label()).absolute(punctuality.polls);
    counter!("millwright_device_polls_late_total", "device" => label()).absolute(punctuality.late);
    counter!("millwright_device_poll_overruns_total", "device" => label()).absolute(punctuality.overruns);
    counter!("millwright_device_polls_skipped_total", "device" => label()).absolute(punctuality.skipped);
    counter!("millwright_device_requests_total", "device" => label()).absolute(device.saved.requests);
    counter!("millwright_device_requests_saved_total", "device" => label()).absolute(device.saved.requests_saved);
    gauge!("millwright_device_bytes_saved", "device" => label()).set(device.saved.bytes_saved as f64);
    counter!("millwright_device_readings_left_out_total", "device" => label()).absolute(device.left_out);
    counter!("millwright_device_reconnects_total", "device" => label()).absolute(device.reconnects());
    counter!("millwright_device_restarts_total", "device" => label()).absolute(device.restarts);
    counter!("millwright_device_gaps_total", "device" => label()).absolute(device.gaps);
}

/// Over all sites: how many scans wait, and how old the oldest is.
fn waiting(fields: &[Arc<Field>]) {
    let (mut memory, mut store) = ((0, 0.0_f64), (0, 0.0_f64));
    for waits in fields.iter().map(|field| field.waiting()) {
        memory = (memory.0 + waits.in_memory, memory.1.max(waits.oldest_in_memory_s));
        store = (store.0 + waits.in_store, store.1.max(waits.oldest_in_store_s));
    }
    for (place, (scans, oldest)) in [("memory", memory), ("store", store)] {
        gauge!("millwright_scans_waiting", "place" => place).set(scans as f64);
        gauge!("millwright_scans_waiting_seconds", "place" => place).set(oldest);
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
