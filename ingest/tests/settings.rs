//! Device settings as people write them: short when all is usual, refused by key when something cannot be.
#![allow(clippy::unwrap_used)]

use millwright_domain::plant::Plant;
use millwright_ingest::{device::DeviceConfig, field::check, simulator::demo::demo_plant};
use serde_json::{Value, json};

fn refused(device: Value) -> String {
    match serde_json::from_value::<DeviceConfig>(device) {
        Ok(config) => check(&[config], &demo_plant()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

fn shortest() -> Value {
    json!({ "protocol": "modbus_tcp", "id": "plc-1", "address": "10.0.0.1:502", "points": [{ "signal": "pump-1/flow", "address": "40001", "type": "f32" }] })
}

fn with(pointer: &str, key: &str, value: Value) -> Value {
    let mut device = shortest();
    device.pointer_mut(pointer).unwrap()[key] = value;
    device
}

#[test]
fn the_shortest_device_is_enough_and_is_shown_in_full() {
    let config: DeviceConfig = serde_json::from_value(shortest()).unwrap();
    let device = check(std::slice::from_ref(&config), &demo_plant()).unwrap().remove(0);
    assert_eq!(device.addresses().map(|(_, address)| address).collect::<Vec<_>>(), ["1!holding:0:f32"]);
    let shown = serde_json::to_value(&config).unwrap();
    assert_eq!(
        (&shown["protocol"], &shown["unit"], &shown["byte_order"], &shown["max_gap"]),
        (&json!("modbus_tcp"), &json!(1), &json!("ABCD"), &json!(8))
    );
    assert_eq!((&shown["classes"][0]["interval_ms"], &shown["points"][0]["address"]), (&json!(1_000), &json!("40001")));
    assert_eq!(serde_json::from_value::<DeviceConfig>(shown).unwrap(), config);
}

#[test]
fn what_cannot_be_is_refused_by_its_key() {
    let class = |name: &str, interval: u64| json!({ "name": name, "interval_ms": interval });
    let cases = [
        (with("", "adress", json!("10.0.0.1:502")), "adress"),
        (with("", "protocol", json!("modbus_udp")), "modbus_tcp"),
        (with("", "address", json!("10.0.0.1")), "device plc-1: address must be host:port"),
        (with("", "address", json!("10.0.0.1:0")), "address must be host:port"),
        (with("", "unit", json!(256)), "256"),
        (with("", "byte_order", json!("ACBD")), "CDAB"),
        (with("", "max_registers_per_request", json!(126)), "max_registers_per_request must be from 4 to 125"),
        (with("", "max_coils_per_request", json!(2_001)), "max_coils_per_request"),
        (with("", "points", json!([])), "points must name at least one"),
        (with("", "classes", json!([])), "classes must name at least one"),
        (with("", "classes", json!([class("a", 0)])), "classes[0].interval_ms"),
        (with("", "classes", json!([class("a", 100), class("a", 200)])), "classes[1].name \"a\" is given twice"),
        (with("/points/0", "class", json!("fast")), "points[0].class is no class of this device; classes are: default"),
        (with("/points/0", "signal", json!("pump-1/flaw")), "points[0].signal pump-1/flaw is not described in the plant"),
        (with("/points/0", "address", json!("40000")), "40001 = holding 0"),
        (with("/points/0", "address", json!("40001:u16")), "points[0].type is f32, but the address says u16"),
        (with("/points/0", "address", json!("coil:3")), "points[0].type does not fit the address"),
        (with("/points/0", "type", json!("f16")), "no value type"),
        (with("/points/0", "scale", json!(0)), "points[0].scale"),
    ];
    for (device, key) in cases {
        let error = refused(device);
        assert!(error.contains(key), "{error} should name {key}");
    }
    let mut read_only = with("/points/0", "signal", json!("pump-1/speed_setpoint"));
    read_only["points"][0]["address"] = json!("input:0");
    assert!(refused(read_only).contains("cannot be written"));
    let mut twice = shortest();
    let point = twice["points"][0].clone();
    twice["points"].as_array_mut().unwrap().push(point);
    assert!(refused(twice).contains("points[1].signal pump-1/flow is given twice"));
}

#[test]
fn a_signal_of_another_device_is_refused() {
    let mut plant: Plant = demo_plant();
    plant.assets[0].signals[0].device = "plc-2".parse().unwrap();
    let config: DeviceConfig = serde_json::from_value(shortest()).unwrap();
    assert!(check(&[config], &plant).unwrap_err().to_string().contains("belongs to device plc-2"));
}

#[test]
fn a_report_by_exception_is_taken_and_shown_as_it_was_written_and_refused_by_its_key() {
    let report = json!({ "swinging_door": 0.5, "heartbeat_s": 30 });
    let config: DeviceConfig = serde_json::from_value(with("/points/0", "report", report.clone())).unwrap();
    check(std::slice::from_ref(&config), &demo_plant()).unwrap();
    assert_eq!(serde_json::to_value(&config).unwrap()["points"][0]["report"], report);
    let refused = |report: Value| refused(with("/points/0", "report", report));
    assert!(refused(json!({ "absolute": 0.5, "heartbeat": 5 })).contains("heartbeat"));
    assert!(refused(json!({ "absolute": 0.0 })).contains("points[0].report must be a finite number above 0"));
    assert!(refused(json!({ "absolute": 1.0, "heartbeat_s": 0 })).contains("heartbeat_s of at least 1"));
    assert!(refused(json!({ "heartbeat_s": 5 })).contains("exactly one of absolute"));
}
