//! Programs of others that judge what we ship in deploy/, as scripts/judge.sh finds them.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use crate::{compose::root, program::text};

/// What it says, or nothing where it cannot be had: loudly, and on CI that is a failure.
pub fn judged(name: &str, arguments: &[&str], folder: &Path) -> Option<Output> {
    let found = Command::new(root().join("scripts/judge.sh")).arg(name).stdin(Stdio::null()).output().expect("the script starts");
    if !found.status.success() {
        let why = format!("no {name} could be had: {}", text(&found.stderr));
        assert!(std::env::var("CI").is_err(), "{why}");
        eprintln!("SKIPPED, this was not judged: {why}");
        return None;
    }
    let found = text(&found.stdout);
    let mut words = found.split_whitespace();
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).args(arguments).current_dir(folder).stdin(Stdio::null());
    Some(command.output().unwrap_or_else(|error| panic!("{name}: {error}")))
}
