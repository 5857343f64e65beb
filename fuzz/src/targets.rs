//! The targets: every place where bytes from outside become our types.

use millwright_agents::diagnosis::Rules;
use millwright_domain::{chain::ChainTip, codec, ids::AssetId, policy::Policy, position::Position};
use millwright_infra::log::embedded::decode_batch;
use millwright_ingest::{
    files::{columns::ColumnMap, recording::Recording},
    modbus::address::parse_address,
    opc_ua::address::parse_address as parse_node_id,
    simulator::scenario::Scenario,
    store::segment,
};

pub struct Target {
    pub name: &'static str,
    /// Must return, whatever the bytes.
    pub run: fn(&[u8]),
    /// Well-formed inputs to mutate, beside the kept corpus.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: &[Target] = &[
    Target { name: "address", run: address, seeds: address_seeds },
    Target { name: "node_id", run: node_id, seeds: node_id_seeds },
    Target { name: "batch", run: batch, seeds: batch_seeds },
    Target { name: "csv", run: csv, seeds: csv_seeds },
    Target { name: "rules", run: rules, seeds: rules_seeds },
    Target { name: "event", run: event, seeds: event_seeds },
    Target { name: "scan", run: scan, seeds: scan_seeds },
    Target { name: "segment", run: stored_segment, seeds: segment_seeds },
    Target { name: "scenario", run: scenario, seeds: scenario_seeds },
    Target { name: "policy", run: policy, seeds: policy_seeds },
    Target { name: "position", run: position, seeds: position_seeds },
];

fn owned(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = parse_address(text) {
        let canonical = address.to_string();
        assert_eq!(parse_address(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn address_seeds() -> Vec<Vec<u8>> {
    owned(&["hr:0", "holding:12:f32", "4x00001", "40001", "400001", "1!400001", "coil:7", "di:3", "ir:65534:u32", "3!hr:10.5:bool", "10001"])
}

fn node_id(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(address) = parse_node_id(text) {
        let canonical = address.to_string();
        assert_eq!(parse_node_id(&canonical), Ok(address), "{text:?} became {canonical:?}, which means something else");
    }
}
fn node_id_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "ns=2;s=Motor1.Speed",
        "i=2258",
        "nsu=http://a/b%3Bc%25;i=1001",
        "ns=2;index=3;s=\"DB1\".\"values\"[3]",
        "ns=2;g=09087e75-8e5e-499b-954f-f2a9603db28a",
        "ns=2;b=M/RbKBsRVkePCePcx24oRA==",
    ])
}

/// The first byte is the codec, the second the count.
fn batch(bytes: &[u8]) {
    if let [codec, count, rest @ ..] = bytes
        && let Ok(records) = decode_batch(*codec, u32::from(*count), rest)
    {
        assert_eq!(records.len(), usize::from(*count), "a batch holds as many records as it says");
    }
}
fn batch_seeds() -> Vec<Vec<u8>> {
    let record = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes()[..], bytes].concat();
    let plain = [record(b"{}"), record(b"{\"a\":1}")].concat();
    vec![[&[0u8, 2][..], &plain].concat(), [&[1u8, 2][..], &plain].concat()]
}

fn csv(bytes: &[u8]) {
    let site = "fuzz".parse().expect("a name");
    let asset: AssetId = "machine".parse().expect("a name");
    for map in [ColumnMap::skab(), ColumnMap::of_any("time", vec!["label".into()], ',')] {
        let Ok(recording) = Recording::read("fuzz.csv".into(), bytes, &map, &site, &asset) else { continue };
        for row in recording.flatten() {
            assert!(row.scan.readings.iter().all(|reading| reading.value().is_none_or(f64::is_finite)));
        }
    }
}
fn csv_seeds() -> Vec<Vec<u8>> {
    let skab = "datetime;Accelerometer1RMS;Accelerometer2RMS;Current;Pressure;Temperature;Thermocouple;Voltage;Volume Flow RateRMS;anomaly;changepoint\n2020-03-09 10:14:33;0.02;0.04;1.33;0.05;79.3;26.0;233.0;32.0;0.0;0.0\n2020-03-09 10:14:34;0.02;0.04;NaN;0.05;79.3;26.0;233.0;32.0;0.0;0.0\n";
    owned(&[skab, "time,flow,label\n2020-03-09T10:14:33Z,1.5,0\n1583748873,\"2\",1\n"])
}

fn rules(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(rules) = Rules::parse(text, "fuzz.yaml") {
        assert!(rules.iter().all(|rule| !rule.cause.as_str().is_empty()));
    }
}
fn rules_seeds() -> Vec<Vec<u8>> {
    owned(&[
        include_str!("../../config/rules/machine.yaml"),
        include_str!("../../config/rules/piping.yaml"),
        include_str!("../../config/rules/sensors.yaml"),
    ])
}

fn event(bytes: &[u8]) {
    let Ok(recorded) = codec::decode(bytes) else { return };
    let tip = ChainTip { next_seq: recorded.seq, recorded_at: recorded.recorded_at, epoch: recorded.epoch, ..ChainTip::default() };
    let again = codec::encode(&recorded.draft(), &recorded.partition, &tip);
    assert_eq!(codec::decode(&again).ok(), Some(recorded), "what was read must be written and read the same");
}
fn event_seeds() -> Vec<Vec<u8>> {
    owned(&[
        include_str!("../../domain/history/AlertRaised.v1.json"),
        include_str!("../../domain/history/ActionProposed.v1.json"),
        include_str!("../../domain/history/CommandAnswered.v1.json"),
        include_str!("../../domain/history/PlantDescribed.v1.json"),
        include_str!("../../domain/history/PolicyAdopted.v1.json"),
        include_str!("../../domain/history/OutcomeRecorded.v1.json"),
    ])
}

fn scan(bytes: &[u8]) {
    if let Ok(scan) = codec::decode_scan(bytes) {
        let mut again = vec![];
        codec::encode_scan(&scan, &mut again);
        assert_eq!(codec::decode_scan(&again).ok(), Some(scan), "what was read must be written and read the same");
    }
}
fn scan_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"site":"demo","device":"plc-1","epoch":1,"scan":7,"scanned_at":1700000000000000,"received_at":1700000000000400,"r":[{"s":"pump-1/flow","v":31.5},{"s":"pump-1/pressure","q":"bad_no_communication"}]}"#,
    ])
}

fn stored_segment(bytes: &[u8]) {
    let parsed = segment::parse(bytes);
    assert!(parsed.whole <= bytes.len() as u64);
    let mut again = segment::MARK.to_vec();
    parsed.scans.iter().for_each(|(scan, _)| segment::encode(scan, &mut again));
    let scans = |parsed: segment::Parsed| parsed.scans.into_iter().map(|(scan, _)| scan).collect::<Vec<_>>();
    assert_eq!(scans(segment::parse(&again)), scans(parsed), "what was read must be written and read the same");
}
fn segment_seeds() -> Vec<Vec<u8>> {
    let scans: Vec<_> = scan_seeds().iter().filter_map(|bytes| codec::decode_scan(bytes).ok()).collect();
    let mut bytes = segment::MARK.to_vec();
    scans.iter().cycle().take(3).for_each(|scan| segment::encode(scan, &mut bytes));
    let torn = bytes[..bytes.len() - 5].to_vec();
    vec![bytes, torn]
}

fn scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    drop(Scenario::from_json(text));
}
fn scenario_seeds() -> Vec<Vec<u8>> {
    owned(&[
        include_str!("../../config/scenarios/normal.json"),
        include_str!("../../config/scenarios/chronic_wear.json"),
        include_str!("../../config/scenarios/clog_and_sensor_drift.json"),
    ])
}

fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    drop(serde_saphyr::from_str::<Policy>(text));
}
fn policy_seeds() -> Vec<Vec<u8>> {
    owned(&[include_str!("../../config/policy.yaml")])
}

fn position(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(position) = text.parse::<Position>() {
        assert_eq!(position.to_string().parse(), Ok(position));
    }
}
fn position_seeds() -> Vec<Vec<u8>> {
    owned(&["ledger/demo:17,readings/0:400", "ledger/_platform:3", "ledger/_truth.demo:1"])
}
