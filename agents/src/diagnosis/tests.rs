//! What the shipped rules say of figures as each fault makes them.

use super::{Diagnosis, Naming, Nominations, RuleBook, Rules};
use crate::monitor::{AssetFeatures, SignalFeatures};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, quantity::QuantityKind};
use std::{collections::BTreeSet, path::Path};

const KINDS: [&str; 9] =
    ["flow", "pressure", "bearing_temperature", "vibration", "motor_current", "speed", "valve_position", "motor_temperature", "speed_setpoint"];

fn shipped() -> Rules {
    RuleBook::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/rules")).unwrap()
}

fn healthy(kind: &str) -> SignalFeatures {
    SignalFeatures {
        signal: format!("pump/{kind}").parse().unwrap(),
        kind: kind.parse().unwrap(),
        current: 0.0,
        expected: 0.0,
        drift: Some(0.1),
        noise: Some(1.0),
        slope: Some(0.0),
        stuck: 0.0,
        residual: Some(0.1),
        others: Some(0.2),
        testimony: Some(0.6),
        mismatch: None,
        missing: 0.0,
        good: 60,
        still_s: 0.0,
    }
}

/// A healthy machine with these drifts.
fn drifting(drifts: &[(&str, f64)]) -> AssetFeatures {
    let mut features = AssetFeatures {
        asset: "pump".parse().unwrap(),
        at: Timestamp::from_secs(1_000),
        known_regime: true,
        alarmed: true,
        signals: KINDS.iter().map(|kind| healthy(kind)).collect(),
    };
    for (kind, drift) in drifts {
        change(&mut features, kind, |signal| signal.drift = Some(*drift));
    }
    features
}

fn change(features: &mut AssetFeatures, kind: &str, change: impl Fn(&mut SignalFeatures)) {
    let kind: QuantityKind = kind.parse().unwrap();
    features.signals.iter_mut().filter(|signal| signal.kind == kind).for_each(change);
}

fn causes(found: &[Diagnosis]) -> Vec<&str> {
    found.iter().map(|diagnosis| diagnosis.cause.as_str()).collect()
}

const WEAR: [(&str, f64); 3] = [("vibration", 5.0), ("bearing_temperature", 4.5), ("motor_current", 1.0)];
const CLOG: [(&str, f64); 4] = [("flow", -12.0), ("pressure", 11.0), ("motor_current", 4.0), ("motor_temperature", 3.0)];

#[test]
fn every_shipped_fault_has_its_rule_and_there_are_enough() {
    let rules = shipped();
    let known: BTreeSet<&str> = rules.iter().map(|rule| rule.cause.as_str()).collect();
    for cause in ["bearing_wear", "clogging", "valve_stuck", "sensor_drift", "sensor_stuck", "noise_burst"] {
        assert!(known.contains(cause), "{cause} is missing");
    }
    assert!(known.len() >= 12, "{known:?}");
}

#[test]
fn a_healthy_machine_has_nothing() {
    assert_eq!(causes(&shipped().diagnose(&drifting(&[]))), Vec::<&str>::new());
}

#[test]
fn each_fault_of_the_machine_is_named_from_its_signals() {
    let expected: [(&str, &[(&str, f64)]); 6] = [
        ("bearing_wear", &WEAR),
        ("clogging", &CLOG),
        ("pipe_burst", &[("flow", 8.0), ("pressure", -9.0)]),
        ("impeller_wear", &[("flow", -4.0), ("pressure", -4.0), ("motor_current", -2.0)]),
        ("motor_overload", &[("motor_current", 6.0), ("motor_temperature", 4.0)]),
        ("cooling_failure", &[("motor_temperature", 8.0), ("bearing_temperature", 2.0)]),
    ];
    for (cause, drifts) in expected {
        let found = shipped().root_causes(&drifting(drifts));
        assert_eq!(causes(&found), [cause], "{drifts:?}");
    }
}

#[test]
fn one_sensor_off_while_the_others_agree_is_the_sensors_fault() {
    let found = shipped().diagnose(&drifting(&[("bearing_temperature", -7.0)]));
    assert_eq!(causes(&found), ["sensor_drift"]);
    assert_eq!(found[0].evidence_for[0].signal.as_str(), "pump/bearing_temperature");
    assert!(found[0].explanation.contains("pump/bearing_temperature"));
}

#[test]
fn stuck_noisy_silent_and_disobedient_signals_are_told_apart() {
    type Fault = fn(&mut SignalFeatures);
    let expected: [(&str, &str, Fault); 5] = [
        ("sensor_stuck", "pressure", |signal| signal.stuck = 1.7),
        ("noise_burst", "flow", |signal| signal.noise = Some(5.0)),
        ("communication_fault", "vibration", |signal| signal.missing = 1.0),
        ("valve_stuck", "valve_position", |signal| signal.mismatch = Some(57.0)),
        ("drive_fault", "speed", |signal| signal.mismatch = Some(-20.0)),
    ];
    for (cause, kind, fault) in expected {
        let mut features = drifting(&[]);
        change(&mut features, kind, fault);
        assert_eq!(causes(&shipped().root_causes(&features)), [cause]);
    }
}

#[test]
fn a_second_cause_is_named_only_for_what_the_first_leaves_unexplained() {
    let with_warm_bearing: Vec<_> = CLOG.into_iter().chain([("bearing_temperature", 2.5)]).collect();
    assert_eq!(causes(&shipped().root_causes(&drifting(&with_warm_bearing))), ["clogging"]);
    let with_lying_sensor: Vec<_> = CLOG.into_iter().chain([("bearing_temperature", -9.0)]).collect();
    assert_eq!(causes(&shipped().root_causes(&drifting(&with_lying_sensor))), ["clogging", "sensor_drift"]);
}

#[test]
fn in_an_unknown_regime_only_what_needs_no_baseline_is_judged() {
    let mut features = drifting(&CLOG);
    features.known_regime = false;
    assert_eq!(causes(&shipped().diagnose(&features)), Vec::<&str>::new());
    change(&mut features, "valve_position", |signal| signal.mismatch = Some(30.0));
    assert_eq!(causes(&shipped().diagnose(&features)), ["valve_stuck"]);
}

#[test]
fn what_speaks_against_lowers_the_confidence_and_is_shown() {
    let plain = shipped().diagnose(&drifting(&CLOG));
    let throttled: Vec<_> = CLOG.into_iter().chain([("valve_position", -6.0)]).collect();
    let doubted = shipped().diagnose(&drifting(&throttled));
    assert!(doubted.first().is_none_or(|it| it.confidence < plain[0].confidence), "{doubted:?}");
    let fast: Vec<_> = CLOG.into_iter().chain([("speed", 4.0)]).collect();
    let shown = shipped().diagnose(&drifting(&fast));
    assert_eq!(shown[0].evidence_against[0].kind.as_str(), "speed");
}

/// Feeds the figures every 30 s, `times` over.
fn said(nominations: &mut Nominations, features: &AssetFeatures, from: i64, times: i64) -> Vec<(i64, Naming)> {
    let rules = shipped();
    let mut said = Vec::new();
    for step in 0..times {
        let at = from + 30 * step;
        let now = AssetFeatures { at: Timestamp::from_secs(1_000) + TimeDelta::seconds(at), ..features.clone() };
        said.extend(nominations.consider(&rules, &now).into_iter().map(|naming| (at, naming)));
    }
    said
}

#[test]
fn a_cause_is_named_once_and_again_only_when_surer_or_when_it_asks_for_more() {
    let mut nominations = Nominations::default();
    let early = said(&mut nominations, &drifting(&[("vibration", 2.5), ("bearing_temperature", 2.0)]), 0, 10);
    let clear = said(&mut nominations, &drifting(&WEAR), 300, 10);
    let severe = said(&mut nominations, &drifting(&[("vibration", 40.0), ("bearing_temperature", 30.0)]), 600, 10);
    assert_eq!((early.len(), clear.len(), severe.len()), (1, 1, 1));
    assert!(clear[0].1.diagnosis.confidence > early[0].1.diagnosis.confidence + 0.1);
    assert_eq!(severe[0].1.diagnosis.suggests[0].as_str(), "reduce_motor_speed_to_60pct");
}

#[test]
fn a_sensor_is_blamed_only_when_the_others_have_had_time_to_follow() {
    let said = said(&mut Nominations::default(), &drifting(&[("vibration", 8.0)]), 0, 20);
    assert_eq!(said.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [300]);
}

#[test]
fn a_cause_that_explains_more_takes_the_place_of_the_one_before() {
    let mut nominations = Nominations::default();
    said(&mut nominations, &drifting(&[("vibration", 8.0)]), 0, 12);
    let revised = said(&mut nominations, &drifting(&[("vibration", 9.0), ("bearing_temperature", 5.0)]), 400, 1);
    assert_eq!(revised[0].1.diagnosis.cause.as_str(), "bearing_wear");
    assert_eq!(revised[0].1.instead_of.iter().map(|cause| cause.as_str()).collect::<Vec<_>>(), ["sensor_drift"]);
}
