//! What a build is said to be made of: as scripts/sbom.sh writes it, held against the schema of CycloneDX and against the lock files.

use crate::{
    compose::{read, root},
    program::text,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// CycloneDX 1.5 with the two schemas that it refers to inside it, so that nothing is fetched.
fn cyclonedx() -> jsonschema::Validator {
    let mut whole = parsed(&read("tests/schemas/cyclonedx-1.5.schema.json"));
    for (file, called) in [("cyclonedx-spdx", "spdx.SNAPSHOT.schema.json"), ("cyclonedx-jsf-0.82", "jsf-0.82.SNAPSHOT.schema.json")] {
        let mut part = parsed(&read(&format!("tests/schemas/{file}.schema.json")));
        part["$id"] = json!(format!("http://cyclonedx.org/schema/{called}"));
        whole["definitions"][file] = part;
    }
    jsonschema::validator_for(&whole).expect("the official schema")
}

fn flaws(list: &Value) -> Vec<String> {
    cyclonedx().iter_errors(list).map(|flaw| format!("{}: {flaw}", flaw.instance_path())).collect()
}

fn written(which: &str, folder: &Path) -> Value {
    let script = Command::new(root().join("scripts/sbom.sh")).arg(folder).arg(which).output().expect("the script starts");
    assert!(script.status.success(), "{}", text(&script.stderr));
    parsed(&fs::read_to_string(folder.join(format!("{which}.cdx.json"))).expect("the list"))
}

/// Names with versions.
fn parts(list: &Value) -> BTreeSet<String> {
    let called = |part: &Value| {
        let name = [&part["group"], &part["name"]].iter().filter_map(|one| one.as_str()).collect::<Vec<_>>().join("/");
        format!("{name}@{}", part["version"].as_str().expect("a version"))
    };
    list["components"].as_array().expect("components").iter().map(called).collect()
}

#[test]
fn the_list_of_the_pages_parts_is_cyclonedx_and_has_what_its_lock_file_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = written("page", folder.path());
    assert_eq!(flaws(&list), [""; 0]);
    assert_eq!(list["specVersion"], "1.5");
    let lock = parsed(&read("web/package-lock.json"));
    let locked = lock["packages"].as_object().expect("packages").iter();
    let is_shipped = |one: &Value| [&one["dev"], &one["optional"], &one["peer"], &one["devOptional"]].iter().all(|mark| **mark != json!(true));
    let locked: BTreeSet<String> = locked
        .filter(|(place, one)| !place.is_empty() && is_shipped(one))
        .map(|(place, one)| {
            let name = place.rsplit_once("node_modules/").map_or(place.as_str(), |(_, name)| name);
            format!("{name}@{}", one["version"].as_str().expect("a version"))
        })
        .collect();
    assert!(locked.is_subset(&parts(&list)), "{:?} are missing", locked.difference(&parts(&list)).collect::<Vec<_>>());
}

/// Building what writes it takes minutes, so it is asked where it is there.
#[test]
fn the_list_of_the_programs_parts_is_cyclonedx_and_has_what_its_lock_file_has() {
    if Command::new("cargo-cyclonedx").args(["cyclonedx", "--version"]).output().is_err() {
        eprintln!("SKIPPED, the list of the program's parts was not judged: cargo install --locked cargo-cyclonedx");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let list = written("millwright", folder.path());
    assert_eq!(flaws(&list), [""; 0]);
    let lock = read("Cargo.lock");
    let version = lock.split("[[package]]").find(|one| one.contains("name = \"async-graphql\"\n")).and_then(|one| one.split("version = \"").nth(1));
    let version = version.and_then(|rest| rest.split('"').next()).expect("a version");
    assert!(parts(&list).contains(&format!("async-graphql@{version}")));
}

#[test]
fn a_list_that_is_not_cyclonedx_is_found_out() {
    let list = |licence: &str, kind: &str| {
        let part = json!({ "type": kind, "name": "a", "version": "1", "purl": "pkg:cargo/a@1", "licenses": [{ "license": { "id": licence } }] });
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [part] })
    };
    assert_eq!(flaws(&list("MIT", "library")), [""; 0]);
    assert!(!flaws(&list("no licence of SPDX", "library")).is_empty());
    assert!(!flaws(&list("MIT", "crate")).is_empty());
}
