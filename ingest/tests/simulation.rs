//! What the simulated plant shows: the same for the same seed, quiet when all is well, and each fault by its own signs.
#![allow(clippy::unwrap_used)]

use millwright_ingest::simulator::{
    demo::shipped_scenarios,
    record::{Truth, simulate, simulate_pumps},
    scenario::Scenario,
};
use serde_json::json;
use std::collections::HashMap;

struct Run {
    columns: HashMap<String, Vec<f64>>,
    bytes: Vec<u8>,
    truths: Vec<Truth>,
}

fn run(seed: u64, ticks: u64, scenario: Scenario) -> Run {
    let mut bytes = Vec::new();
    let truths = simulate(seed, ticks, scenario, &mut bytes).unwrap();
    columned(bytes, truths)
}

/// The same of five pumps.
fn run_all(seed: u64, ticks: u64, scenario: Scenario) -> Run {
    let mut bytes = Vec::new();
    let truths = simulate_pumps(5, seed, ticks, scenario, &mut bytes).unwrap();
    columned(bytes, truths)
}

/// Signals of the first pump without its name.
fn columned(bytes: Vec<u8>, truths: Vec<Truth>) -> Run {
    let text = String::from_utf8(bytes.clone()).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: HashMap<String, Vec<f64>> = HashMap::new();
    for line in lines {
        for (name, field) in names.iter().zip(line.split(',')) {
            columns.entry(name.trim_start_matches("pump-1/").into()).or_default().push(field.parse().unwrap());
        }
    }
    Run { columns, bytes, truths }
}

fn shipped(name: &str) -> Scenario {
    shipped_scenarios().into_iter().find(|scenario| scenario.name == name).unwrap()
}
fn scenario(json: serde_json::Value) -> Scenario {
    Scenario::from_value(json).unwrap()
}
fn one_fault(mut fault: serde_json::Value) -> Scenario {
    fault["asset"] = json!("pump-1");
    scenario(json!({ "name": "test", "faults": [fault] }))
}

const MEASURED: [&str; 8] = ["flow", "pressure", "bearing_temperature", "vibration", "motor_current", "speed", "valve_position", "motor_temperature"];

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Run {
    /// (mean of the five minutes before `second`, minus the baseline's mean) by the baseline's deviation; baseline: the first ten minutes.
    fn drift(&self, signal: &str, second: usize) -> f64 {
        let values = &self.columns[signal];
        let baseline = &values[..600];
        let usual = mean(baseline);
        let deviation = (baseline.iter().map(|value| (value - usual).powi(2)).sum::<f64>() / 599.0).sqrt();
        (mean(&values[second - 300..second]) - usual) / deviation
    }
    fn at(&self, signal: &str, second: usize) -> f64 {
        self.columns[signal][second - 1]
    }
}

#[test]
fn the_same_seed_and_script_give_the_same_bytes() {
    let wear = || run(42, 2_000, shipped("chronic_wear"));
    assert_eq!(wear().bytes, wear().bytes);
    assert_ne!(wear().bytes, run(43, 2_000, shipped("chronic_wear")).bytes);
    assert_eq!(wear().truths, wear().truths);
}

#[test]
fn an_hour_without_a_fault_stays_well_within_two_deviations() {
    for seed in 0..20 {
        let normal = run(seed, 4_200, shipped("normal"));
        assert!(normal.truths.is_empty());
        for signal in MEASURED {
            let worst = (900..=4_200).step_by(60).map(|second| normal.drift(signal, second).abs()).fold(0.0, f64::max);
            assert!(worst < 1.0, "seed {seed}, {signal}: {worst:.2}");
        }
    }
}

#[test]
fn chronic_wear_shows_by_minute_25_and_is_severe_by_minute_60() {
    for seed in 0..20 {
        let worn = run(seed, 3_600, shipped("chronic_wear"));
        assert!(worn.drift("vibration", 900).abs() < 1.0, "seed {seed}");
        assert!(worn.drift("vibration", 1_500) > 3.0, "seed {seed}: {}", worn.drift("vibration", 1_500));
        assert!(worn.drift("bearing_temperature", 1_500) > 2.0, "seed {seed}: {}", worn.drift("bearing_temperature", 1_500));
        assert!(worn.at("vibration", 3_600) > 6.0 && worn.at("bearing_temperature", 3_600) > 75.0, "seed {seed}");
        assert!(worn.drift("flow", 3_600).abs() < 1.0, "wear leaves the flow alone, seed {seed}");
    }
}

#[test]
fn a_sudden_clog_shows_at_once_and_a_drifting_sensor_shows_alone() {
    let both = shipped("clog_and_sensor_drift");
    let mut clog_only = both.clone();
    clog_only.faults.truncate(1);
    for seed in 0..20 {
        let (run, without) = (run(seed, 3_600, both.clone()), run(seed, 3_600, clog_only.clone()));
        assert!(run.drift("flow", 1_260) < -10.0 && run.drift("pressure", 1_260) > 10.0 && run.drift("motor_current", 1_260) > 3.0, "seed {seed}");
        assert!(run.drift("vibration", 2_400).abs() < 2.0, "seed {seed}: {}", run.drift("vibration", 2_400));
        assert!(run.drift("bearing_temperature", 3_300) < -10.0, "seed {seed}: {}", run.drift("bearing_temperature", 3_300));
        for signal in MEASURED.into_iter().filter(|signal| *signal != "bearing_temperature") {
            assert_eq!(run.columns[signal], without.columns[signal], "seed {seed}: the sensor's drift is its own");
        }
    }
}

#[test]
fn what_was_really_wrong_is_told_at_the_beginning_at_each_tenth_and_at_the_end() {
    let burst =
        one_fault(json!({ "fault": "noise_burst", "signal": "pump-1/flow", "start_s": 10, "ramp_s": 10, "duration_s": 30, "severity": 0.25 }));
    let told: Vec<(u64, f64)> = run(1, 60, burst).truths.into_iter().map(|(tick, truth)| (tick, truth.severity)).collect();
    assert_eq!(told.iter().map(|(tick, _)| *tick).collect::<Vec<_>>(), [11, 15, 19, 20, 40]);
    assert_eq!((told[3].1, told[4].1), (0.25, 0.0));
}

#[test]
fn a_stuck_sensor_shows_the_same_value_and_a_burst_more_noise() {
    let stuck = run(1, 200, one_fault(json!({ "fault": "sensor_stuck", "signal": "pump-1/flow", "start_s": 100, "severity": 1 })));
    let frozen = &stuck.columns["flow"][99..];
    assert!(frozen.iter().all(|value| *value == frozen[0]) && stuck.columns["flow"][..99].windows(2).any(|pair| pair[0] != pair[1]));

    let burst = run(1, 400, one_fault(json!({ "fault": "noise_burst", "signal": "pump-1/flow", "start_s": 200, "severity": 1 })));
    let spread = |values: &[f64]| values.iter().map(|value| (value - 100.0).abs()).sum::<f64>() / values.len() as f64;
    let flow = &burst.columns["flow"];
    assert!(spread(&flow[200..]) > 5.0 * spread(&flow[..200]));
}

#[test]
fn a_stuck_valve_does_not_follow_where_it_is_told_to_go() {
    let moved = json!([{ "at_s": 50, "signal": "pump-1/valve_setpoint", "value": 40 }]);
    let stuck = json!([{ "fault": "valve_stuck", "asset": "pump-1", "start_s": 10, "severity": 1 }]);
    let free = run(1, 200, scenario(json!({ "name": "move", "moves": moved })));
    let held = run(1, 200, scenario(json!({ "name": "stuck", "moves": moved, "faults": stuck })));
    assert_eq!((free.at("valve_setpoint", 200), held.at("valve_setpoint", 200)), (40.0, 40.0));
    assert!((free.at("valve_position", 200) - 40.0).abs() < 2.0 && (held.at("valve_position", 200) - 70.0).abs() < 2.0);
    assert!(free.at("flow", 200) < held.at("flow", 200) - 5.0);
}

#[test]
fn the_same_wear_comes_to_a_pump_of_each_vendor_one_after_the_other() {
    let both = run_all(3, 4_800, shipped("cross_vendor_wear"));
    let begins =
        |asset: &str| both.truths.iter().find(|(_, truth)| truth.asset.as_str() == asset).map(|(tick, truth)| (*tick, truth.fault.to_string()));
    assert_eq!((begins("pump-1").unwrap().1, begins("pump-2").unwrap().1), ("bearing_wear".to_string(), "bearing_wear".to_string()));
    assert_eq!(begins("pump-2").unwrap().0 - begins("pump-1").unwrap().0, 1_200);
    assert!(both.drift("vibration", 2_000) > 3.0 && both.drift("pump-2/vibration", 2_000).abs() < 1.0);
    assert!(both.at("pump-2/vibration", 4_800) > 6.0 && both.drift("pump-3/vibration", 4_800).abs() < 1.0);
    let alone = run(3, 4_800, shipped("chronic_wear"));
    assert!(MEASURED.iter().all(|signal| alone.columns[*signal] == both.columns[*signal]), "the first pump does not feel the others");
}

#[test]
fn what_befalls_all_pumps_is_told_of_each_and_shows_at_each() {
    let all = json!({ "fault": "supply_voltage", "asset": "all", "start_s": 100, "duration_s": 60, "severity": 0.5, "shape": "step" });
    let dip = run_all(1, 200, scenario(json!({ "name": "dip", "faults": [all] })));
    let told: Vec<(u64, String, f64)> = dip.truths.iter().map(|(tick, truth)| (*tick, truth.asset.to_string(), truth.severity)).collect();
    let of_each = |tick, severity| (1..=5).map(move |number| (tick, format!("pump-{number}"), severity));
    assert_eq!(told, of_each(100, 0.5).chain(of_each(160, 0.0)).collect::<Vec<_>>());
    for asset in ["", "pump-2/", "pump-3/", "pump-4/", "pump-5/"] {
        let value = |name: &str, second| dip.at(&format!("{asset}{name}"), second);
        assert!(value("speed", 150) < 1_400.0 && value("motor_current", 150) > value("motor_current", 90) + 1.0, "{asset}");
        assert!(value("speed", 200) > 1_400.0, "{asset}");
    }
}

#[test]
fn all_pumps_stand_in_one_hall_and_each_has_noise_of_its_own() {
    let normal = run_all(1, 3_600, shipped("normal"));
    let smooth = |name: &str| normal.columns[name].chunks(300).map(mean).collect::<Vec<_>>();
    assert_ne!(normal.columns["flow"], normal.columns["pump-2/flow"]);
    let apart =
        smooth("motor_temperature").into_iter().zip(smooth("pump-4/motor_temperature")).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
    assert!(apart < 0.3, "{apart}");
}

#[test]
fn a_fault_of_several_assets_names_them_and_a_small_plant_refuses_it() {
    let fault = |asset: serde_json::Value, signal: &str| json!({ "name": "x", "faults": [{ "fault": "noise_burst", "asset": asset, "signal": signal, "start_s": 1, "severity": 1 }] });
    for (asset, signal) in
        [(json!("pump-4"), "pump-4/flow"), (json!("pump-4"), "flow"), (json!(["pump-1", "pump-4"]), "flow"), (json!("all"), "flow")]
    {
        let read = scenario(fault(asset, signal));
        assert_eq!(Scenario::from_value(serde_json::to_value(&read).unwrap()).unwrap(), read);
    }
    let refused = [
        (fault(json!(["pump-1", "pump-4"]), "pump-1/flow"), "faults[0].signal must be, for several assets, one of flow"),
        (fault(json!("pump-4"), "pump-1/flow"), "faults[0].signal must be one of pump-4/flow"),
        (fault(json!([]), "flow"), "faults[0].asset must be"),
        (fault(json!(["all", "pump-1"]), "flow"), "faults[0].asset must be"),
        (fault(json!(["pump-1", "pump-9"]), "flow"), "faults[0].asset must be"),
    ];
    for (json, why) in refused {
        let refused = Scenario::from_value(json).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused} should say {why}");
    }
    let silent = json!({ "name": "x", "faults": [{ "fault": "communication_fault", "asset": "pump-2", "start_s": 1, "severity": 0.5 }] });
    assert!(Scenario::from_value(silent).unwrap_err().to_string().contains("answers or it does not"));
    let whole = shipped("whole_plant");
    assert!(whole.fits(5).is_ok());
    assert!(whole.fits(1).unwrap_err().to_string().contains("faults[0].asset names pump-2, and this plant has pump-1"));
}

#[test]
fn a_scenario_that_cannot_be_played_is_refused_at_its_place() {
    let wear = json!({ "fault": "bearing_wear", "asset": "pump-1", "start_s": 900, "severity": 0.5 });
    let with = |key: &str, value: serde_json::Value| {
        let mut fault = wear.clone();
        fault[key] = value;
        json!({ "name": "x", "steady_s": 600, "faults": [wear, fault] })
    };
    let cases = [
        (with("severity", json!(1.5)), "faults[1].severity"),
        (with("severity", json!(0)), "faults[1].severity"),
        (with("start_s", json!(599)), "faults[1].start_s"),
        (with("asset", json!("pump-9")), "faults[1].asset"),
        (with("duration_s", json!(60)), "does not heal"),
        (with("signal", json!("pump-1/flow")), "not of a sensor"),
        (with("fault", json!("sensor_drift")), "faults[1].signal is missing"),
        (with("direction", json!("up")), "faults[1].direction"),
        (json!({ "name": "x", "moves": [{ "at_s": 1, "signal": "pump-1/flow", "value": 1 }] }), "moves[0].signal"),
        (json!({ "name": "x", "moves": [{ "at_s": 1, "signal": "pump-1/speed_setpoint", "value": 9999 }] }), "moves[0].value"),
        (json!({ "name": "" }), "name"),
    ];
    for (json, place) in cases {
        let refused = Scenario::from_value(json).unwrap_err().to_string();
        assert!(refused.contains(place), "{refused} should name {place}");
    }
    let unknown = Scenario::from_json(r#"{ "name": "x", "faults": [{ "fault": "gremlins" }] }"#).unwrap_err();
    assert!(std::error::Error::source(&unknown).unwrap().to_string().contains("bearing_wear"), "the known ones are named");
    let misspelt = Scenario::from_json("{ \"name\": \"x\",\n \"fault\": [] }").unwrap_err();
    assert!(std::error::Error::source(&misspelt).unwrap().to_string().contains("line 2"));
}
