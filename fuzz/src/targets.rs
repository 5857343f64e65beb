//! The targets but those of the field: every place where bytes from outside become our types.

use millwright_agents::diagnosis::Rules;
use millwright_domain::{
    audit::{Checkpoint, ProofFile, SignedNote, note::notes_in},
    chain::ChainTip,
    codec,
    ids::AssetId,
    policy::Policy,
    position::Position,
};
use millwright_infra::log::embedded::decode_batch;
use millwright_ingest::{
    files::{columns::ColumnMap, recording::Recording},
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
    Target { name: "batch", run: batch, seeds: batch_seeds },
    Target { name: "csv", run: csv, seeds: csv_seeds },
    Target { name: "rules", run: rules, seeds: rules_seeds },
    Target { name: "event", run: event, seeds: event_seeds },
    Target { name: "scan", run: scan, seeds: scan_seeds },
    Target { name: "segment", run: stored_segment, seeds: segment_seeds },
    Target { name: "scenario", run: scenario, seeds: scenario_seeds },
    Target { name: "policy", run: policy, seeds: policy_seeds },
    Target { name: "position", run: position, seeds: position_seeds },
    Target { name: "note", run: note, seeds: note_seeds },
    Target { name: "proof", run: proof, seeds: proof_seeds },
];

pub fn owned(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
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
        include_str!("../../config/scenarios/cross_vendor_wear.json"),
        include_str!("../../config/scenarios/whole_plant.json"),
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

/// A file of checkpoints that somebody kept is text from outside.
fn note(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for note in notes_in(text).flatten() {
        let written = note.to_string();
        assert_eq!(SignedNote::parse(&written).ok(), Some(note.clone()), "what was read must be written and read the same");
        drop(Checkpoint::read(note.text()));
    }
}
fn note_seeds() -> Vec<Vec<u8>> {
    let fact = include_str!("../../domain/history/CheckpointSigned.v1.json");
    let fact: serde_json::Value = serde_json::from_str(fact).expect("JSON");
    let note = fact["data"]["note"].as_str().expect("a note");
    owned(&[note, &format!("{note}\n{note}")])
}

/// Whoever hands a proof over may have made it up.
fn proof(bytes: &[u8]) {
    match serde_json::from_slice(bytes) {
        Ok(ProofFile::Inclusion(proof)) => assert!(proof.check().is_err(), "nobody has the key"),
        Ok(ProofFile::Consistency(proof)) => assert!(proof.check().is_err(), "nobody has the key"),
        Err(_) => {}
    }
}
fn proof_seeds() -> Vec<Vec<u8>> {
    let fact = include_str!("../../domain/history/CheckpointSigned.v1.json");
    let fact: serde_json::Value = serde_json::from_str(fact).expect("JSON");
    let (note, key, hash) = (&fact["data"]["note"], &fact["data"]["key"], "e3".repeat(32));
    let inclusion = serde_json::json!({
        "proves": "inclusion", "event_id": fact["id"], "partition": "ledger/demo", "seq": fact["seq"], "record": fact.to_string(),
        "previous_hash": hash, "leaf": hash, "path": [hash, hash], "tree_size": 640, "root": hash, "checkpoint": note, "public_key": key,
        "reading": {"seq": 7, "scan": "{}", "path": [hash]},
    });
    let consistency = serde_json::json!({
        "proves": "consistency", "partition": "ledger/demo", "old": note, "new": note, "path": [hash], "old_key": key, "public_key": key,
    });
    owned(&[&inclusion.to_string(), &consistency.to_string()])
}
