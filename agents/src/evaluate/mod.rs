//! How good are we? Recordings with known faults are run through the live detectors, streaming, and scored. Nothing here is used while a plant runs.

pub mod changepoints;
pub mod episodes;
pub mod faults;
pub mod recording;
pub mod report;
pub mod rows;
pub mod run;
pub mod truth;

pub use faults::{FaultReport, JudgedCase, Truth};
pub use recording::{Columns, Recording};
pub use report::Report;
pub use run::{CannotEvaluate, Protocol, evaluate, evaluate_skab};
pub use truth::{CannotCompare, compare_with_truth, read_truths};
