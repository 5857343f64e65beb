//! The crew of the house: who is asked about each case, and who writes the report.

use super::{foundation::Foundation, models::gateway};
use crate::settings::Settings;
use anyhow::{Context, Result};
use millwright_agents::{
    call_keeper::CallKeeper,
    call_record::CallRecord,
    cast::{
        Crew, CrewMember, cartographer::Cartographer, checklists::Checklists, choosing::WithModel, hunter::ManualHunter, told_by_model::ModelWeaver,
        triage::AlarmTriage, voice::Voice, watchman::Watchman, weaver::PlainWeaver,
    },
    gateway::Around,
    ledger_purse::LedgerPurse,
    manuals::Shelf,
    model_desk::Gateways,
    office::rules::AgentRules,
};
use millwright_domain::{
    ids::{ModelClass, SiteId},
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
    pub rules: Arc<AgentRules>,
    models: ModelSettings,
    class: ModelClass,
    outward: Outward,
    /// What is asked here again by people.
    pub gateways: Gateways,
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
            gateways: Gateways::default(),
        })
    }

    /// All of it works by rules alone; where models are configured they choose and word, and never add.
    pub fn crew(&self, site: &SiteId, foundation: &Foundation) -> Crew {
        let members: Vec<Arc<dyn CrewMember>> = vec![
            Arc::new(AlarmTriage { checklists: self.checklists.clone() }),
            Arc::new(ManualHunter { shelf: self.shelf.clone() }),
            Arc::new(Watchman),
            Arc::new(Cartographer),
        ];
        let Some(voice) = self.voice(site, foundation).map(Arc::new) else { return Crew { members, writer: Arc::new(PlainWeaver) } };
        let speaking = |rules| Arc::new(WithModel { rules, voice: voice.clone() }) as Arc<dyn CrewMember>;
        Crew { members: members.into_iter().map(speaking).collect(), writer: Arc::new(ModelWeaver { voice: voice.clone() }) }
    }

    fn voice(&self, site: &SiteId, foundation: &Foundation) -> Option<Voice> {
        if self.models.deployments.is_empty() {
            return None;
        }
        let (log, commands, clock, partition) =
            (foundation.log.clone(), foundation.commands.clone(), foundation.clock.clone(), PartitionId::site(site));
        let record = Arc::new(CallRecord { commands: commands.clone(), partition: partition.clone() });
        let purse = LedgerPurse::of(partition.clone(), log, commands.clone(), clock.clone());
        let vault = foundation.vault.clone();
        let observer = Arc::new(CallKeeper::of(record, commands, vault, clock.clone(), partition));
        let around = Around { plain: Arc::new(Rules), purse: Arc::new(purse), observer, clock: clock.clone() };
        match gateway(&self.models, &self.outward, around) {
            Ok(gateway) => {
                let gateway = Arc::new(gateway);
                self.gateways.put(site.clone(), gateway.clone());
                Some(Voice { gateway, clock, site: site.clone(), class: self.class.clone() })
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "models cannot be asked; the crew goes by its rules");
                None
            }
        }
    }
}
