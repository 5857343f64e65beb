//! The crew of the house: who is asked about each case, and who writes the report.

use crate::settings::Settings;
use anyhow::{Context, Result};
use millwright_agents::{
    cast::{
        Crew, cartographer::Cartographer, checklists::Checklists, hunter::ManualHunter, triage::AlarmTriage, watchman::Watchman, weaver::PlainWeaver,
    },
    manuals::Shelf,
};
use std::sync::Arc;

/// Where imported manuals lie in the data folder.
pub const MANUALS: &str = "manuals";

/// All of it works by rules alone; where models are configured they write better, never more.
pub fn crew(settings: &Settings) -> Result<Crew> {
    let checklists = Checklists::read(&settings.checklists).with_context(|| format!("in {}", settings.checklists.display()))?;
    let shelf = Shelf::at(settings.data.join(MANUALS));
    Ok(Crew {
        members: vec![
            Arc::new(AlarmTriage { checklists: Arc::new(checklists) }),
            Arc::new(ManualHunter { shelf: Arc::new(shelf) }),
            Arc::new(Watchman),
            Arc::new(Cartographer),
        ],
        writer: Arc::new(PlainWeaver),
    })
}
