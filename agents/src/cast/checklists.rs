//! What to look at first, by cause: a file that a plant's people edit, read once and checked.

use millwright_domain::ids::CauseId;
use serde::Deserialize;
use std::{collections::BTreeMap, fs, io, path::Path, path::PathBuf};
use thiserror::Error;

/// Lists that go with the program, for a plant that has none of its own.
const BUILT_IN: &str = include_str!("../../../config/checklists.yaml");
const MOST_STEPS: usize = 30;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    pub title: String,
    pub steps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checklists(BTreeMap<CauseId, Checklist>);

#[derive(Debug, Error)]
pub enum BadChecklists {
    #[error("could not read the checklists {}", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the checklists cannot be used; config/checklists.yaml in the sources is an example")]
    NotYaml(#[from] serde_saphyr::Error),
    #[error("the checklist of {cause} has {steps} steps; give it 1 to {MOST_STEPS}")]
    Steps { cause: CauseId, steps: usize },
}

impl Checklists {
    /// The file's, or those that go with the program where there is no file.
    pub fn read(path: &Path) -> Result<Self, BadChecklists> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::parse(BUILT_IN),
            Err(cause) => Err(BadChecklists::Unreadable { path: path.into(), cause }),
        }
    }

    pub fn parse(text: &str) -> Result<Self, BadChecklists> {
        let lists: BTreeMap<CauseId, Checklist> = serde_saphyr::from_str(text)?;
        match lists.iter().find(|(_, list)| list.steps.is_empty() || list.steps.len() > MOST_STEPS) {
            Some((cause, list)) => Err(BadChecklists::Steps { cause: cause.clone(), steps: list.steps.len() }),
            None => Ok(Self(lists)),
        }
    }

    pub fn of(&self, cause: &CauseId) -> Option<&Checklist> {
        self.0.get(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::RuleBook;

    #[test]
    fn every_cause_that_a_rule_can_name_has_a_list() {
        let lists = Checklists::parse(BUILT_IN).unwrap();
        let rules = RuleBook::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/rules")).unwrap();
        let without: Vec<_> = rules.iter().map(|rule| &rule.cause).filter(|cause| lists.of(cause).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn a_list_without_steps_is_refused() {
        assert!(Checklists::parse("bearing_wear: { title: x, steps: [] }").unwrap_err().to_string().contains("bearing_wear has 0 steps"));
        assert!(Checklists::parse("bearing_wear: { steps: [a] }").is_err());
    }
}
