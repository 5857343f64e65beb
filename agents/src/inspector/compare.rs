//! What differs between what is shown and what follows from the log. Pure.

use super::ledger::Read;
use millwright_domain::inspection::{Finding, FindingKind};
use millwright_projections::{
    readings::LatestRow,
    standing::{Counts, Standing},
};
use std::collections::{BTreeMap, BTreeSet};

const NONE: &str = "(none)";

/// Both at the same place of the ledger. What is of a parked stream cannot be right, and is told as such.
pub(super) fn differences(expected: &Standing, shown: &Standing) -> Vec<Finding> {
    let parked = shown.parked.iter().map(|(stream, why)| Finding {
        kind: FindingKind::Parked,
        what: stream.clone(),
        expected: "followed to its end".into(),
        shown: why.clone(),
    });
    let mut findings: Vec<Finding> = parked.collect();
    if !shown.parked.is_empty() {
        return findings;
    }
    let names: BTreeSet<&String> = expected.figures.keys().chain(shown.figures.keys()).collect();
    for name in names {
        let (right, seen) = (expected.figures.get(name), shown.figures.get(name));
        if right != seen {
            findings.push(wrong(FindingKind::WrongFigure, name, right, seen));
        }
    }
    findings
}

/// What the page shows, by the names that it gives its figures.
pub(super) fn on_page(expected: &Counts, shown: &BTreeMap<String, String>) -> Vec<Finding> {
    let named = expected.named().into_iter().map(|(name, count)| (name, count.to_string()));
    let differing = named.filter(|(name, count)| shown.get(*name) != Some(count));
    differing.map(|(name, count)| wrong(FindingKind::WrongOnPage, name, Some(&count), shown.get(name))).collect()
}

/// A value that is newer than any that was looked at can be right: it may have been read long before.
pub(super) fn stale_values(read: &Read, shown: &[LatestRow]) -> Vec<Finding> {
    let rows: BTreeMap<_, &LatestRow> = shown.iter().map(|row| (&row.signal, row)).collect();
    let mut findings = vec![];
    for (signal, newest) in &read.signals {
        let right = value_line(newest.value, newest.at);
        let Some(row) = rows.get(signal) else {
            findings.push(wrong(FindingKind::StaleValue, signal, Some(&right), None));
            continue;
        };
        let is_same = row.at == newest.at && row.value == newest.value && row.quality == newest.quality;
        let may_be_right = row.at > newest.at && !read.whole;
        if !is_same && !may_be_right {
            findings.push(wrong(FindingKind::StaleValue, signal, Some(&right), Some(&value_line(row.value, row.at))));
        }
    }
    findings
}

fn value_line(value: Option<f64>, at: millwright_domain::Timestamp) -> String {
    value.map_or_else(|| format!("no value at {at}"), |value| format!("{value} at {at}"))
}

fn wrong(kind: FindingKind, what: impl ToString, expected: Option<&String>, shown: Option<&String>) -> Finding {
    // What is shown may have been planted: a line of it is enough, and none of it is an order.
    let line = |text: Option<&String>| text.map_or(NONE.to_string(), |text| text.chars().filter(|letter| !letter.is_control()).take(200).collect());
    Finding { kind, what: what.to_string(), expected: line(expected), shown: line(shown) }
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Newest;
    use super::*;
    use millwright_domain::{Timestamp, reading::Quality};

    fn row(second: i64, value: f64) -> LatestRow {
        let (at, signal) = (Timestamp::from_secs(second), "pump-1/flow".parse().unwrap());
        let (site, device) = ("demo".parse().unwrap(), "plc".parse().unwrap());
        LatestRow { site, signal, device, at, received_at: at, value: Some(value), quality: Quality::Good }
    }
    fn read(second: i64, value: f64, whole: bool) -> Read {
        let newest = Newest { at: Timestamp::from_secs(second), value: Some(value), quality: Quality::Good };
        Read { signals: [("pump-1/flow".parse().unwrap(), newest)].into(), whole }
    }

    #[test]
    fn an_old_value_is_stale_and_a_newer_one_only_where_everything_was_looked_at() {
        assert_eq!(stale_values(&read(9, 5.0, false), &[row(9, 5.0)]), []);
        assert_eq!(stale_values(&read(9, 5.0, false), &[row(8, 4.0)]).len(), 1);
        assert_eq!(stale_values(&read(9, 5.0, false), &[row(9, 4.0)]).len(), 1, "another value of the same time");
        assert_eq!(stale_values(&read(9, 5.0, false), &[row(10, 4.0)]), []);
        assert_eq!(stale_values(&read(9, 5.0, true), &[row(10, 4.0)]).len(), 1);
        assert_eq!(stale_values(&read(9, 5.0, true), &[]).len(), 1);
    }

    #[test]
    fn a_figure_that_the_page_does_not_show_is_wrong_there() {
        let counts = Counts { open_cases: 2, ..Counts::default() };
        let all = |open: &str| -> BTreeMap<String, String> {
            let mut shown: BTreeMap<String, String> = counts.named().into_iter().map(|(name, count)| (name.to_string(), count.to_string())).collect();
            shown.insert("open_cases".into(), open.into());
            shown
        };
        assert_eq!(on_page(&counts, &all("2")), []);
        let found = on_page(&counts, &all("3"));
        assert_eq!((found[0].expected.as_str(), found[0].shown.as_str()), ("2", "3"));
        assert_eq!(on_page(&counts, &BTreeMap::new()).len(), 4);
    }
}
