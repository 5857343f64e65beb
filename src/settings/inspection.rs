//! How often the program holds what it shows against its ledger, with which browser it looks at its page, and how many pictures it keeps.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Inspection {
    /// In seconds; 0 for never.
    pub every_s: u32,
    /// A path or a name; empty for whatever Chromium is there, `none` for no look at the page.
    pub browser: String,
    pub keep_pictures: u32,
    pub keep_days: u32,
}

impl Default for Inspection {
    fn default() -> Self {
        Self { every_s: 900, browser: String::new(), keep_pictures: 500, keep_days: 30 }
    }
}

impl Inspection {
    pub fn checked(&self) -> anyhow::Result<()> {
        let sensible = self.every_s == 0 || (5..=86_400).contains(&self.every_s);
        anyhow::ensure!(sensible, "inspection.every_s is {}; give 5 to 86400 seconds, or 0 for never", self.every_s);
        anyhow::ensure!(self.keep_pictures > 0 && self.keep_days > 0, "inspection.keep_pictures and inspection.keep_days must be at least 1");
        Ok(())
    }
}
