//! The simulated plant of five pumps as a program of its own, read and commanded over each vendor's protocol by clients that nobody here wrote.

use crate::program::{millwright, run, text};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn python() -> Option<PathBuf> {
    let of_repository = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    let python = std::env::var_os("MILLWRIGHT_PYTHON").map_or(of_repository, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    let missing = format!("{} is not there; run tests/peers/setup.sh, or set MILLWRIGHT_PYTHON", python.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

/// The plant on free ports, and the ports in the order of its protocols.
fn plant(folder: &Path, arguments: &[&str]) -> (Ended, Vec<String>) {
    let mut command = millwright();
    command.args(["plant", "--at", "127.0.0.1:0", "--pumps", "5"]).args(arguments).current_dir(folder).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("a line");
    let ports = line.split("127.0.0.1:").skip(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect()).collect();
    (Ended(child), ports)
}

/// `tests/peers/simulated_plant.py`.
struct Peer {
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _child: Ended,
}

impl Peer {
    fn start(python: &Path, ports: &[String]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/simulated_plant.py");
        let mut child = Command::new(python).arg(script).args(ports).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
        let (orders, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Self { orders, answers: BufReader::new(answers), _child: Ended(child) }
    }
    fn order(&mut self, order: Value) -> Value {
        writeln!(self.orders, "{order}").expect("the peer lives");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{order}: {answer:?}"))
    }
}

#[test]
fn five_pumps_are_read_and_commanded_by_clients_that_nobody_here_wrote() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (_plant, ports) = plant(folder.path(), &["--scenario", "normal"]);
    assert_eq!(ports.len(), 4, "{ports:?}");
    let mut peer = Peer::start(&python, &ports);
    let near = |value: &Value, middle: f64| value.as_f64().is_some_and(|value| (value - middle).abs() < middle / 10.0);

    let first = peer.order(json!({"ask": "modbus", "start": 0, "count": 16}));
    assert_eq!(first["registers"].as_array().map(Vec::len), Some(16), "{first}");

    let second = peer.order(json!({"ask": "s7_items"}));
    assert!(near(&second["flow"], 100.0) && near(&second["valve_position"], 7_000.0) && second["speed_setpoint"] == 1_480.0, "{second}");
    assert_eq!(peer.order(json!({"tell": "s7", "at": 34, "value": 888.0})), json!({"done": true}));
    assert_eq!(peer.order(json!({"ask": "s7_items"}))["speed_setpoint"], 888.0);
    assert!(peer.order(json!({"tell": "s7", "at": 0, "value": 1.0}))["refused"].is_string());
    assert!(peer.order(json!({"ask": "s7", "start": 0, "size": 43}))["refused"].is_string());
    let block = peer.order(json!({"ask": "s7", "start": 0, "size": 42}));
    assert_eq!(block["bytes"].as_str().map(str::len), Some(84), "{block}");

    assert_eq!(peer.order(json!({"ask": "mqtt_status"})), json!({"status": "online"}));
    let third = peer.order(json!({"ask": "mqtt"}));
    assert!(near(&third["flow"], 100.0) && third["running"] == true && third["speed_setpoint"] == 1_480, "{third}");
    assert_eq!(peer.order(json!({"tell": "mqtt", "name": "speed_setpoint", "value": 888})), json!({"done": true}));
    let mut last = third["sequence"].as_u64().expect("a sequence number");
    loop {
        let told = peer.order(json!({"ask": "mqtt"}));
        last += 1;
        assert_eq!(told["sequence"], last, "no message is missing: {told}");
        if told["speed_setpoint"] == 888 {
            break;
        }
        assert!(last < third["sequence"].as_u64().unwrap() + 20, "the command was not obeyed: {told}");
    }

    for unit in [4, 5] {
        assert_eq!(peer.order(json!({"tell": "gateway", "unit": unit, "at": 100, "value": 8_880})), json!({"done": true}));
        assert_eq!(peer.order(json!({"ask": "gateway", "unit": unit, "start": 100, "count": 2})), json!({"registers": [8_880, 700]}));
        assert_eq!(peer.order(json!({"ask": "gateway", "unit": unit, "start": 12, "count": 2})), json!({"refused": 2}));
    }
}

#[test]
fn a_thousand_devices_are_described_and_so_is_each_size_of_plant() {
    let folder = tempfile::tempdir().unwrap();
    let described = |arguments: &[&str]| {
        let output = run(&[["plant", "--describe"].as_slice(), arguments].concat(), folder.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let devices = |file: &str| file.matches("[[devices]]").count();
    assert_eq!(devices(&described(&["--at", "127.0.0.1:20000", "--scale", "1000"])), 1_000);
    for pumps in 1..=5 {
        assert_eq!(devices(&described(&["--pumps", &pumps.to_string()])), pumps);
    }
    let none = run(&["plant", "--pumps", "1", "--scenario", "whole_plant"], folder.path());
    assert!(!none.status.success() && text(&none.stderr).contains("--pumps"), "{}", text(&none.stderr));
}

#[test]
fn what_wears_out_is_found_and_slowed_down_over_every_vendors_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let wear = json!({"fault": "bearing_wear", "asset": "all", "start_s": 700, "ramp_s": 1_200, "severity": 0.9, "shape": "progressive"});
    std::fs::write(folder.path().join("all.json"), json!({"name": "all", "steady_s": 600, "faults": [wear]}).to_string()).unwrap();
    let output = run(&["demo", "--pumps", "5", "--scenario", "all.json", "--headless", "--until-closed", "5", "--json"], folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let (worn, other): (Vec<&Value>, Vec<&Value>) = told["cases"].as_array().unwrap().iter().partition(|case| case["cause"] == "bearing_wear");
    let mut assets: Vec<&str> = worn.iter().filter_map(|case| case["asset"].as_str()).collect();
    assets.sort_unstable();
    assert_eq!(assets, ["pump-1", "pump-2", "pump-3", "pump-4", "pump-5"], "{told}");
    for case in worn {
        assert_eq!((&case["truth"], &case["action_stage"]), (&json!("bearing_wear"), &json!("completed")), "{case}");
    }
    // In a time-lapse on a busy machine values are read so late that a drive seems not to follow, or a sensor to jump. That tells somebody,
    // and moves nothing.
    for case in other {
        let action = case["action"].as_str().unwrap_or_default();
        assert!(["send_alert_to_backup_tech", "request_sensor_calibration"].contains(&action), "{told}");
    }
}
