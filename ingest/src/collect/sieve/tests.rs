//! What a sieve lets pass, held against what was measured.

use super::*;
use rand::{Rng, SeedableRng, rngs::StdRng};

const HEARTBEAT_S: i64 = 60;

fn signal() -> SignalId {
    "pump/flow".parse().unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + ms * 1_000)
}

fn sieve(by: Deadband) -> Sieve {
    Sieve::new(&Report { by, heartbeat_s: HEARTBEAT_S as u32 }, Some(Range { low: 0.0, high: 50.0 }))
}

/// What passes of these values, one each second: when it was measured, and when it was handed on.
fn passed(sieve: &mut Sieve, values: impl IntoIterator<Item = f64>) -> Vec<(i64, f64)> {
    let mut kept = Vec::new();
    for (second, value) in values.into_iter().enumerate() {
        let now = at(second as i64 * 1_000);
        let mut out = Vec::new();
        sieve.pass(now, Reading::measured(signal(), value), &mut out);
        kept.extend(out.iter().map(|reading| (reading.source_time.unwrap_or(now).since(at(0)).num_seconds(), reading.value().unwrap())));
    }
    kept
}

#[test]
fn a_value_passes_that_is_further_from_the_last_one_than_the_deadband() {
    let kept = passed(&mut sieve(Deadband::Absolute(0.5)), [10.0, 10.5, 9.5, 10.51, 10.1, 10.0, 12.0]);
    assert_eq!(kept, [(0, 10.0), (3, 10.51), (5, 10.0), (6, 12.0)]);
    // Two percent of 0 to 50 is one.
    assert_eq!(passed(&mut sieve(Deadband::Percent(2.0)), [10.0, 11.0, 11.1]), [(0, 10.0), (2, 11.1)]);
}

#[test]
fn a_ramp_and_a_step_are_kept_by_their_corners() {
    let ramp = (0..=20).map(f64::from).chain([20.0; 10]).chain([5.0; 10]);
    let kept = passed(&mut sieve(Deadband::SwingingDoor(0.2)), ramp);
    assert_eq!(kept, [(0, 0.0), (20, 20.0), (30, 20.0), (31, 5.0)], "each at its own time");
}

#[test]
fn a_still_value_is_told_at_each_heartbeat() {
    for by in [Deadband::Absolute(1.0), Deadband::SwingingDoor(1.0)] {
        let kept = passed(&mut sieve(by), [7.0; 200]);
        assert_eq!(kept.iter().map(|(second, _)| *second).collect::<Vec<_>>(), [0, 60, 120, 180], "{by:?}");
    }
}

#[test]
fn quality_and_missing_values_pass_at_once_and_then_now_and_then() {
    let mut sieve = sieve(Deadband::SwingingDoor(1.0));
    let mut pass = |second: i64, reading: Reading| {
        let mut out = Vec::new();
        sieve.pass(at(second * 1_000), reading, &mut out);
        out.into_iter().map(|reading| (reading.value(), reading.quality(), reading.source_time)).collect::<Vec<_>>()
    };
    let (good, bad) = (|value| Reading::measured(signal(), value), || Reading::missing(signal(), Quality::BadNoCommunication));
    assert_eq!(pass(0, good(1.0)).len(), 1);
    assert_eq!(pass(1, good(1.1)), []);
    // The line ends where it was seen last, then there is nothing.
    assert_eq!(pass(2, bad()), [(Some(1.1), Quality::Good, Some(at(1_000))), (None, Quality::BadNoCommunication, None)]);
    assert_eq!((3..12).map(|second| pass(second, bad()).len()).sum::<usize>(), 0);
    assert_eq!(pass(12, bad()).len(), 1);
    assert_eq!(pass(13, Reading::missing(signal(), Quality::BadDeviceFault)), [(None, Quality::BadDeviceFault, None)]);
    assert_eq!(pass(14, good(1.1)), [(Some(1.1), Quality::Good, None)]);
    assert_eq!(pass(15, Reading::with_quality(signal(), 1.1, Quality::UncertainStale)), [(Some(1.1), Quality::UncertainStale, None)]);
}

#[test]
fn a_source_whose_time_stands_or_goes_back_is_told_as_it_is() {
    let mut sieve = sieve(Deadband::SwingingDoor(1.0));
    let mut out = Vec::new();
    for (second, source) in [(0, 5), (1, 6), (2, 6), (3, 2)] {
        let mut reading = Reading::measured(signal(), 1.0);
        reading.source_time = Some(at(source * 1_000));
        sieve.pass(at(second * 1_000), reading, &mut out);
    }
    let times: Vec<i64> = out.iter().map(|reading| reading.source_time.unwrap().since(at(0)).num_seconds()).collect();
    assert_eq!(times, [5, 6, 6, 2]);
}

#[test]
fn what_is_held_back_is_told_by_the_heartbeat_and_at_the_end_even_if_nothing_new_comes() {
    let mut sieve = sieve(Deadband::Absolute(1.0));
    let mut out = Vec::new();
    sieve.pass(at(0), Reading::measured(signal(), 1.0), &mut out);
    sieve.pass(at(5_000), Reading::measured(signal(), 1.4), &mut out);
    sieve.overdue(at(59_999), &mut out);
    assert_eq!(out.len(), 1);
    sieve.overdue(at(60_000), &mut out);
    sieve.overdue(at(200_000), &mut out);
    assert_eq!((out.len(), out[1].value(), out[1].source_time), (2, Some(1.4), Some(at(5_000))));
    sieve.pass(at(201_000), Reading::measured(signal(), 1.5), &mut out);
    sieve.pass(at(202_000), Reading::measured(signal(), 1.6), &mut out);
    sieve.release(at(203_000), &mut out);
    assert_eq!(out.last().unwrap().value(), Some(1.6));
}

/// Walks with noise, ramps, steps, stillness, and scans of uneven distance.
fn course(luck: &mut StdRng) -> Vec<(Timestamp, f64)> {
    let (mut time, mut value, mut slope) = (0, luck.random_range(-10.0..10.0), 0.0);
    (0..2_000)
        .map(|_| {
            match luck.random_range(0..40) {
                0 => value += luck.random_range(-20.0..20.0),
                1 => slope = luck.random_range(-1.0..1.0),
                2 => slope = 0.0,
                _ => {}
            }
            time += luck.random_range(1..3_000);
            value += slope;
            (at(time), value + luck.random_range(-0.4..0.4))
        })
        .collect()
}

#[test]
fn from_what_passed_every_value_is_known_to_within_the_deadband_and_nothing_is_withheld_for_longer_than_the_heartbeat() {
    let mut luck = StdRng::seed_from_u64(11);
    for round in 0..120 {
        let size = luck.random_range(0.1..3.0);
        let by = [Deadband::Absolute(size), Deadband::Percent(size * 2.0), Deadband::SwingingDoor(size)][round % 3];
        let measured = course(&mut luck);
        let (mut sieve, mut kept, mut told) = (sieve(by), Vec::new(), Vec::new());
        for (now, value) in &measured {
            let mut out = Vec::new();
            sieve.pass(*now, Reading::measured(signal(), *value), &mut out);
            told.extend((!out.is_empty()).then_some(*now));
            kept.extend(out.iter().map(|reading| (reading.source_time.unwrap_or(*now), reading.value().unwrap())));
        }
        let mut rest = Vec::new();
        sieve.release(measured.last().unwrap().0, &mut rest);
        kept.extend(rest.iter().map(|reading| (reading.source_time.unwrap(), reading.value().unwrap())));
        assert!(kept.is_sorted_by(|one, next| one.0 < next.0), "{by:?}");
        assert!(kept.iter().all(|point| measured.contains(point)), "only what was measured");
        assert_eq!(sieve.take_left_out() as usize + kept.len(), measured.len());
        let error = |(time, value): &(Timestamp, f64)| (value - known(&kept, *time, matches!(by, Deadband::SwingingDoor(_)))).abs();
        let worst = measured.iter().map(error).fold(0.0, f64::max);
        assert!(worst <= size * (1.0 + 1e-9), "{by:?}: {worst}");
        // One more scan may pass until the heartbeat is noticed.
        let longest = TimeDelta::seconds(HEARTBEAT_S) + TimeDelta::seconds(3);
        assert!(told.windows(2).all(|pair| pair[1].since(pair[0]) <= longest), "{by:?}");
    }
}

/// By the line between the values around it, or by the last one before it.
fn known(kept: &[(Timestamp, f64)], time: Timestamp, by_line: bool) -> f64 {
    let next = kept.partition_point(|(at, _)| *at <= time);
    let before = kept[next - 1];
    match kept.get(next).filter(|_| by_line) {
        Some(after) => before.1 + (after.1 - before.1) * time.since(before.0).as_seconds_f64() / after.0.since(before.0).as_seconds_f64(),
        None => before.1,
    }
}

#[test]
fn noise_within_half_the_deadband_costs_the_door_nothing_but_heartbeats() {
    let mut luck = StdRng::seed_from_u64(3);
    let kept = passed(&mut sieve(Deadband::SwingingDoor(1.0)), (0..3_600).map(|_| luck.random_range(-0.2..0.2)));
    assert!(kept.len() <= 3_600 / 60 + 5, "{}", kept.len());
}
