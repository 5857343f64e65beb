//! Data folders that older programs wrote, kept as they were or made as they would have left them: opened by this one.
//!
//! One is added with each release that changes what is stored: `tar c log keys answers.db notices.jsonl agents | xz -9e` of a short demo.

use super::{run, says};
use crate::program::{Program, text};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn unpack(archive: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let status = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(to).status().expect("tar runs");
    assert!(status.success(), "{} could not be unpacked; is xz installed?", archive.display());
}

#[tokio::test]
async fn a_folder_of_every_older_program_is_read_verified_and_gone_on_with() {
    let archives = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/old_folders");
    let archives: Vec<_> = fs::read_dir(archives).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!archives.is_empty());
    for archive in archives {
        let folder = tempfile::tempdir().unwrap();
        let (at, data) = (folder.path(), folder.path().join("data"));
        unpack(&archive, &data);
        let data_text = data.display().to_string();
        let verified = says(&["audit", "verify", "--readings", "--data", &data_text], at);
        assert!(verified.contains("ledger/demo: ") && verified.contains("readings/0: "), "{verified}");
        let stats = says(&["log", "stats", "--data", &data_text], at);
        assert!(stats.contains("ledger/demo by type, 0 of types this program does not know"), "{stats}");
        let program = Program::demo(&data, &[]).await;
        let cases = "{ cases(first: 5) { nodes { id } } audit(first: 1) { nodes { seq } } health { ok } }";
        program.until(cases, |answer: &Value| answer["cases"]["nodes"].as_array().filter(|cases| !cases.is_empty()).map(Vec::len)).await;
        assert!(program.terminate());
        let verified = says(&["audit", "verify", "--readings", "--data", &data_text], at);
        assert!(verified.contains("ledger/demo: 1 checkpoint holds"), "it goes on, and signs what was there: {verified}");
    }
}

/// Does so to a database of a program that does not run, as an older program would have left it.
async fn made_older(database: &Path, sql: &[&'static str]) {
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(false);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap_or_else(|error| panic!("{}: {error}", database.display()));
    for line in sql {
        sqlx::query(*line).execute(&mut db).await.unwrap_or_else(|error| panic!("{}: {line}: {error}", database.display()));
    }
    db.close().await.unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// What the log can make again is made again where an older program wrote it otherwise: tables, pasts, trees.
#[tokio::test]
async fn what_an_older_program_made_of_the_log_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (at, data) = (folder.path(), folder.path().join("data"));
    let demo = ["demo", "--headless", "--until-closed", "1", "--data", "data", "--listen", "127.0.0.1:0", "--log-level", "info"];
    assert!(run(&demo, at).status.success());
    let program = Program::demo(&data, &[]).await;
    let extent = program.ask("{ logExtent { last } }", json!({})).await["logExtent"]["last"].clone();
    let then = "query($then: DateTime!) { cases(asOf: $then, first: 5) { nodes { id timeline { kind causation } } } }";
    let told = program.ask(then, json!({ "then": extent })).await;
    assert!(told["cases"]["nodes"][0]["timeline"].as_array().is_some_and(|facts| facts.iter().any(|fact| fact["causation"].is_string())), "{told}");
    assert!(program.terminate());

    // Version 3 of the timeline did not know which fact led to which.
    let older = ["ALTER TABLE case_timeline DROP COLUMN causation", "UPDATE projection_versions SET version = 3 WHERE projection = 'case_timeline'"];
    made_older(&data.join("projections/ledger-1.db"), &older).await;
    let pasts: Vec<PathBuf> = files(&data.join("past")).into_iter().filter(|file| file.extension().is_some_and(|end| end == "db")).collect();
    assert!(!pasts.is_empty(), "a past was kept: {:?}", files(&data.join("past")));
    for past in &pasts {
        made_older(past, &older).await;
    }
    let trees = files(&data.join("trees"));
    assert!(!trees.is_empty());
    for tree in &trees {
        fs::write(tree, "the leaves of a former form").unwrap();
    }

    let again = run(&demo, at);
    let said = format!("{}{}", text(&again.stdout), text(&again.stderr));
    assert!(again.status.success() && said.contains("the projections of the ledger are an older program's and are rebuilt"), "{said}");
    let program = Program::demo(&data, &[]).await;
    assert!(data.join("projections/ledger-2.db").exists() && !data.join("projections/ledger-1.db").exists());
    assert_eq!(program.ask(then, json!({ "then": extent })).await, told, "the past is as it was");
    let proof = "query($fact: ID!) { proof(eventId: $fact) { treeSize root } }";
    let facts = program.ask("{ audit(filter: { partition: \"ledger/demo\" }, last: 1) { nodes { id } } }", json!({})).await;
    let proved =
        program.until_with(proof, json!({ "fact": facts["audit"]["nodes"][0]["id"] }), |answer| answer["proof"]["root"].as_str().map(String::from));
    assert_eq!(proved.await.len(), 64);
    assert!(program.terminate());
    let verified = says(&["audit", "verify", "--data", "data"], at);
    assert!(verified.contains("hold"), "{verified}");
}
