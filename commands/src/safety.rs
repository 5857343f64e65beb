//! The hard limits of acting on a machine. Pure, and judged twice: when an action is proposed and right before it begins.

use crate::decision::Refusal;
use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    action::{Observed, WriteOrder},
    case::Rule,
    ids::{ActionName, ActorId, AssetId, DeviceId, SignalId},
    plant::{Asset, Writable},
    policy::{Condition, WriteSpec},
    site::Site,
};
use thiserror::Error;

/// The one refusal that time alone may lift: the next scan.
pub const NO_FRESH_READING: &str = "no_fresh_reading";

#[derive(Debug, Clone, PartialEq, Error)]
pub enum SafetyRefused {
    #[error("this site is imported or replayed; nothing acts on it")]
    NotLive,
    #[error("the kill switch of this site was engaged by {0}; release it first")]
    KillSwitch(ActorId),
    #[error("asset {asset} was locked out by {by}; return it to service first")]
    LockedOut { asset: AssetId, by: ActorId },
    #[error("signal {0} is not on the allow-list; make it `writable` in the plant description if it should be")]
    NotAllowed(SignalId),
    #[error("{signal} may not be written by {action}; add it to `writable.actions` in the plant description if it should be")]
    NotForThisAction { signal: SignalId, action: ActionName },
    #[error("{value} is outside the hard limits {low} to {high} of {signal}")]
    OutsideLimits { signal: SignalId, value: f64, low: f64, high: f64 },
    #[error("{signal} would change by {step}, more than the {max} that one write may; do it in smaller steps")]
    StepTooLarge { signal: SignalId, step: f64, max: f64 },
    #[error("{signal} was written {ago_s} s ago; it may be written every {min_s} s")]
    TooSoon { signal: SignalId, ago_s: i64, min_s: u32 },
    #[error("there is no fresh Good reading of {0}; check its device")]
    NoFreshReading(String),
    #[error("no collector holds device {0}; nothing can be written to it until one does")]
    NobodyCollects(DeviceId),
    #[error("the interlock `{condition}` does not hold: {signal} is {value}")]
    Interlock { condition: Condition, signal: SignalId, value: f64 },
}

impl Refusal for SafetyRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotLive => "not_live",
            Self::KillSwitch(_) => "kill_switch",
            Self::LockedOut { .. } => "locked_out",
            Self::NotAllowed(_) => "not_allowed",
            Self::NotForThisAction { .. } => "not_for_this_action",
            Self::OutsideLimits { .. } => "outside_limits",
            Self::StepTooLarge { .. } => "step_too_large",
            Self::TooSoon { .. } => "too_soon",
            Self::NoFreshReading(_) => NO_FRESH_READING,
            Self::NobodyCollects(_) => "nobody_collects",
            Self::Interlock { .. } => "interlock",
        }
    }
    fn rule(&self) -> Option<Rule> {
        Some(Rule::Safety)
    }
}

/// Whether anything may be done to this asset at all.
pub fn may_act_on(site: &Site, asset: &AssetId) -> Result<(), SafetyRefused> {
    if !site.is_live() {
        return Err(SafetyRefused::NotLive);
    }
    if let Some(engaged) = &site.kill_switch {
        return Err(SafetyRefused::KillSwitch(engaged.by.clone()));
    }
    match site.locked_out.get(asset) {
        Some(lock) => Err(SafetyRefused::LockedOut { asset: asset.clone(), by: lock.by.clone() }),
        None => Ok(()),
    }
}

/// Whether the value lies within the signal's hard limits. NaN lies within nothing.
pub fn within_limits(signal: &SignalId, value: f64, writable: &Writable) -> Result<(), SafetyRefused> {
    if writable.limits.holds(value) {
        return Ok(());
    }
    Err(SafetyRefused::OutsideLimits { signal: signal.clone(), value, low: writable.limits.low, high: writable.limits.high })
}

/// A write, the action that it is, and what policy says of that action.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    pub action: &'a ActionName,
    pub order: &'a WriteOrder,
    pub spec: &'a WriteSpec,
}

/// Whether this write may begin now.
pub fn may_write(site: &Site, asset: &Asset, write: Write<'_>, observed: &[Observed], now: Now) -> Result<(), SafetyRefused> {
    let Write { action, order, spec } = write;
    may_act_on(site, &asset.id)?;
    let allowed = asset.signals.iter().find(|signal| signal.id == order.signal && signal.device == order.device);
    let Some(writable) = allowed.and_then(|signal| signal.writable.as_ref()) else {
        return Err(SafetyRefused::NotAllowed(order.signal.clone()));
    };
    if !writable.allows(action) {
        return Err(SafetyRefused::NotForThisAction { signal: order.signal.clone(), action: action.clone() });
    }
    within_limits(&order.signal, order.value, writable)?;
    let fresh_for = TimeDelta::seconds(site.policy.readings_fresh_for_s.into());
    let fresh: Vec<&Observed> = observed.iter().filter(|reading| is_fresh(reading.at, now, fresh_for)).collect();
    rate_of_change(order, writable, &fresh)?;
    frequency(site, order, writable, now)?;
    spec.interlock.iter().try_for_each(|condition| interlock(asset, condition, &fresh))
}

fn rate_of_change(order: &WriteOrder, writable: &Writable, fresh: &[&Observed]) -> Result<(), SafetyRefused> {
    let present = reading_of(&order.signal, fresh).ok_or_else(|| SafetyRefused::NoFreshReading(order.signal.to_string()))?;
    let step = (order.value - present.value).abs();
    if step <= writable.max_step {
        return Ok(());
    }
    Err(SafetyRefused::StepTooLarge { signal: order.signal.clone(), step, max: writable.max_step })
}

fn frequency(site: &Site, order: &WriteOrder, writable: &Writable, now: Now) -> Result<(), SafetyRefused> {
    let Some(last) = site.last_write.get(&order.signal) else { return Ok(()) };
    let ago = now.plant.since(*last);
    if ago >= TimeDelta::seconds(writable.min_interval_s.into()) {
        return Ok(());
    }
    Err(SafetyRefused::TooSoon { signal: order.signal.clone(), ago_s: ago.num_seconds(), min_s: writable.min_interval_s })
}

/// Every signal of the kind must satisfy the condition, and there must be one.
fn interlock(asset: &Asset, condition: &Condition, fresh: &[&Observed]) -> Result<(), SafetyRefused> {
    let mut judged = 0;
    for signal in asset.signals.iter().filter(|signal| signal.kind == condition.kind) {
        let Some(reading) = reading_of(&signal.id, fresh) else {
            return Err(SafetyRefused::NoFreshReading(signal.id.to_string()));
        };
        if !condition.holds(reading.value) {
            return Err(SafetyRefused::Interlock { condition: *condition, signal: signal.id.clone(), value: reading.value });
        }
        judged += 1;
    }
    if judged == 0 { Err(SafetyRefused::NoFreshReading(format!("any {} signal", condition.kind))) } else { Ok(()) }
}

fn reading_of<'a>(signal: &SignalId, fresh: &[&'a Observed]) -> Option<&'a Observed> {
    fresh.iter().find(|reading| reading.signal == *signal).copied()
}

/// A reading from the future is as little worth as an old one: some clock is wrong.
fn is_fresh(at: Timestamp, now: Now, fresh_for: TimeDelta) -> bool {
    let age = now.plant.since(at);
    -fresh_for <= age && age <= fresh_for
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plant;
    use proptest::prelude::*;

    fn verdict(value: f64, present: f64, age_s: i64) -> Result<(), SafetyRefused> {
        let site = plant::site();
        let described = site.plant.clone().unwrap();
        let asset = described.asset(&plant::asset()).unwrap();
        let now = plant::now();
        let observed = plant::observed(present, 4.0, now.plant - TimeDelta::seconds(age_s));
        may_write(&site, asset, plant::write(&plant::write_order(value), &plant::write_spec()), &observed, now)
    }

    proptest! {
        #[test]
        fn no_write_ever_leaves_the_hard_limits_or_changes_too_much(value in -5_000.0..5_000.0f64, present in 0.0..3_000.0f64) {
            let allowed = verdict(value, present, 0).is_ok();
            prop_assert_eq!(allowed, (600.0..=1_500.0).contains(&value) && (value - present).abs() <= 800.0);
        }

        #[test]
        fn old_and_future_readings_decide_nothing(age_s in -100_000..100_000i64) {
            prop_assert_eq!(verdict(1_000.0, 1_200.0, age_s).is_ok(), age_s.abs() <= 10);
        }
    }

    #[test]
    fn a_value_that_is_no_number_is_never_written() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(verdict(value, 1_200.0, 0), Err(SafetyRefused::OutsideLimits { .. })));
        }
    }

    #[test]
    fn an_interlock_without_a_reading_holds_the_machine() {
        let site = plant::site();
        let described = site.plant.clone().unwrap();
        let asset = described.asset(&plant::asset()).unwrap();
        let now = plant::now();
        let only_speed = &plant::observed(1_200.0, 4.0, now.plant)[..1];
        let refused = may_write(&site, asset, plant::write(&plant::write_order(1_000.0), &plant::write_spec()), only_speed, now);
        assert_eq!(refused, Err(SafetyRefused::NoFreshReading("pump-1/pressure".into())));
    }
}
