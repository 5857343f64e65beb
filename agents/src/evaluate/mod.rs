//! How good are we? Recordings with known faults are run through the live detectors, streaming, and scored. Nothing here is used while a plant runs.

pub mod ai4i;
pub mod changepoints;
pub mod cmapss;
pub mod confusion;
pub mod degenerate;
pub mod episodes;
pub mod faults;
pub mod nab;
pub mod plot;
pub mod processes;
pub mod recording;
pub mod report;
pub mod rows;
pub mod run;
pub mod similar;
pub mod truth;

pub use faults::{FaultReport, JudgedCase, Truth};
pub use recording::{Columns, Recording};
pub use report::Report;
pub use run::{CannotEvaluate, Protocol, evaluate, evaluate_skab};
pub use truth::{CannotCompare, compare_with_truth, read_truths, simulated_sites};

/// Recordings that may be absent: the suite says so, and CI has them.
#[cfg(test)]
pub(crate) fn shared(place: &str) -> Option<std::path::PathBuf> {
    let root = std::env::var("MILLWRIGHT_SHARED")
        .map_or_else(|_| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), std::path::PathBuf::from);
    let folder = root.join(place);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is missing; set MILLWRIGHT_SHARED", folder.display());
    eprintln!("skipped: {} is not there; set MILLWRIGHT_SHARED", folder.display());
    None
}
