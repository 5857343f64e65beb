//! The crew of the house: who is asked about each case, and who writes the report.

use super::{foundation::Foundation, models::gateway};
use crate::settings::Settings;
use anyhow::{Context, Result};
use millwright_agents::{
    call_record::CallRecord,
    cast::{
        Crew, ReportWriter, cartographer::Cartographer, checklists::Checklists, hunter::ManualHunter, told_by_model::ModelWeaver,
        triage::AlarmTriage, watchman::Watchman, weaver::PlainWeaver,
    },
    gateway::Around,
    ledger_purse::LedgerPurse,
    manuals::Shelf,
    office::rules::AgentRules,
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
    shelf: Arc<Shelf>,
    pub rules: Arc<AgentRules>,
    models: ModelSettings,
    class: ModelClass,
    outward: Outward,
}

impl CrewRoom {
    pub fn of(settings: &Settings, outward: &Outward) -> Result<Self> {
        let checklists = Checklists::read(&settings.checklists).with_context(|| format!("in {}", settings.checklists.display()))?;
        let rules = AgentRules::read(&settings.agent_rules).with_context(|| format!("in {}", settings.agent_rules.display()))?;
        Ok(Self {
            rules: Arc::new(rules),
            checklists: Arc::new(checklists),
            shelf: Arc::new(Shelf::at(settings.data.join(MANUALS))),
            models: settings.models.clone(),
            class: settings.models.report_class.parse().context("the setting `models.report_class`")?,
            outward: outward.clone(),
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
        let purse = Arc::new(LedgerPurse { commands, clock: clock.clone(), partition });
        let around = Around { plain: Arc::new(Rules), purse, observer: record.clone(), clock: clock.clone() };
        match gateway(&self.models, &self.outward, around) {
            Ok(gateway) => {
                let (gateway, site, class) = (Arc::new(gateway), site.clone(), self.class.clone());
                Arc::new(ModelWeaver { gateway, record, clock, site, class, policy: ModelPolicy::default() })
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "models cannot be asked; reports come by rules");
                Arc::new(PlainWeaver)
            }
        }
    }
}
