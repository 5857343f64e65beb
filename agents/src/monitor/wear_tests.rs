//! A worn machine that is run more gently: quiet at first, and told again when it is worse than it ever was all the same.

use super::{
    Finding,
    testing::{alerts, healthy, run},
};
use millwright_domain::case::Severity;

/// Worn by 0.4 mm/s (4 standard deviations) from 1,200 s on, run at 75 % from 2,400 s on, which halves it, and from 4,000 s on as `later` says.
fn worn_then_slowed(until: u64, later: impl Fn(u64) -> f64) -> Vec<Finding> {
    run(until, 1_200, |second, values| {
        values[2] += 0.4;
        if second >= 2_400 {
            (values[4], values[5]) = (values[4] * 0.75, values[5] * 0.75);
            values[0] *= 0.75;
            values[2] = healthy(second)[2] * 0.75 + if second < 4_000 { 0.2 } else { later(second) };
        }
    })
}

fn told_after(found: &[Finding], second: i64) -> Vec<(&str, Severity)> {
    alerts(found).iter().filter(|(at, _)| *at > second).map(|(_, raised)| (raised.detector.as_str(), raised.severity)).collect()
}

#[test]
fn a_slowed_machine_whose_wear_goes_on_is_told_again_once_as_critical() {
    let found = worn_then_slowed(8_000, |_| 2.0);
    assert_eq!(told_after(&found, 2_400), [("drift", Severity::Critical)]);
}

#[test]
fn a_slowed_machine_that_stays_quieter_is_left_alone_and_so_is_what_only_falls_with_its_speed() {
    assert_eq!(told_after(&worn_then_slowed(8_000, |_| 0.3), 2_400), []);
}

#[test]
fn a_machine_on_which_nothing_was_wrong_is_not_judged_by_its_old_normal_when_it_is_run_harder() {
    let harder = run(8_000, 1_200, |_, values| {
        (values[2], values[4], values[5]) = (values[2] + 3.0, values[4] * 1.2, values[5] * 1.2);
    });
    assert_eq!(told_after(&harder, 1_500), []);
}
