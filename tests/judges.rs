//! Programs of others that judge what we ship in deploy/, as scripts/judge.sh finds them.

use crate::{compose::root, program::text};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

/// The words that start it, or nothing where it cannot be had: loudly, and on CI that is a failure.
pub fn place_of(name: &str) -> Option<Vec<String>> {
    let found = Command::new(root().join("scripts/judge.sh")).arg(name).stdin(Stdio::null()).output().expect("the script starts");
    if !found.status.success() {
        let why = format!("no {name} could be had: {}", text(&found.stderr));
        assert!(std::env::var("CI").is_err(), "{why}");
        eprintln!("SKIPPED, this was not judged: {why}");
        return None;
    }
    Some(text(&found.stdout).split_whitespace().map(str::to_string).collect())
}

/// What it says.
pub fn judged(name: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    let words = place_of(name)?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(arguments).current_dir(folder).stdin(Stdio::null());
    Some(command.output().unwrap_or_else(|error| panic!("{name}: {error}")))
}
