//! Similar cases on simulated pumps: the right past fault comes first, whatever its size and pace, and "87 % the same" comes true that often.

use millwright_agents::evaluate::similar::Labelled;
use millwright_domain::memory::{Calibration, Channel, ChannelKey, Episode, Judged, Memory, Signature, SignatureSettings, calibration_error};
use millwright_ingest::simulator::{record::simulate, scenario::Scenario};
use serde_json::json;

/// Kind, signal and direction.
pub const FAULTS: [(&str, Option<&str>, &str); 11] = [
    ("bearing_wear", None, "up"),
    ("clogging", None, "up"),
    ("sensor_drift", Some("flow"), "up"),
    ("sensor_drift", Some("flow"), "down"),
    ("sensor_drift", Some("bearing_temperature"), "up"),
    ("sensor_drift", Some("bearing_temperature"), "down"),
    ("sensor_drift", Some("pressure"), "up"),
    ("sensor_drift", Some("pressure"), "down"),
    ("noise_burst", Some("motor_current"), "up"),
    ("valve_stuck", None, "up"),
    ("supply_voltage", None, "up"),
];
const RUNS: u64 = 6;
/// Rows of ten seconds, as a case is remembered by.
const STEP_S: usize = 10;
const LEAD_IN_S: usize = 1_800;
const HORIZON_S: usize = 600;

/// One run of a fault as CSV, its size, pace and moment drawn from its number; and when it was noticed, some minutes after it began.
pub fn simulated(fault: usize, number: u64) -> (String, usize) {
    let (kind, signal, direction) = FAULTS[fault];
    let draw = |salt: u64, choices: u64| (number * 2_654_435_761 + fault as u64 * 40_503 + salt * 97) / 7 % choices;
    let start = LEAD_IN_S + 60 * draw(1, 10) as usize;
    let ramp_s = [600, 1_200, 2_700][draw(2, 3) as usize];
    let shape = ["linear", "progressive"][draw(4, 2) as usize];
    let severity = 0.5 + 0.05 * draw(3, 10) as f64;
    let mut befalls = json!({ "fault": kind, "asset": "pump-1", "start_s": start, "ramp_s": ramp_s, "severity": severity, "shape": shape });
    if let Some(signal) = signal {
        befalls["signal"] = format!("pump-1/{signal}").into();
    }
    if kind == "sensor_drift" {
        befalls["direction"] = direction.into();
    }
    let scenario = json!({ "name": "x", "description": "one fault", "steady_s": 600, "faults": [befalls] });
    let noticed = start + 60 * (1 + draw(5, 8) as usize);
    let mut csv = vec![];
    let ticks = (noticed + HORIZON_S) as u64;
    simulate(100 * fault as u64 + number, ticks, Scenario::from_value(scenario).unwrap(), &mut csv).unwrap();
    (String::from_utf8(csv).unwrap(), noticed)
}

fn run(fault: usize, number: u64) -> Labelled {
    let (kind, signal, direction) = FAULTS[fault];
    let (csv, noticed) = simulated(fault, number);
    let label = [kind, signal.unwrap_or_default(), direction].join(" ");
    Labelled { file: format!("{label} {number}"), label, vendor: None, role: None, episode: episode(&csv, noticed - 120) }
}

fn episode(csv: &str, onset: usize) -> Episode {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|value| value.parse().unwrap_or(f64::NAN)).collect()).collect();
    let rows = &rows[onset - LEAD_IN_S..];
    let mean = |rows: &[Vec<f64>], column: usize| {
        let good = rows.iter().map(|row| row[column]).filter(|value| value.is_finite());
        let (sum, count) = good.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
        if count == 0 { f64::NAN } else { sum / f64::from(count) }
    };
    let measured = names.iter().enumerate().filter(|(_, name)| **name != "tick" && !name.ends_with("setpoint"));
    let channels = measured.map(|(column, name)| Channel {
        key: ChannelKey::new(name, "1"),
        values: rows.chunks_exact(STEP_S).map(|cell| mean(cell, column)).collect(),
    });
    let times = (0..rows.len() / STEP_S).map(|row| (row * STEP_S) as f64).collect();
    Episode { times, channels: channels.collect(), onset: LEAD_IN_S as f64 }
}

#[test]
fn the_right_past_fault_comes_first_and_what_is_claimed_comes_true() {
    let runs: Vec<Labelled> = (0..FAULTS.len()).flat_map(|fault| (0..RUNS).map(move |number| run(fault, number))).collect();
    let settings = SignatureSettings { horizon_s: HORIZON_S as f64 };
    let signatures: Vec<Signature> = runs.iter().map(|run| Signature::of(&run.episode, settings).unwrap()).collect();
    let memory = Memory::rebuilt(signatures.iter().cloned().enumerate()).unwrap();
    let shipped = Calibration::shipped();
    let (mut first, mut claims) = (0, vec![]);
    for (number, signature) in signatures.iter().enumerate() {
        let found = memory.similar(signature, 5, |other| *other != number).unwrap();
        first += usize::from(runs[found[0].key].label == runs[number].label);
        claims.extend(found.iter().map(|similar| Judged { score: shipped.rate(similar.score), hit: runs[similar.key].label == runs[number].label }));
    }
    let right = first as f64 / runs.len() as f64;
    let error = calibration_error(&claims);
    println!("the right one first: {right:.3}, calibration error {error:.3}, {} claims", claims.len());
    assert!(right >= 0.95, "{right}");
    assert!(error <= 0.08, "{error}");
}
