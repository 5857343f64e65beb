//! What happens on the day: which machine fault in which hour, and what is done to the program meanwhile. All of it follows from the seed.

use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};

/// Turns a minute.
const RATED: f64 = 1_480.0;

/// What is done to the program, or to what it leans on. Seconds are of the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Blow {
    Kill,
    Terminate,
    Pause { seconds: f64 },
    CutWire { seconds: f64 },
    BrokerKilled { seconds: f64 },
    PostgresKilled { seconds: f64 },
}

impl Blow {
    pub const fn ends_the_program(self) -> bool {
        matches!(self, Self::Kill | Self::Terminate)
    }
}

/// A stretch of the day with at most one fault of the machine.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub fault: Option<&'static str>,
    /// When, in plant seconds since the stretch or the program began, and what.
    pub blows: Vec<(f64, Blow)>,
    /// Plant seconds for which the script plays through, counted anew when the plant itself was ended.
    pub lasts_s: f64,
    /// When the fault begins, and how long it grows.
    pub fault_at_s: f64,
    pub ramp_s: f64,
}

impl Stretch {
    /// The faults that the shipped scenarios show, as strong as there.
    pub fn scenario(&self) -> Value {
        let (start_s, ramp_s) = (self.fault_at_s, self.ramp_s);
        let fault = self.fault.map(|fault| match fault {
            "bearing_wear" => {
                json!({"fault": fault, "asset": "pump-1", "start_s": start_s, "ramp_s": ramp_s, "severity": 0.9, "shape": "progressive"})
            }
            "clogging" => json!({"fault": fault, "asset": "pump-1", "start_s": start_s, "severity": 0.6, "shape": "step"}),
            "sensor_drift" => json!({"fault": fault, "asset": "pump-1", "signal": "pump-1/bearing_temperature", "start_s": start_s,
                "ramp_s": ramp_s, "severity": 0.8, "direction": "down"}),
            other => panic!("no shipped scenario shows {other}"),
        });
        // Who repaired the machine gives it its speed back.
        let moves = json!([{"at_s": 1.0, "signal": "pump-1/speed_setpoint", "value": RATED}]);
        json!({"name": self.fault.unwrap_or("quiet"), "faults": Vec::from_iter(fault), "moves": moves})
    }
}

/// Twenty minutes with one of each: quiet first, so that the machine is known, then a bearing that wears out faster than any does.
pub fn twenty_minutes() -> Vec<Stretch> {
    let quiet = vec![(40.0, Blow::CutWire { seconds: 0.7 }), (160.0, Blow::Pause { seconds: 1.0 }), (260.0, Blow::Terminate)];
    vec![
        Stretch { fault: None, blows: quiet, lasts_s: 400.0, fault_at_s: 0.0, ramp_s: 0.0 },
        Stretch { fault: Some("bearing_wear"), blows: vec![(40.0, Blow::Kill)], lasts_s: 540.0, fault_at_s: 60.0, ramp_s: 500.0 },
    ]
}

/// Hours with a fault and a blow each. In the second half nothing ends the program, so that what grows in it has time to.
pub fn hours(seed: u64, hours: usize, with_servers: bool) -> Vec<Stretch> {
    let mut chance = StdRng::seed_from_u64(seed);
    let (first, second) = (hours / 2, hours - hours / 2);
    let mut order = blows(&mut chance, first, true, with_servers);
    order.extend(blows(&mut chance, second, false, with_servers));
    let faults = ["bearing_wear", "clogging", "sensor_drift"];
    let stretch = |(number, blow): (usize, Blow)| {
        let latest = if blow.ends_the_program() { 1_500.0 } else { 3_300.0 };
        let at = chance.random_range(60.0..latest);
        let fault = faults[number % faults.len()];
        let ramp_s = if fault == "bearing_wear" { 2_700.0 } else { 600.0 };
        Stretch { fault: Some(fault), blows: vec![(at, blow)], lasts_s: 3_600.0, fault_at_s: 900.0, ramp_s }
    };
    order.into_iter().enumerate().map(stretch).collect()
}

fn blows(chance: &mut StdRng, count: usize, may_end: bool, with_servers: bool) -> Vec<Blow> {
    let seconds = chance.random_range(1.0..5.0);
    let mut kinds = vec![Blow::Pause { seconds }, Blow::CutWire { seconds }];
    if with_servers {
        kinds.extend([Blow::BrokerKilled { seconds }, Blow::PostgresKilled { seconds }]);
    }
    if may_end {
        kinds.extend([Blow::Kill, Blow::Terminate, Blow::Kill]);
    }
    let mut all: Vec<Blow> = kinds.iter().copied().cycle().take(count).collect();
    all.shuffle(chance);
    all
}

#[test]
fn a_day_has_every_blow_and_the_same_seed_gives_the_same_day() {
    let day = hours(7, 24, true);
    assert_eq!(format!("{day:?}"), format!("{:?}", hours(7, 24, true)));
    assert_ne!(format!("{day:?}"), format!("{:?}", hours(8, 24, true)));
    let kinds = |from: usize| {
        day[from..].iter().flat_map(|hour| hour.blows.iter().map(|(_, blow)| std::mem::discriminant(blow))).collect::<std::collections::HashSet<_>>()
    };
    assert_eq!((kinds(0).len(), kinds(12).len()), (6, 4));
    assert!(day[12..].iter().all(|hour| !hour.blows[0].1.ends_the_program()));
}
