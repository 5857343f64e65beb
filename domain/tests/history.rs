//! Every event type and schema version ever written stays readable: one stored JSON each, read for ever.

use millwright_domain::{
    Event, Timestamp,
    chain::ChainTip,
    codec::{decode, encode},
    envelope::Recorded,
};
use serde_json::Value;
use std::{fs, path::PathBuf};

fn history() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("history")
}

fn stored(kind: &str, schema: u16) -> Vec<u8> {
    let file = history().join(format!("{kind}.v{schema}.json"));
    fs::read(&file).unwrap_or_else(|error| panic!("every event type needs a stored example at {}: {error}", file.display()))
}

fn written_again(recorded: &Recorded) -> Value {
    let tip = ChainTip { next_seq: recorded.seq, recorded_at: recorded.recorded_at, epoch: recorded.epoch, ..ChainTip::default() };
    serde_json::from_slice(&encode(&recorded.draft(), &recorded.partition, &tip)).expect("what we encode is JSON")
}

#[test]
fn every_type_and_version_that_was_ever_written_is_still_read() {
    for (kind, newest) in Event::TYPES {
        for schema in 1..=*newest {
            let recorded = decode(&stored(kind, schema)).unwrap_or_else(|error| panic!("{kind} v{schema}: {error:?}"));
            assert_eq!(recorded.event.kind(), *kind, "v{schema}");
        }
    }
}

#[test]
fn what_is_written_today_is_what_the_newest_example_shows_field_by_field() {
    for (kind, newest) in Event::TYPES {
        let bytes = stored(kind, *newest);
        let recorded = decode(&bytes).unwrap_or_else(|error| panic!("{kind}: {error:?}"));
        let example: Value = serde_json::from_slice(&bytes).expect("an example is JSON");
        assert_eq!(written_again(&recorded), example, "{kind}: a field was renamed, lost or reinterpreted");
    }
}

#[test]
fn no_example_is_left_without_its_type() {
    for entry in fs::read_dir(history()).expect("domain/history is there") {
        let name = entry.expect("a readable entry").file_name().into_string().expect("a plain name");
        let kind = name.split('.').next().unwrap_or_default();
        assert!(Event::TYPES.iter().any(|(known, _)| *known == kind), "{name}: an event type may never be removed");
    }
}

#[test]
fn a_type_from_a_newer_program_is_kept_whole() {
    let mut example: Value = serde_json::from_slice(&stored("AlertRaised", 1)).expect("an example is JSON");
    example["type"] = "MoonRose".into();
    example["schema"] = 9.into();
    let recorded = decode(example.to_string().as_bytes()).expect("unknown is no error");
    assert!(matches!(&recorded.event, Event::Unknown { kind, schema: 9, .. } if kind == "MoonRose"));
    assert_eq!(written_again(&recorded), example);
    assert_eq!(recorded.recorded_at, Timestamp::from_micros(1_700_000_300_000_500));
}
