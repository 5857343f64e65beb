//! What the monitor promises, told on a small pump.

use super::{
    Detector, Finding, Monitor, MonitorSettings,
    testing::{START, alerts, healthy, plant, run, scan, settings, without},
};
use chrono::TimeDelta;
use millwright_domain::case::Severity;
use proptest::prelude::*;

fn detectors(found: &[Finding]) -> Vec<&str> {
    alerts(found).iter().map(|(_, alert)| alert.detector.as_str()).collect()
}

#[test]
fn every_signals_baseline_is_learned_once_after_the_learning_period() {
    let found = run(900, u64::MAX, |_, _| {});
    let learned: Vec<_> =
        found.iter().filter_map(|finding| if let Finding::BaselineLearned { fact, .. } = finding { Some(fact) } else { None }).collect();
    assert_eq!(learned.len(), 6);
    assert_eq!((learned[0].count, learned[0].learned_to), (600, START + TimeDelta::seconds(600)));
    assert!((learned[0].mean - 100.0).abs() < 0.2 && learned[0].p95 > learned[0].mean, "{:?}", learned[0]);
}

#[test]
fn two_healthy_hours_raise_nothing() {
    assert_eq!(alerts(&run(7_200, u64::MAX, |_, _| {})), []);
}

#[test]
fn drift_is_told_within_a_minute_of_passing_two_with_its_signal_first() {
    // A step of 2.5 deviations of flow: the five-minute mean passes 2 after 240 s.
    let found = run(2_000, 1_200, |_, values| values[0] += 2.5 * 1.12);
    let (at, alert) = alerts(&found).into_iter().find(|(_, alert)| alert.detector == "drift").unwrap();
    assert!((1_200 + 240..=1_200 + 320).contains(&at), "{at}");
    assert_eq!(alert.evidence[0].signal.as_str(), "pump/flow");
    assert!(alert.evidence[0].magnitude > 2.0 && alert.evidence[0].window_s == 300);
}

#[test]
fn a_falling_signal_is_told_with_its_sign() {
    let found = run(2_000, 1_000, |_, values| values[3] -= 2.0);
    let (_, alert) = alerts(&found).into_iter().find(|(_, alert)| alert.detector == "drift").unwrap();
    assert!(alert.evidence[0].magnitude < -2.0);
}

#[test]
fn a_signal_that_stays_a_little_too_high_is_told_again_when_it_falls() {
    // Up past the limit, back to where the alarm neither stays raised nor clears, then far down.
    let found = run(6_000, 1_000, |second, values| {
        values[0] += match second {
            ..2_000 => 2.5 * 1.12,
            2_000..4_000 => 1.5 * 1.12,
            _ => -6.0 * 1.12,
        }
    });
    let drifts: Vec<f64> =
        alerts(&found).iter().filter(|(_, alert)| alert.detector == "drift").map(|(_, alert)| alert.evidence[0].magnitude).collect();
    assert!(drifts.len() == 2 && drifts[0] > 2.0 && drifts[1] < -2.0, "{drifts:?}");
}

#[test]
fn an_episode_is_one_alert_a_detector_however_long_it_lasts() {
    let found = run(6_000, 1_200, |_, values| values[2] += 0.7);
    let mut told = detectors(&found);
    told.sort_unstable();
    assert_eq!(told, ["drift", "mewma"]);
}

#[test]
fn an_alarm_that_has_become_critical_is_told_once_more() {
    let found = run(9_000, 1_200, |second, values| values[2] += (second - 1_200) as f64 * 0.000_5);
    let told: Vec<Severity> = alerts(&found).iter().filter(|(_, alert)| alert.detector == "drift").map(|(_, alert)| alert.severity).collect();
    assert_eq!(told, [Severity::Low, Severity::Critical]);
}

#[test]
fn a_signal_that_joins_makes_an_alarm_no_less_bad() {
    let found = run(6_000, 1_200, |second, values| {
        values[2] += (second - 1_200) as f64 * 0.001;
        values[3] += if second >= 4_000 { 0.8 } else { 0.0 };
    });
    let told: Vec<Severity> = alerts(&found).iter().filter(|(_, alert)| alert.detector == "drift").map(|(_, alert)| alert.severity).collect();
    assert_eq!(told, [Severity::Low, Severity::Critical, Severity::Critical]);
}

#[test]
fn after_it_was_over_the_same_fault_is_told_anew() {
    let found = run(6_000, 1_200, |second, values| values[2] += if (2_400..4_200).contains(&second) { 0.0 } else { 0.7 });
    assert_eq!(detectors(&found).iter().filter(|detector| **detector == "drift").count(), 2);
    let cleared = found.iter().filter(|finding| matches!(finding, Finding::Cleared { detector: Detector::Drift, .. })).count();
    assert_eq!(cleared, 1);
}

#[test]
fn a_noise_burst_a_stuck_value_and_a_silent_one_are_each_told_by_their_detector() {
    let burst = run(1_400, 1_200, |second, values| values[1] += if second.is_multiple_of(2) { 0.5 } else { -0.5 });
    assert!(detectors(&burst).contains(&"noise"), "{:?}", detectors(&burst));
    let stuck = run(1_500, 1_200, |_, values| values[3] = 55.1);
    assert!(detectors(&stuck).contains(&"stuck"), "{:?}", detectors(&stuck));

    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..1_400 {
        let scan = scan(second, healthy(second));
        monitor.observe(&if second < 1_200 { scan } else { without(scan, 1) }, &mut found);
    }
    assert_eq!(detectors(&found), ["silence"]);
}

#[test]
fn a_healthy_machine_that_is_read_seldom_or_haltingly_is_not_called_noisy() {
    let reads: [fn(u64) -> bool; 3] = [
        |second| second.is_multiple_of(20),
        |second| second.is_multiple_of(45),
        |second| second / 7 * 2_654_435_761 % 10 == 0 && second.is_multiple_of(7),
    ];
    for is_read in reads {
        let mut monitor = Monitor::new(&plant(), settings());
        let mut found = Vec::new();
        for second in (0..200_000).filter(|second| *second < 1_200 || is_read(*second)) {
            monitor.observe(&scan(second, healthy(second)), &mut found);
        }
        assert_eq!(detectors(&found), Vec::<&str>::new());
    }
}

#[test]
fn a_machine_that_is_told_to_run_otherwise_is_not_blamed_for_it() {
    let slowed = |_: u64, values: &mut [f64; 6]| {
        let share = 0.6;
        *values = [values[0] * share, values[1] * share * share, values[2] * share, values[3] - 5.0, values[4] * share, values[5] * share];
    };
    assert_eq!(detectors(&run(3_000, 1_200, slowed)), Vec::<&str>::new());
}

#[test]
fn a_machine_that_is_run_otherwise_for_good_asks_once_to_be_learned_anew_and_is_watched_again_when_it_was() {
    let mut monitor = Monitor::new(&plant(), settings());
    let (mut found, mut asked) = (Vec::new(), Vec::new());
    for second in 0..6_000 {
        let mut values = healthy(second);
        if second >= 1_200 {
            values = [values[0] * 0.6, values[1] * 0.36, values[2] * 0.6, values[3] - 5.0, values[4] * 0.6, values[5] * 0.6];
            values[2] += if second >= 5_000 { 1.0 } else { 0.0 };
        }
        monitor.observe(&scan(second, values), &mut found);
        let due = found.iter().filter(|finding| matches!(finding, Finding::RelearningDue { .. })).count();
        if due > asked.len() {
            asked.push(second);
        }
        // A person takes his time.
        if second == 3_000 {
            assert_eq!(asked.len(), 1);
            monitor.relearn(&"pump".parse().unwrap(), START, &mut found);
        }
    }
    let learned = found.iter().filter(|finding| matches!(finding, Finding::BaselineLearned { fact, .. } if fact.version == 2)).count();
    assert_eq!((learned, asked), (6, vec![1_800]));
    assert!(alerts(&found).iter().all(|(at, _)| *at >= 5_000) && detectors(&found).contains(&"drift"), "{:?}", detectors(&found));
}

#[test]
fn a_relearning_that_is_taken_back_judges_by_what_was_normal_before() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..4_000 {
        let mut values = healthy(second);
        values[2] += if second >= 1_000 { 1.0 } else { 0.0 };
        match second {
            1_000 => monitor.relearn(&"pump".parse().unwrap(), START, &mut found),
            3_000 => monitor.restore_baseline(&"pump".parse().unwrap(), START, &mut found),
            _ => {}
        }
        monitor.observe(&scan(second, values), &mut found);
    }
    assert!(!alerts(&found).is_empty() && alerts(&found).iter().all(|(at, _)| *at >= 3_000), "{:?}", alerts(&found));
}

#[test]
fn an_alarm_that_stands_is_told_again_after_its_time_and_when_somebody_begins_to_listen() {
    let settings = MonitorSettings { realarm_after_s: 1_200, ..settings() };
    let mut monitor = Monitor::new(&plant(), settings);
    let mut found = Vec::new();
    for second in 0..5_000 {
        let mut values = healthy(second);
        values[2] += if second >= 1_000 { 0.7 } else { 0.0 };
        if second == 4_500 {
            monitor.remind(&"pump".parse().unwrap(), &[Detector::Drift]);
        }
        monitor.observe(&scan(second, values), &mut found);
    }
    let drift: Vec<i64> = alerts(&found).iter().filter(|(_, raised)| raised.detector == "drift").map(|(at, _)| *at).collect();
    let gaps: Vec<i64> = drift.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(drift.len(), 4, "{drift:?}");
    assert!(gaps[..2].iter().all(|gap| *gap == 1_200) && drift[3] - 4_500 <= 60, "{drift:?}");
}

#[test]
fn a_signal_that_is_tolerated_more_is_told_of_later() {
    let first_alert = |factor: f64| {
        let mut monitor = Monitor::new(&plant(), settings());
        monitor.tolerate(&"pump/bearing_temp".parse().unwrap(), factor);
        let mut found = Vec::new();
        for second in 0..6_000_u64 {
            let mut values = healthy(second);
            values[3] += second.saturating_sub(1_200) as f64 * 0.000_3;
            monitor.observe(&scan(second, values), &mut found);
        }
        alerts(&found).first().map(|(at, _)| *at)
    };
    let (usual, tolerated) = (first_alert(1.0).unwrap(), first_alert(1.5).unwrap());
    assert!(tolerated > usual + 300, "{usual} {tolerated}");
    assert!(first_alert(3.0).is_none_or(|at| at > tolerated + 600), "{tolerated} {:?}", first_alert(3.0));
}

#[test]
fn nothing_is_learned_from_a_machine_that_was_slowed_because_of_a_fault() {
    let worn_then_slowed = |second: u64, values: &mut [f64; 6]| {
        values[2] += 1.0;
        if second >= 1_800 {
            values[4] *= 0.6;
            values[5] *= 0.6;
        }
    };
    let found = run(5_000, 1_200, worn_then_slowed);
    assert!(!found.iter().any(|finding| matches!(finding, Finding::BaselineLearned { fact, .. } if fact.version == 2)));
}

#[test]
fn a_drive_on_its_way_to_a_new_setpoint_is_not_blamed_for_where_it_is() {
    let ramp = |second: u64, values: &mut [f64; 6]| {
        values[5] = 870.0;
        values[4] = (values[4] - (second - 1_200) as f64 * 5.0).max(870.0 + 2.0 * (values[4] - 1_450.0));
    };
    assert_eq!(detectors(&run(2_400, 1_200, ramp)), Vec::<&str>::new());
}

#[test]
fn a_drive_that_does_not_follow_its_setpoint_is_told_in_any_regime() {
    let ignored = run(1_500, 1_200, |_, values| values[5] = 900.0);
    assert_eq!(detectors(&ignored), ["mismatch"]);
}

#[test]
fn repeats_and_zombies_change_nothing() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..1_500 {
        monitor.observe(&scan(second, healthy(second)), &mut found);
        monitor.observe(&scan(second, [1e6; 6]), &mut found);
        let mut zombie = scan(second + 7, [1e6; 6]);
        zombie.epoch = 0;
        monitor.observe(&zombie, &mut found);
    }
    assert_eq!(alerts(&found), []);
    assert_eq!(monitor.counts().repeated, 3_000);
}

#[test]
fn values_that_are_no_numbers_never_reach_a_figure() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..1_500 {
        let mut values = healthy(second);
        values[2] = if second.is_multiple_of(5) { f64::NAN } else { values[2] };
        values[0] = if second.is_multiple_of(7) { f64::INFINITY } else { values[0] };
        monitor.observe(&scan(second, values), &mut found);
    }
    assert_eq!(alerts(&found), []);
    let finite =
        |fact: &millwright_domain::baseline::BaselineLearned| [fact.mean, fact.std, fact.p95, fact.p99].iter().all(|figure| figure.is_finite());
    assert!(found.iter().all(|finding| if let Finding::BaselineLearned { fact, .. } = finding { finite(fact) } else { true }));
}

#[test]
fn an_alert_from_late_readings_says_so() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..2_000 {
        let mut values = healthy(second);
        values[2] += if second >= 1_200 { 1.0 } else { 0.0 };
        let mut scan = scan(second, values);
        scan.received_at = scan.scanned_at + TimeDelta::seconds(if second >= 1_200 { 90 } else { 0 });
        monitor.observe(&scan, &mut found);
    }
    assert!(!alerts(&found).is_empty() && alerts(&found).iter().all(|(_, alert)| alert.late));
    assert_eq!(monitor.counts().late, 800);
}

#[test]
fn a_clock_that_runs_ahead_or_is_set_back_does_not_blind_it() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..4_000_u64 {
        let mut values = healthy(second);
        values[2] += if second >= 3_000 { 1.0 } else { 0.0 };
        let mut scan = scan(second, values);
        if second == 1_000 {
            scan.scanned_at = scan.scanned_at + TimeDelta::days(3_650);
        }
        if second >= 2_000 {
            scan.scanned_at = scan.scanned_at - TimeDelta::hours(1);
            scan.received_at = scan.scanned_at;
        }
        monitor.observe(&scan, &mut found);
    }
    let told = alerts(&found);
    assert!(told.iter().all(|(at, _)| *at >= 3_000 - 3_600) && told.iter().any(|(_, alert)| alert.detector == "drift"), "{told:?}");
}

#[test]
fn nothing_is_judged_while_somebody_works_on_the_machine() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..2_400 {
        let mut values = healthy(second);
        values[2] += if second >= 1_200 { 1.0 } else { 0.0 };
        monitor.suspend(&"pump".parse().unwrap(), (1_200..2_000).contains(&second));
        monitor.observe(&scan(second, values), &mut found);
    }
    assert!(alerts(&found).iter().all(|(at, _)| *at >= 2_000) && !alerts(&found).is_empty());
}

#[test]
fn relearning_takes_the_new_normal_and_counts_its_version() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    for second in 0..4_000 {
        let mut values = healthy(second);
        values[2] += if second >= 1_000 { 1.0 } else { 0.0 };
        if second == 1_000 {
            monitor.relearn(&"pump".parse().unwrap(), START, &mut found);
        }
        monitor.observe(&scan(second, values), &mut found);
    }
    assert_eq!(alerts(&found), []);
    let versions: Vec<u32> =
        found.iter().filter_map(|finding| if let Finding::BaselineLearned { fact, .. } = finding { Some(fact.version) } else { None }).collect();
    assert_eq!((versions.len(), versions[0], versions[11]), (12, 1, 2));
}

#[test]
fn a_machine_described_anew_learns_anew_and_the_others_go_on() {
    let mut monitor = Monitor::new(&plant(), settings());
    let mut found = Vec::new();
    (0..700).for_each(|second| monitor.observe(&scan(second, healthy(second)), &mut found));
    monitor.adopt(&plant());
    assert!(!monitor.asset(&"pump".parse().unwrap()).unwrap().is_learning());
    let mut other = plant();
    other.assets[0].signals.pop();
    monitor.adopt(&other);
    assert!(monitor.asset(&"pump".parse().unwrap()).unwrap().is_learning());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn restored_at_any_point_it_finds_exactly_what_it_would_have(cut in 1..2_200_u64, onset in 700..1_800_u64, channel in 0..5_usize) {
        let values = |second: u64| {
            let mut values = healthy(second);
            values[channel] *= if second >= onset { 1.3 } else { 1.0 };
            if second.is_multiple_of(11) { values[(channel + 1) % 5] = f64::NAN; }
            values
        };
        let mut unbroken = Monitor::new(&plant(), settings());
        let mut expected = Vec::new();
        (0..2_200).for_each(|second| unbroken.observe(&scan(second, values(second)), &mut expected));

        let mut broken = Monitor::new(&plant(), settings());
        let mut found = Vec::new();
        (0..cut).for_each(|second| broken.observe(&scan(second, values(second)), &mut found));
        let mut broken = Monitor::restore(&broken.snapshot()).unwrap();
        (cut..2_200).for_each(|second| broken.observe(&scan(second, values(second)), &mut found));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(broken.snapshot(), unbroken.snapshot());
    }
}
