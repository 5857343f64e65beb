//! The published JSON Schemas are those of the code, true for everything ever stored, and refuse what is not.
//! After a change that is meant: `BLESS=1 cargo test -p millwright-domain --test schemas`.

use jsonschema::Validator;
use millwright_domain::{
    Timestamp,
    codec::encode_scan,
    reading::{Quality, Reading, Scan},
    schema::{self, StoredSchema},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn file_name(kind: &str, version: u16) -> String {
    format!("{kind}.v{version}.schema.json")
}

fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn published(kind: &str, version: u16) -> Validator {
    let schema = read(&root().join("docs/events").join(file_name(kind, version)));
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{kind} v{version} is no schema: {error}"))
}

/// Every stored example with its type and version.
fn examples() -> Vec<(String, u16, Value)> {
    let entries = fs::read_dir(root().join("domain/history")).expect("the examples");
    let mut found: Vec<_> = entries
        .map(|entry| {
            let example = read(&entry.expect("a readable entry").path());
            let kind = example["type"].as_str().expect("a type").to_string();
            (kind, example["schema"].as_u64().and_then(|version| version.try_into().ok()).expect("a version"), example)
        })
        .collect();
    found.sort_by_key(|(kind, version, _)| (kind.clone(), *version));
    found
}

fn scan() -> Value {
    let at = Timestamp::from_secs(1_700_000_000);
    let signal = |name: &str| name.parse().expect("a name");
    let mut timed = Reading::with_quality(signal("pump-1/speed"), 3_000.0, Quality::UncertainOutOfRange);
    timed.source_time = Some(at);
    let readings = vec![Reading::measured(signal("pump-1/flow"), 40.5), Reading::missing(signal("pump-1/pressure"), Quality::BadDeviceFault), timed];
    let scan = Scan {
        site: "demo".parse().expect("a name"),
        device: "plc-1".parse().expect("a name"),
        epoch: 3,
        scan: 17,
        scanned_at: at,
        received_at: at,
        readings,
    };
    let mut bytes = vec![];
    encode_scan(&scan, &mut bytes);
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn the_published_schemas_are_those_of_the_code() {
    let folder = root().join("docs/events");
    let of_types = schema::all().into_iter().map(|StoredSchema { kind, version, schema }| (file_name(kind, version), schema));
    let mut expected: BTreeSet<String> = examples().iter().map(|(kind, version, _)| file_name(kind, *version)).collect();
    for (name, schema) in of_types.chain([("envelope.schema.json".to_string(), schema::envelope())]) {
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).expect("docs/events");
            fs::write(folder.join(&name), format!("{:#}\n", schema.as_value())).expect("docs/events can be written");
        }
        let as_published = read(&folder.join(&name)) == *schema.as_value();
        assert!(as_published, "docs/events/{name} is not what the code stores; BLESS=1 writes it anew, if the change is meant");
        expected.insert(name);
    }
    let there: BTreeSet<String> =
        fs::read_dir(folder).expect("docs/events").map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
    assert_eq!(there, expected, "one schema for each type and version that was ever stored, and no other");
}

#[test]
fn everything_ever_stored_is_as_its_schema_says() {
    let envelope = jsonschema::validator_for(schema::envelope().as_value()).expect("a schema");
    for (kind, version, example) in examples() {
        let problems: Vec<String> = published(&kind, version).iter_errors(&example).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{kind} v{version}: {problems:#?}");
        assert!(envelope.is_valid(&example), "{kind} v{version} has another envelope");
    }
    let problems: Vec<String> = published("ReadingsRecorded", 1).iter_errors(&scan()).map(|problem| problem.to_string()).collect();
    assert!(problems.is_empty(), "a scan: {problems:#?}");
}

#[test]
fn a_fact_without_one_of_its_required_fields_or_of_another_type_is_refused() {
    for (kind, version, example) in examples() {
        let schema = published(&kind, version);
        let wrong = |change: &dyn Fn(&mut Value)| {
            let mut changed = example.clone();
            change(&mut changed);
            !schema.is_valid(&changed)
        };
        assert!(wrong(&|fact| fact["type"] = "MoonRose".into()), "{kind}: another type passed");
        assert!(wrong(&|fact| fact["schema"] = 99.into()), "{kind}: another version passed");
        assert!(
            wrong(&|fact| fact["recorded_at"] = "2026-01-15T08:30:00Z".into()),
            "{kind}: a time in words passed, but times are stored in microseconds"
        );
        assert!(wrong(&|fact| fact["actor"] = "Jane Doe".into()), "{kind}: a plain name passed as a pseudonym");
        assert!(wrong(&|fact| fact["data"] = json!({})), "{kind}: no data passed");
        let fields = example["data"].as_object().expect("data").keys();
        assert!(fields.clone().all(|field| wrong(&|fact| fact["data"][field] = json!([[[]]]))), "{kind}: a field of another kind passed");
    }
}

#[test]
fn a_scan_with_a_value_in_words_or_without_its_number_is_refused() {
    let schema = published("ReadingsRecorded", 1);
    let mut wordy = scan();
    wordy["r"][0]["v"] = "40.5".into();
    assert!(!schema.is_valid(&wordy));
    let mut unnumbered = scan();
    unnumbered.as_object_mut().expect("an object").remove("scan");
    assert!(!schema.is_valid(&unnumbered));
}
