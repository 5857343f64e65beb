//! The crew of the house: who is asked about each case, and who writes the report.

use super::{foundation::Foundation, models::gateway};
use crate::settings::Settings;
use anyhow::{Context, Result};
use millwright_agents::{
    call_keeper::CallKeeper,
    call_record::CallRecord,
    cast::{
        Crew, ReportWriter, cartographer::Cartographer, checklists::Checklists, hunter::ManualHunter, told_by_model::ModelWeaver,
        triage::AlarmTriage, watchman::Watchman, weaver::PlainWeaver,
    },
    gateway::Around,
    ledger_purse::LedgerPurse,
    manuals::Shelf,
    model_desk::Gateways,
};
use millwright_domain::{
    ids::{ModelClass, SiteId},
    model_call::ModelPolicy,
    position::PartitionId,
};
use millwright_infra::{
    models::{ModelSettings, Rules},
    outward::Outward,
};
use std::sync::Arc;

/// Where imported manuals lie in the data folder.
pub const MANUALS: &str = "manuals";

/// What every site's crew works with, checked once.
pub struct CrewRoom {
    checklists: Arc<Checklists>,
    pub shelf: Arc<Shelf>,
    models: ModelSettings,
    class: ModelClass,
    outward: Outward,
    /// What is asked here again by people.
    pub gateways: Gateways,
}

impl CrewRoom {
    pub fn of(settings: &Settings, outward: &Outward) -> Result<Self> {
        let checklists = Checklists::read(&settings.checklists).with_context(|| format!("in {}", settings.checklists.display()))?;
        Ok(Self {
            checklists: Arc::new(checklists),
            shelf: Arc::new(Shelf::at(settings.data.join(MANUALS))),
            models: settings.models.clone(),
            class: settings.models.report_class.parse().context("the setting `models.report_class`")?,
            outward: outward.clone(),
            gateways: Gateways::default(),
        })
    }

    /// All of it works by rules alone; where models are configured they write better, never more.
    pub fn crew(&self, site: &SiteId, foundation: &Foundation) -> Crew {
        Crew {
            members: vec![
                Arc::new(AlarmTriage { checklists: self.checklists.clone() }),
                Arc::new(ManualHunter { shelf: self.shelf.clone() }),
                Arc::new(Watchman),
                Arc::new(Cartographer),
            ],
            writer: self.writer(site, foundation),
        }
    }

    fn writer(&self, site: &SiteId, foundation: &Foundation) -> Arc<dyn ReportWriter> {
        if self.models.deployments.is_empty() {
            return Arc::new(PlainWeaver);
        }
        let (commands, clock, partition) = (foundation.commands.clone(), foundation.clock.clone(), PartitionId::site(site));
        let record = Arc::new(CallRecord::on(commands.clone(), partition.clone()));
        let purse = Arc::new(LedgerPurse { commands: commands.clone(), clock: clock.clone(), partition: partition.clone() });
        let vault = foundation.vault.clone();
        let observer = Arc::new(CallKeeper { record: record.clone(), commands, vault, clock: clock.clone(), partition });
        let around = Around { plain: Arc::new(Rules), purse, observer, clock: clock.clone() };
        match gateway(&self.models, &self.outward, around) {
            Ok(gateway) => {
                let (gateway, site, class) = (Arc::new(gateway), site.clone(), self.class.clone());
                self.gateways.put(site.clone(), gateway.clone());
                Arc::new(ModelWeaver { gateway, record, clock, site, class, policy: ModelPolicy::default() })
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "models cannot be asked; reports come by rules");
                Arc::new(PlainWeaver)
            }
        }
    }
}
