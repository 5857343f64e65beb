//! Signed heads that somebody outside holds: told as they are signed, and enough to know the ledger by.

use super::says;
use crate::program::Program;
use millwright_standin::ear::Ear;
use serde_json::Value;
use std::{
    fs,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(60);
/// What a line with a signature begins with.
const SIGNED: &str = "\n— ";

#[tokio::test]
async fn whoever_is_told_each_signed_head_can_say_later_whether_the_ledger_is_still_theirs() {
    let (folder, ear) = (tempfile::tempdir().unwrap(), Ear::start().await.unwrap());
    let (at, data) = (folder.path(), folder.path().join("data"));
    fs::write(at.join("secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
    let settings = format!(
        "[audit]\ncheckpoint_every_s = 1\npublish_to = [\"webhook:notary\"]\n[outward]\nallow = [\"127.0.0.1\"]\n\
        [messages.webhook.notary]\nurl = \"{}\"\nsecret = \"{}\"\n",
        ear.url("notary"),
        at.join("secret").display()
    );
    fs::write(at.join("m.toml"), settings).unwrap();
    let program = Program::demo(&data, &["--config", &at.join("m.toml").display().to_string()]).await;
    let begun = Instant::now();
    let notes = loop {
        let notes = notes(&ear);
        // Of both partitions, and of one of them a second time.
        let of = |partition: &str| notes.iter().filter(|note| note.lines().next().unwrap().ends_with(partition)).count();
        if of("ledger/_platform") >= 1 && of("ledger/demo") >= 2 {
            break notes;
        }
        assert!(begun.elapsed() < LIMIT, "too few were told: {notes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(program.terminate());
    fs::write(at.join("kept.txt"), notes.join("\n")).unwrap();
    let data = data.display().to_string();
    let verified = says(&["audit", "verify", "--checkpoints", "kept.txt", "--data", &data], at);
    assert!(verified.contains("checkpoints that were kept elsewhere are of this ledger"), "{verified}");
}

/// Each head that was told, once.
fn notes(ear: &Ear) -> Vec<String> {
    let mut notes = vec![];
    for seen in ear.heard() {
        gather(&serde_json::from_str(&seen.text()).unwrap(), &mut notes);
    }
    notes.sort();
    notes.dedup();
    notes
}

fn gather(told: &Value, notes: &mut Vec<String>) {
    match told {
        Value::String(text) if text.contains(SIGNED) => notes.push(text.clone()),
        Value::Object(fields) => fields.values().for_each(|field| gather(field, notes)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, notes)),
        _ => {}
    }
}
