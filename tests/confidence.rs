//! Whether a diagnosis is right as often as it says: the shipped rules on simulated pumps with faults of many sizes and paces.

use crate::{
    house::{demo_plant, start_of_time},
    similar::{FAULTS, simulated},
};
use chrono::TimeDelta;
use millwright_agents::{
    diagnosis::{Nominations, RuleBook},
    monitor::{Finding, Monitor, MonitorSettings},
};
use millwright_domain::{
    ids::SignalId,
    memory::{Calibration, Judged, calibration_error},
    reading::{Reading, Scan},
};
use std::{collections::BTreeMap, path::Path};

const PARTS: usize = 5;
/// Of each fault; many end before the fault has grown enough to be named.
const MORE_RUNS: u64 = 20;

/// What was named in a run, with the confidence that it was named with last.
fn named(csv: &str, rules: &RuleBook) -> BTreeMap<String, f64> {
    let mut lines = csv.lines();
    let signals: Vec<SignalId> = lines.next().unwrap().split(',').skip(1).map(|name| name.parse().unwrap()).collect();
    let mut monitor = Monitor::new(&demo_plant(), MonitorSettings { learning_s: 1_200, ..MonitorSettings::default() });
    let (mut nominations, mut named, mut found) = (Nominations::default(), BTreeMap::new(), vec![]);
    for (number, line) in lines.enumerate() {
        let at = start_of_time() + TimeDelta::seconds(number as i64 + 1);
        let values = line.split(',').skip(1).map(|value| value.parse().unwrap_or(f64::NAN));
        let readings = signals.iter().cloned().zip(values).map(|(signal, value)| Reading::measured(signal, value)).collect();
        let (site, device) = ("demo".parse().unwrap(), "plc-1".parse().unwrap());
        monitor.observe(&Scan { site, device, epoch: 1, scan: number as u64, scanned_at: at, received_at: at, readings }, &mut found);
        for finding in found.drain(..) {
            let Finding::Features(features) = finding else { continue };
            for naming in nominations.consider(&rules.in_force(), &features) {
                named.insert(naming.diagnosis.cause.to_string(), naming.diagnosis.confidence);
            }
        }
    }
    named
}

#[test]
fn a_diagnosis_is_right_as_often_as_it_says_once_outcomes_are_known() {
    let rules = RuleBook::new(RuleBook::read(Path::new("config/rules")).unwrap());
    let mut claims: Vec<Judged> = vec![];
    let mut missed = 0;
    for (fault, (kind, ..)) in FAULTS.iter().enumerate() {
        for number in 0..MORE_RUNS {
            let (csv, _) = simulated(fault, number);
            let named = named(&csv, &rules);
            missed += u32::from(!named.contains_key(*kind));
            claims.extend(named.into_iter().map(|(cause, confidence)| Judged { score: confidence, hit: cause == **kind }));
        }
    }
    let right = claims.iter().filter(|claim| claim.hit).count();
    // Each fifth is judged by what the others have taught.
    let part = |part: usize, is_in: bool| claims.iter().enumerate().filter(move |(number, _)| (number % PARTS == part) == is_in).map(|(_, one)| *one);
    let claimed = |fold: usize| {
        let calibration = Calibration::fit(part(fold, false)).unwrap();
        part(fold, true).map(|one| Judged { score: calibration.rate(one.score), ..one }).collect::<Vec<_>>()
    };
    let (raw, error) = (calibration_error(&claims), calibration_error(&(0..PARTS).flat_map(claimed).collect::<Vec<_>>()));
    println!("{} named, {right} rightly, {missed} faults not named; error as claimed {raw:.3}, by outcomes {error:.3}", claims.len());
    assert!(right as f64 >= 0.8 * claims.len() as f64, "{right} of {}", claims.len());
    assert!(error <= 0.1, "{error}");
}
