//! The drill: a program under load is backed up, killed, and brought back from the backup.

use super::{refuses, says};
use crate::program::{Program, run, text};
use serde_json::json;
use std::fs;

const ENGAGE: &str = "mutation($reason: String!) { engageKillSwitch(site: \"demo\", reason: $reason) { reason } }";
const RELEASE: &str = "mutation { releaseKillSwitch(site: \"demo\") { reason } }";
const SWITCHED: &str = "{ audit(first: 200, filter: {kind: \"KillSwitchEngaged\"}) { nodes { seq } } }";

#[tokio::test]
async fn what_was_acknowledged_before_a_backup_is_there_after_a_kill_and_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let (at, data) = (folder.path(), folder.path().join("data"));
    let data_text = data.display().to_string();
    let program = Program::demo(&data, &["--speed", "600"]).await;
    for number in 0..20 {
        program.ask(ENGAGE, json!({"reason": format!("drill {number}")})).await;
        program.ask(RELEASE, json!({})).await;
    }
    let copying = std::thread::spawn({
        let (at, data) = (at.to_owned(), data_text.clone());
        move || run(&["backup", "--to", "backup", "--keys", "keys-backup", "--data", &data], &at)
    });
    let mut during = 0;
    while !copying.is_finished() {
        program.ask(ENGAGE, json!({"reason": "during"})).await;
        program.ask(RELEASE, json!({})).await;
        during += 1;
    }
    let made = copying.join().unwrap();
    assert!(made.status.success() && during > 0, "{}{}", text(&made.stdout), text(&made.stderr));
    program.kill();
    assert!(!at.join("backup/keys").exists(), "keys are not in the backup");

    assert!(refuses(&["restore", "--from", "backup", "--to", "data"], at).contains("not empty"));
    let restored = says(&["restore", "--from", "backup", "--to", "again", "--keys", "keys-backup"], at);
    assert!(restored.contains("are what was written"), "{restored}");
    says(&["audit", "verify", "--readings", "--data", "again"], at);
    let again = Program::demo(&at.join("again"), &[]).await;
    let switched = again.until(SWITCHED, |answer| answer["audit"]["nodes"].as_array().map(Vec::len).filter(|count| *count >= 20)).await;
    assert!(switched <= 20 + during, "nothing that was never asked");
    assert!(again.terminate());
    // What people look at is made from the log alone: built once more, it is the same.
    let rebuilt = says(&["rebuild", "--ledger", "--data", "again"], at);
    assert!(rebuilt.contains("swapped in"), "{rebuilt}");

    let file = at.join("backup/log/ledger.db");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert!(refuses(&["restore", "--from", "backup", "--to", "third"], at).contains("not as it was when the backup was made"));
}
