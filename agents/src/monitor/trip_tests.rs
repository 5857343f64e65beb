//! What is past its trip is told whatever is normal: on another setpoint, while normal is learned, and again when a case was closed over it.

use super::{
    Detector, Finding, Monitor,
    testing::{START, alerts, healthy, noise, plant, scan, settings},
};
use millwright_domain::{
    case::Severity,
    plant::{Plant, Trip},
};

/// Its vibration may not pass 7.1 mm/s.
fn plant_that_trips() -> Plant {
    let mut plant = plant();
    plant.assets[0].signals[2].trip = Some(Trip { low: None, high: Some(7.1) });
    plant
}

#[test]
fn what_is_past_its_trip_is_told_as_critical_in_any_regime_and_again_when_a_case_was_closed_over_it() {
    let mut monitor = Monitor::new(&plant_that_trips(), settings());
    let mut found = Vec::new();
    for second in 0..4_000_u64 {
        let mut values = healthy(second);
        if second >= 1_200 {
            // Run otherwise than it was learned, so nothing is judged by what is normal.
            (values[4], values[5]) = (values[4] * 0.6, values[5] * 0.6);
            values[2] = match second {
                1_800..3_000 => 7.5,
                // Not yet well below.
                3_000..3_400 => 7.0,
                _ => 3.0,
            } + 0.1 * noise(second, 3);
        }
        if second == 2_500 {
            monitor.remind(&"pump".parse().unwrap(), &[Detector::Trip]);
        }
        monitor.observe(&scan(second, values), &mut found);
    }
    let told: Vec<(i64, &str, Severity)> = alerts(&found).iter().map(|(at, raised)| (*at, raised.detector.as_str(), raised.severity)).collect();
    let [first, again] = told[..] else { panic!("{told:?}") };
    assert!((1_800..1_920).contains(&first.0) && (2_500..=2_560).contains(&again.0), "{told:?}");
    assert_eq!((first.1, first.2), ("trip", Severity::Critical));
    let cleared = |finding: &Finding| match finding {
        Finding::Cleared { at, detector: Detector::Trip, .. } => Some(at.since(START).num_seconds()),
        _ => None,
    };
    let over: Vec<i64> = found.iter().filter_map(cleared).collect();
    assert!(over.len() == 1 && over[0] > 3_400, "{over:?}");
}

#[test]
fn what_is_past_its_trip_while_normal_is_learned_is_told_then_and_not_a_second_time_when_it_was_learned() {
    let mut monitor = Monitor::new(&plant_that_trips(), settings());
    let mut found = Vec::new();
    for second in 0..1_500 {
        let mut values = healthy(second);
        values[2] += if second >= 200 { 6.0 } else { 0.0 };
        monitor.observe(&scan(second, values), &mut found);
    }
    let told: Vec<(i64, &str)> = alerts(&found).iter().map(|(at, raised)| (*at, raised.detector.as_str())).collect();
    assert!(matches!(told[..], [(200..330, "trip")]), "{told:?}");
}
