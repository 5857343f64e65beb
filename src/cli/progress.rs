//! A progress bar on standard error, where a person is there to see it.

use indicatif::{ProgressBar, ProgressStyle};

/// `total` in the unit named; with time left where that can be known.
pub fn bar(total: u64, unit: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {{percent:>3}} %  {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left");
    ProgressBar::new(total).with_style(ProgressStyle::with_template(&template).expect("a literal template that is one"))
}
