//! `evaluate similar`: labelled episodes of faults; is the right past case found first, in foreign units, at another rate, with more noise?

pub mod disturb;
mod folder;
mod manifest;
pub(crate) mod process;
mod report;
mod run;

pub use folder::{BadFolder, Labelled, Reading, read_folder};
pub use manifest::{BadManifest, Role};
pub use report::{Figures, Ranked, SimilarReport};
pub use run::{CannotCompareEpisodes, SimilarOptions, compare_episodes, evaluate_similar};

#[cfg(test)]
mod memory_tests;
#[cfg(test)]
mod signature_tests;
