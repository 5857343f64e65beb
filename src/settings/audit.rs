//! How the ledger is made checkable for others: checkpoints, who is told of them, and how the program looks through it itself.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// What this log is called in its checkpoints: an address without `https://` that is yours, such as `example.com/millwright`.
    pub name: String,
    /// How often each partition of the ledger gets a signed checkpoint, in seconds.
    pub checkpoint_every_s: u32,
    /// Who else is to hold checkpoints: `webhook:<program>` or `mqtt:<topic>`.
    pub publish_to: Vec<String>,
    /// How often the program verifies its own ledger, in hours; 0 for never.
    pub verify_every_h: u32,
    /// How fast it does that at most, so that nothing else waits.
    pub verify_mb_per_s: u32,
}

impl Default for Audit {
    fn default() -> Self {
        Self { name: "millwright".into(), checkpoint_every_s: 3_600, publish_to: vec![], verify_every_h: 24, verify_mb_per_s: 20 }
    }
}

impl Audit {
    pub fn checked(&self) -> anyhow::Result<()> {
        let plain = !self.name.is_empty() && !self.name.contains(|c: char| c.is_whitespace() || c == '+');
        anyhow::ensure!(plain, "audit.name is {:?}; use an address such as example.com/millwright, without spaces or '+'", self.name);
        anyhow::ensure!(self.verify_mb_per_s > 0, "audit.verify_mb_per_s must be at least 1; verify_every_h = 0 switches it off");
        for target in &self.publish_to {
            let known = matches!(target.split_once(':'), Some(("webhook" | "mqtt", rest)) if !rest.is_empty());
            anyhow::ensure!(known, "audit.publish_to holds {target:?}; use webhook:<program> or mqtt:<topic>");
        }
        Ok(())
    }
}
