//! The shape of the house, read from ARCHITECTURE.md and held against the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Crate → crates it may use, from the table under "Who may use whom".
fn allowed() -> BTreeMap<String, BTreeSet<String>> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let table = page.split("## Who may use whom").nth(1).expect("the table").split("\n## ").next().expect("its end");
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| crate"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].to_string(), cells[1].split(", ").filter(|name| !name.is_empty()).map(str::to_string).collect())
    })
    .collect()
}

/// Crates of ours under `[dependencies]` of a manifest.
fn used(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(manifest).unwrap_or_else(|error| panic!("{}: {error}", manifest.display()));
    let parsed: toml::Value = toml::from_str(&text).expect("a manifest is TOML");
    let dependencies = parsed.get("dependencies").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    dependencies.keys().filter_map(|name| name.strip_prefix("millwright-").map(str::to_string)).collect()
}

#[test]
fn no_crate_uses_another_that_the_table_does_not_allow() {
    for (name, may_use) in allowed() {
        let manifest = if name == "src" { root().join("Cargo.toml") } else { root().join(&name).join("Cargo.toml") };
        let extra: Vec<String> = used(&manifest).difference(&may_use).cloned().collect();
        assert!(extra.is_empty(), "{name} uses {extra:?}, which ARCHITECTURE.md does not allow");
    }
}

pub fn sources() -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders: Vec<PathBuf> =
        ["domain", "commands", "projections", "ingest", "agents", "graphql", "infra", "src", "tests", "fuzz", "simulation", "standin"]
            .map(|name| root().join(name))
            .into();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_file_is_one_idea_says_so_first_and_is_short() {
    for file in sources() {
        let text = fs::read_to_string(&file).expect("a source file");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{}: the first line says what the file is", file.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{}: {lines} lines; a file is one idea", file.display());
    }
}

/// Where the simulator's ground truth may be named: where it is defined, asked, wired, and judged by.
const MAY_NAME_THE_TRUTH: &[&str] = &[
    "domain/src/",
    "domain/tests/",
    "commands/src/mark_truth.rs",
    "commands/src/command.rs",
    "commands/src/lib.rs",
    "ingest/src/simulator/",
    "agents/src/evaluate/",
    "src/app/truth.rs",
    "tests/",
    "fuzz/",
    // The projections name it to leave it out; their own test shows that they do.
    "projections/src/follow/",
    // The log holds it like any partition; the verifier walks it, too.
    "infra/src/log/",
];

#[test]
fn nothing_that_detects_or_shows_can_see_the_ground_truth() {
    for file in sources() {
        let place = file.strip_prefix(root()).expect("ours").display().to_string();
        if MAY_NAME_THE_TRUTH.iter().any(|allowed| place.starts_with(allowed)) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("a source file");
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in ["GroundTruthMarked", "MarkTruth", "PartitionId::truth", "\"_truth."] {
            assert!(!code.contains(word), "{place} names {word}: only the evaluation may read the ground truth");
        }
    }
}
