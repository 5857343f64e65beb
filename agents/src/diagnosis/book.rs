//! The rules in force, and their replacement while running: a new set is taken as a whole or not at all.

use super::{
    parse::{BadRules, parse},
    rule::Rules,
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum CannotLoad {
    #[error("could not read rules at {}; the rules in force stay", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the rules in force stay")]
    Refused(#[from] BadRules),
}

/// Shared by all who diagnose; each reads the rules in force when it judges.
#[derive(Debug, Clone)]
pub struct RuleBook {
    rules: Arc<RwLock<Arc<Rules>>>,
}

impl RuleBook {
    pub fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(RwLock::new(Arc::new(rules))) }
    }

    /// All `*.yaml` of a folder, by name.
    pub fn read(folder: &Path) -> Result<Rules, CannotLoad> {
        let unreadable = |path: &Path| {
            let path = path.to_path_buf();
            move |cause| CannotLoad::Unreadable { path, cause }
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            paths.push(entry.map_err(unreadable(folder))?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml"));
        paths.sort();
        let mut rules = Vec::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            rules.extend(parse(&text, &path.display().to_string())?);
        }
        Ok(Rules::new(rules))
    }

    pub fn in_force(&self) -> Arc<Rules> {
        // The lock guards one pointer, whole after every statement, so a panic elsewhere does not spoil it.
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts the file's rules in the place of those in force; if it is refused, they stay.
    pub fn replace(&self, yaml: &str, file: &str) -> Result<Arc<Rules>, BadRules> {
        Ok(self.put(Rules::parse(yaml, file)?))
    }

    /// Puts checked rules in force.
    pub fn put(&self, rules: Rules) -> Arc<Rules> {
        let rules = Arc::new(rules);
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&rules);
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_leaves_the_old_rules_in_force() {
        let book = RuleBook::new(Rules::new(vec![]));
        let good = "rules:\n  - cause: leak\n    title: Leak\n    when: [{ of: flow, feature: drift, at_least: 2 }]\n    confidence: 0.6\n    suggests: []\n    explanation: Water goes elsewhere.\n";
        book.replace(good, "good.yaml").unwrap();
        let digest = book.in_force().digest().to_string();
        let refused = book.replace(&good.replace("at_least", "at_lest"), "bad.yaml").unwrap_err();
        assert_eq!((refused.file.as_str(), refused.line), ("bad.yaml", 4));
        assert_eq!(book.in_force().digest(), digest);
    }
}
