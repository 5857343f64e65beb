//! Rollups, latest values and raw ones, over scans in and out of order.

use super::{Bench, on_both};
use crate::{
    Projections,
    readings::{self, Period},
    testing::{MemoryLog, road},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::SignalId,
    ports::event_log::EventLog,
    reading::{Quality, Reading, Scan},
};

on_both!(
    good_values_are_rolled_up_and_the_others_counted,
    a_scan_that_comes_twice_or_from_a_former_owner_counts_once,
    a_late_scan_joins_its_period_but_never_the_present,
    poll_classes_of_one_device_do_not_mix_up_its_signals,
    raw_values_are_found_by_time_late_ones_included,
    a_value_that_its_source_measured_in_another_minute_is_found_where_it_was_measured,
    rollups_are_rebuilt_as_they_were_kept,
    newest_values_are_known_again_after_a_restart,
);

const START: Timestamp = Timestamp::from_secs(1_700_000_040);

fn flow() -> SignalId {
    "pump-1/flow".parse().unwrap()
}

fn second(number: u64) -> Timestamp {
    START + TimeDelta::seconds(number as i64)
}

async fn rollups(projections: &Projections, period: Period) -> Vec<readings::RollupPoint> {
    let all = [START - TimeDelta::days(1), START + TimeDelta::days(1)];
    readings::rollups(&projections.readings(), &road::site(), &flow(), period, all, 10_000).await.unwrap()
}

async fn good_values_are_rolled_up_and_the_others_counted(bench: &Bench) {
    let log = MemoryLog::default();
    let mut scans: Vec<Scan> = (0..20).map(|number| road::scan(number, second(number), number as f64)).collect();
    scans[3].readings[0] = Reading::missing(flow(), Quality::BadNoCommunication);
    scans[4].readings[0] = Reading::with_quality(flow(), 1e6, Quality::UncertainOutOfRange);
    log.append_readings(scans).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let points = rollups(&projections, Period::TenSeconds).await;
    let first = points[0];
    assert_eq!((points.len(), first.at, first.count, first.not_good), (2, START, 8, 2));
    assert_eq!((first.min, first.max, first.mean), (Some(0.0), Some(9.0), Some(4.75)));
    assert!((first.p99.unwrap() - 8.0).abs() < 0.1, "{first:?}");
    assert_eq!(rollups(&projections, Period::Minute).await.len(), 1);
}

async fn a_scan_that_comes_twice_or_from_a_former_owner_counts_once(bench: &Bench) {
    let log = MemoryLog::default();
    let scan = |epoch, number| Scan { epoch, ..road::scan(number, second(number), 1.0) };
    log.append_readings(vec![scan(1, 0), scan(1, 0), scan(2, 0), scan(1, 1), scan(2, 1)]).await.unwrap();
    let projections = bench.caught_up(&log).await;
    assert_eq!(rollups(&projections, Period::Minute).await[0].count, 3);
}

async fn a_late_scan_joins_its_period_but_never_the_present(bench: &Bench) {
    let log = MemoryLog::default();
    let projections = bench.caught_up(&log).await;
    for number in 0..5 {
        log.append_readings(vec![road::scan(number, second(number * 3_600), 1.0)]).await.unwrap();
        projections.catch_up(&log).await.unwrap();
    }
    let late = Scan { received_at: second(99_999), ..road::scan(5, second(1), 3.0) };
    log.append_readings(vec![late]).await.unwrap();
    projections.catch_up(&log).await.unwrap();
    let hours = rollups(&projections, Period::Hour).await;
    assert_eq!((hours[0].count, hours[0].mean), (2, Some(2.0)));
    let latest = readings::latest(&projections.readings(), &road::site()).await.unwrap();
    assert_eq!((latest[0].at, latest[0].value), (second(4 * 3_600), Some(1.0)));
    assert_eq!(projections.live().newest(&road::site(), &flow()).unwrap().value, Some(1.0));
}

async fn poll_classes_of_one_device_do_not_mix_up_its_signals(bench: &Bench) {
    let log = MemoryLog::default();
    let scans = (0..10).map(|number| {
        let mut scan = road::scan(number, second(number), 0.0);
        let only = if number % 2 == 0 { ("pump-1/flow", 5.0) } else { ("pump-1/vibration", 7.0) };
        scan.readings = vec![Reading::measured(only.0.parse().unwrap(), only.1)];
        scan
    });
    log.append_readings(scans.collect()).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let point = rollups(&projections, Period::TenSeconds).await[0];
    assert_eq!((point.count, point.mean), (5, Some(5.0)));
}

async fn raw_values_are_found_by_time_late_ones_included(bench: &Bench) {
    let log = MemoryLog::default();
    let mut scans: Vec<Scan> = (0..10_000).map(|number| road::scan(number, second(number), number as f64)).collect();
    scans.push(road::scan(10_000, second(100) + TimeDelta::milliseconds(500), -1.0));
    log.append_readings(scans).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let range = [second(99), second(102)];
    let series = readings::raw(&log, &projections.readings(), &road::site(), &flow(), range, None, 100).await.unwrap();
    let values: Vec<_> = series.points.iter().map(|point| point.value.unwrap()).collect();
    assert_eq!((values, series.truncated), (vec![99.0, 100.0, -1.0, 101.0], false));
    let cut = readings::raw(&log, &projections.readings(), &road::site(), &flow(), range, None, 2).await.unwrap();
    assert_eq!((cut.points.len(), cut.truncated), (2, true));
}

async fn a_value_that_its_source_measured_in_another_minute_is_found_where_it_was_measured(bench: &Bench) {
    let log = MemoryLog::default();
    let mut scans: Vec<Scan> = (0..1_000).map(|number| road::scan(number, second(number), 0.0)).collect();
    // Handed on ten minutes after it was measured, beside values of the scan's own time.
    let mut late = Reading::measured(flow(), 7.0);
    late.source_time = Some(second(300) + TimeDelta::milliseconds(500));
    scans[900].readings[0] = late;
    log.append_readings(scans).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let series = readings::raw(&log, &projections.readings(), &road::site(), &flow(), [second(300), second(301)], None, 100).await.unwrap();
    assert_eq!(series.points.iter().map(|point| point.value.unwrap()).collect::<Vec<_>>(), [0.0, 7.0]);
}

async fn rollups_are_rebuilt_as_they_were_kept(bench: &Bench) {
    let log = MemoryLog::default();
    log.append_readings((0..300).map(|number| road::scan(number, second(number * 7), number as f64)).collect()).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let (digest, before) = (projections.readings_digest().await.unwrap(), rollups(&projections, Period::Minute).await);
    let rebuilt = projections.rebuild_readings(&log).await.unwrap();
    assert_eq!(rebuilt.digests, [("readings", digest)]);
    assert_eq!(rollups(&projections, Period::Minute).await, before);
    log.append_readings(vec![road::scan(300, second(2_100), 1.0)]).await.unwrap();
    projections.catch_up(&log).await.unwrap();
    assert_eq!(rollups(&projections, Period::Minute).await.len(), before.len() + 1, "it goes on from where it was rebuilt");
}

async fn newest_values_are_known_again_after_a_restart(bench: &Bench) {
    let (log, _) = super::recorded();
    log.append_readings(vec![road::scan(0, START, 4.0)]).await.unwrap();
    let projections = bench.caught_up(&log).await;
    drop(projections);
    let again = bench.open().await;
    assert_eq!(again.live().newest(&road::site(), &flow()).unwrap().value, Some(4.0));
}
