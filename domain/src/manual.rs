//! A maker's manual as it was taken in, facts on `_platform`: which text the crew could cite from when on, and who brought it in.

use crate::{Event, ids::ActorId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Of a title, and of a vendor's name.
pub const LONGEST_TITLE: usize = 200;

/// Said anew when its text changes, or what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManualImported {
    /// Letters, digits and dashes.
    pub name: String,
    pub title: String,
    /// SHA-256 of its text, hex: what a citation can be held against.
    pub revision: String,
    pub pages: u32,
    /// Classes of machines that it is about; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<String>,
    /// Whose machines it is about; empty: anybody's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    /// `None`: it was there before this was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ActorId>,
}

/// It stands on the shelf no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManualRemoved {
    pub name: String,
    /// Which text the crew cites no more.
    pub revision: String,
    /// `None`: its file is gone, and nobody has said who took it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ActorId>,
}

/// What can be cited, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manuals(pub BTreeMap<String, ManualImported>);

impl Manuals {
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::ManualImported(fact) => {
                self.0.insert(fact.name.clone(), fact.clone());
            }
            Event::ManualRemoved(fact) => {
                self.0.remove(&fact.name);
            }
            _ => {}
        }
    }
}
