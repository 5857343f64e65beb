//! A progress bar on standard error, where a person is there to see it.

use indicatif::{ProgressBar, ProgressStyle};

/// `total` in the unit named; with time left where that can be known.
pub fn bar(total: u64, unit: &str) -> ProgressBar {
    let template = format!("{{bar:40}} {{percent:>3}} %  {{human_pos}} of {{human_len}} {unit}, {{per_sec}}, {{eta}} left");
    ProgressBar::new(total).with_style(ProgressStyle::with_template(&template).expect("a literal template that is one"))
}

/// The most memory that this program has had so far, as the kernel tells it; `None` where no kernel does.
pub fn peak_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim();
    kilobytes.parse::<u64>().ok().map(|kilobytes| kilobytes / 1_024)
}
