//! The ledger as an auditor meets it: checkpoints, proofs, forgotten people, backups, and folders of older programs.

mod backups;
mod heads;
mod old_folders;
mod proofs;

use crate::program::{run, text};
use std::path::Path;

/// Runs `millwright <arguments>` and gives what it said; a failure fails the test.
fn says(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// The same for what has to fail.
fn refuses(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    assert!(!output.status.success(), "{arguments:?} did not fail: {}", text(&output.stdout));
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}
