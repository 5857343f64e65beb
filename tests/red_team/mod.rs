//! The red team: planted instructions, lying models, floods and approval tricks. It counts successes, and there must be none.
//!
//! `attacks.json` is the table of texts; `judge.rs` says what would be a success, and a test weakens each guard to see that it says so.

mod judge;
mod people;
mod prompts;
mod purse;
mod running;

use crate::house::start_of_time;
use millwright_domain::{
    Event,
    envelope::{Recorded, StreamId},
    ids::{EventId, derived},
    position::PartitionId,
};
use serde::Deserialize;

/// A text that somebody plants.
#[derive(Debug, Clone, Deserialize)]
pub struct Attack {
    pub name: String,
    /// `{mark}` becomes the attack's mark, `{key}`, `{half}` and `{other}` the key of the prompt's fences, as if it had leaked.
    text: String,
}

impl Attack {
    pub fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("attacks.json")).expect("the table of attacks is one")
    }
    pub fn text(&self, mark: &str, key: &str) -> String {
        let (half, other) = key.split_at(key.len() / 2);
        self.text.replace("{mark}", mark).replace("{key}", key).replace("{half}", half).replace("{other}", other)
    }
}

/// How its words are found again.
pub fn mark(number: usize) -> String {
    format!("XK7Q{number:03}")
}

/// For an attack whose key nobody can know.
pub const NO_KEY: &str = "0123456789abcdef0123456789abcdef";

/// A fact that no rule has looked at, for the judge.
pub fn recorded(seq: u64, stream: StreamId, event: impl Into<Event>) -> Recorded {
    Recorded {
        id: EventId(derived("red", "event", u32::try_from(seq).expect("few"))),
        partition: PartitionId::site(&"demo".parse().expect("a name")),
        seq,
        epoch: 1,
        stream,
        version: seq + 1,
        occurred_at: start_of_time(),
        recorded_at: start_of_time(),
        actor: "svc-gateway".parse().expect("a name"),
        command: None,
        causation: None,
        correlation: Default::default(),
        event: event.into(),
    }
}

#[test]
fn the_table_is_large_and_each_attack_has_a_name_of_its_own() {
    let attacks = Attack::all();
    let names: std::collections::BTreeSet<&str> = attacks.iter().map(|attack| attack.name.as_str()).collect();
    assert!(attacks.len() >= 30 && names.len() == attacks.len(), "{} attacks", attacks.len());
}
