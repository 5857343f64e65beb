//! How well do the alarms serve the people? The figures of ISA-18.2 and EEMUA 191 over a span of time, each against its target. Pure.

use crate::alarms::{AlarmRow, Logged};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, case::Severity};
use std::collections::BTreeMap;

/// EEMUA 191: more than ten alarms in ten minutes are a flood; it is over when fewer than five come in ten minutes.
const TEN_MINUTES: i64 = 600;
const FLOOD_ABOVE: usize = 10;
const FLOOD_ENDS_BELOW: usize = 5;
/// ISA-18.2: an alarm that rises three times within a minute chatters.
const CHATTERS: usize = 3;
const MINUTE: TimeDelta = TimeDelta::minutes(1);
const STALE_AFTER: TimeDelta = TimeDelta::hours(24);
const TOP: usize = 10;

/// One figure and what it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stable word for programs.
    pub code: &'static str,
    pub name: &'static str,
    /// `None`: there was too little to say it from.
    pub value: Option<f64>,
    pub unit: &'static str,
    /// At most this much.
    pub target: f64,
}

impl Figure {
    pub fn is_met(&self) -> bool {
        self.value.is_none_or(|value| value <= self.target)
    }
}

/// An alarm by how often it rose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frequent {
    pub asset: String,
    pub detector: String,
    pub count: usize,
    pub chatters: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct AlarmPerformance {
    pub raised: usize,
    pub figures: Vec<Figure>,
    /// Most frequent first.
    pub top: Vec<Frequent>,
    /// Share of each severity among the raised, 0 to 1, lowest first. Targets: 80, 15, and 5 for high and critical together.
    pub by_severity: [(Severity, f64); 4],
    /// Too many at once at the end of the span.
    pub in_flood: bool,
}

/// `log` is the span's, in order of time; `alarms` are as they stand at its end.
pub fn performance(log: &[Logged], alarms: &[AlarmRow], [from, to]: [Timestamp; 2]) -> AlarmPerformance {
    let raised: Vec<&Logged> = log.iter().filter(|line| line.what == "raised").collect();
    let seconds = to.since(from).num_seconds().max(1);
    let tens = per_ten_minutes(&raised, from, seconds);
    let flooded = floods(&tens);
    let frequent = by_alarm(&raised);
    let top: Vec<Frequent> = frequent.iter().take(TOP).cloned().collect();
    let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
    let stale = alarms.iter().filter(|row| row.alarm.active && row.alarm.raised_at.is_some_and(|at| to.since(at) > STALE_AFTER)).count();
    let figure = |code, name, value: f64, unit, target| Figure { code, name, value: value.is_finite().then_some(value), unit, target };
    // Of fewer than so many alarms ten are always more than five in a hundred.
    let share_of_top = if raised.len() < 20 * TOP { f64::NAN } else { share(top.iter().map(|alarm| alarm.count).sum(), raised.len()) };
    let figures = vec![
        figure("rate", "alarms an hour", raised.len() as f64 * 3_600.0 / seconds as f64, "1/h", 6.0),
        figure("peak", "most alarms in ten minutes", tens.iter().copied().max().unwrap_or(0) as f64, "", FLOOD_ABOVE as f64),
        figure("flood", "time in flood", share(flooded.iter().filter(|flooded| **flooded).count(), flooded.len()), "%", 1.0),
        figure("top_ten", "share of the ten most frequent", share_of_top, "%", 5.0),
        figure("chattering", "chattering alarms", frequent.iter().filter(|alarm| alarm.chatters).count() as f64, "", 0.0),
        figure("stale", "stale alarms", stale as f64, "", 5.0),
        figure("acknowledge", "median time to acknowledge", median_to_acknowledge(log).unwrap_or(f64::NAN), "min", 10.0),
    ];
    let severities = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let of = |severity| raised.iter().filter(|line| line.severity == Some(severity)).count() as f64 / raised.len().max(1) as f64;
    AlarmPerformance {
        raised: raised.len(),
        figures,
        top,
        by_severity: severities.map(|severity| (severity, of(severity))),
        in_flood: flooded.last().copied().unwrap_or(false),
    }
}

fn per_ten_minutes(raised: &[&Logged], from: Timestamp, seconds: i64) -> Vec<usize> {
    let mut tens = vec![0; usize::try_from((seconds + TEN_MINUTES - 1) / TEN_MINUTES).unwrap_or(1).max(1)];
    for line in raised {
        let place = usize::try_from(line.at.since(from).num_seconds() / TEN_MINUTES).unwrap_or(0);
        if let Some(count) = tens.get_mut(place) {
            *count += 1;
        }
    }
    tens
}

fn floods(tens: &[usize]) -> Vec<bool> {
    let mut in_flood = false;
    let step = |count: &usize| {
        in_flood = *count > FLOOD_ABOVE || (in_flood && *count >= FLOOD_ENDS_BELOW);
        in_flood
    };
    tens.iter().map(step).collect()
}

fn by_alarm(raised: &[&Logged]) -> Vec<Frequent> {
    let mut times: BTreeMap<(String, String), Vec<Timestamp>> = BTreeMap::new();
    for line in raised {
        times.entry((line.asset.to_string(), line.detector.clone())).or_default().push(line.at);
    }
    let chatters = |times: &[Timestamp]| times.windows(CHATTERS).any(|window| window[CHATTERS - 1].since(window[0]) < MINUTE);
    let one =
        |((asset, detector), times): ((String, String), Vec<Timestamp>)| Frequent { asset, detector, count: times.len(), chatters: chatters(&times) };
    let mut frequent: Vec<Frequent> = times.into_iter().map(one).collect();
    frequent.sort_by_key(|alarm| std::cmp::Reverse(alarm.count));
    frequent
}

/// In minutes.
fn median_to_acknowledge(log: &[Logged]) -> Option<f64> {
    let mut since: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    let mut minutes: Vec<f64> = Vec::new();
    for line in log {
        let key = (line.asset.as_str(), line.detector.as_str());
        match line.what.as_str() {
            "raised" => _ = since.entry(key).or_insert(line.at),
            "acknowledged" => minutes.extend(since.remove(&key).map(|raised| line.at.since(raised).num_seconds() as f64 / 60.0)),
            _ => {}
        }
    }
    minutes.sort_by(f64::total_cmp);
    minutes.get(minutes.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, asset: &str, what: &str) -> Logged {
        let severity = Some(Severity::High);
        Logged { at: Timestamp::from_secs(second), asset: asset.parse().unwrap(), detector: "drift".into(), severity, what: what.into() }
    }
    fn figures(log: &[Logged], hours: i64) -> BTreeMap<&'static str, f64> {
        let span = [Timestamp::from_secs(0), Timestamp::from_secs(hours * 3_600)];
        performance(log, &[], span).figures.into_iter().filter_map(|figure| Some((figure.name, figure.value?))).collect()
    }

    #[test]
    fn a_quiet_day_meets_every_target() {
        let log = [line(100, "a", "raised"), line(400, "a", "acknowledged"), line(900, "a", "cleared")];
        let span = [Timestamp::from_secs(0), Timestamp::from_secs(86_400)];
        let found = performance(&log, &[], span);
        let missed: Vec<&str> = found.figures.iter().filter(|figure| !figure.is_met()).map(|figure| figure.name).collect();
        assert_eq!(missed, [""; 0]);
        assert_eq!(found.figures.iter().find(|figure| figure.code == "top_ten").and_then(|figure| figure.value), None);
        assert_eq!(figures(&log, 24)["median time to acknowledge"], 5.0);
    }

    #[test]
    fn a_flood_begins_above_ten_in_ten_minutes_and_ends_below_five() {
        let mut log: Vec<Logged> = (0..11).map(|second| line(second * 10, "a", "raised")).collect();
        log.extend((0..5).map(|second| line(700 + second * 10, "b", "raised")));
        log.extend((0..4).map(|second| line(1_300 + second * 60, "c", "raised")));
        let found = figures(&log, 1);
        assert!((found["time in flood"] - 100.0 * 2.0 / 6.0).abs() < 1e-9, "{found:?}");
        assert_eq!((found["most alarms in ten minutes"], found["alarms an hour"]), (11.0, 20.0));
    }

    #[test]
    fn what_rises_three_times_within_a_minute_chatters() {
        let log = [line(0, "a", "raised"), line(30, "a", "raised"), line(59, "a", "raised"), line(0, "b", "raised"), line(60, "b", "raised")];
        assert_eq!(figures(&log, 1)["chattering alarms"], 1.0);
    }
}
