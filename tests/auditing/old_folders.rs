//! Data folders that older programs wrote: kept as they were, opened by this one.
//!
//! One is added with each release that changes what is stored: `tar c log keys answers.db notices.jsonl agents projections past trees checkpoints | xz -9e`
//! of a short demo with a case, once it has ended.

use super::says;
use crate::program::Program;
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command};

fn unpack(archive: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let status = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(to).status().expect("tar runs");
    assert!(status.success(), "{} could not be unpacked; is xz installed?", archive.display());
}

/// How many hold of the site's ledger.
fn checkpoints(verified: &str) -> u32 {
    let said = verified.lines().find_map(|line| line.strip_prefix("ledger/demo: ").filter(|said| said.contains(" checkpoint")));
    said.map_or(0, |said| said.split(' ').next().and_then(|many| many.parse().ok()).unwrap())
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
        let signed = checkpoints(&verified);
        let stats = says(&["log", "stats", "--data", &data_text], at);
        assert!(stats.contains("ledger/demo by type, 0 of types this program does not know"), "{stats}");
        let program = Program::demo(&data, &[]).await;
        let now = "{ cases(first: 5) { nodes { id } } audit(first: 1) { nodes { seq } } logExtent { last } health { ok } }";
        let are_there = |answer: &Value| answer["cases"]["nodes"].as_array().filter(|cases| !cases.is_empty()).map(|_| answer.clone());
        let answer = program.until(now, are_there).await;
        let past = "query($at: DateTime) { cases(first: 5, asOf: $at) { nodes { id } } }";
        let then = program.ask(past, json!({ "at": answer["logExtent"]["last"] })).await;
        // The latest last: it was there when the folder was written.
        let oldest = |answer: &Value| answer["cases"]["nodes"].as_array().and_then(|cases| cases.last().cloned());
        assert_eq!(oldest(&then), oldest(&answer), "the past of {} is folded from its log, whatever was kept of it", archive.display());
        assert!(program.terminate());
        let verified = says(&["audit", "verify", "--readings", "--data", &data_text], at);
        assert!(checkpoints(&verified) > signed, "it goes on, and signs what was there: {verified}");
    }
}
