//! What answering rests on: projections to ask, commands to give, and who gives them.

use crate::{access::Admission, loaders::Loaders};
use millwright_commands::Commands;
use millwright_domain::{
    access::Access,
    ids::SiteId,
    ports::{
        address_book::AddressBook,
        auditor::Auditor,
        clock::Clock,
        event_log::EventLog,
        inbound::{Inbound, Pressed},
        model_desk::ModelDesk,
        page_view::Pictures,
        plant_control::PlantControl,
        rules_trial::RulesTrial,
        vault::Vault,
    },
};
use millwright_projections::{Pasts, Projections};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How one part of the program is: a collector, the monitor, the executor, …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartHealth {
    pub name: String,
    pub ok: bool,
    pub detail: String,
}

/// Where a setting's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Default,
    File,
    Environment,
    Flag,
}

/// A setting for people to look at; no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    pub key: String,
    pub value: String,
    pub origin: Origin,
    pub doc: String,
    pub default: String,
}

/// Asked at each look at the health.
pub type Parts = Arc<dyn Fn() -> Vec<PartHealth> + Send + Sync>;

/// Asked by each scrape: the figures in the text format of Prometheus.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

#[derive(Clone)]
pub struct AppState {
    pub projections: Projections,
    /// What is asked of them by key.
    pub loaders: Loaders,
    /// The same as of any time before.
    pub pasts: Pasts,
    /// Who tries other rules on what was recorded; `None` where nobody can.
    pub trials: Option<Arc<dyn RulesTrial>>,
    /// Who asks models again what they were asked; `None` where nobody can.
    pub models: Option<Arc<dyn ModelDesk>>,
    pub commands: Commands,
    pub log: Arc<dyn EventLog>,
    pub vault: Arc<dyn Vault>,
    pub clock: Arc<dyn Clock>,
    /// How it is known who asks.
    pub admission: Admission,
    /// Other names than this machine's own that the page is called by.
    pub names: Arc<Vec<String>>,
    /// A proxy of ours says whom it saw.
    pub behind_proxy: bool,
    /// In whose name this is asked, and what she may do. A state of nobody's asking may do nothing.
    pub caller: Arc<Access>,
    /// `None` when no simulated plant runs here.
    pub plant_control: Option<Arc<dyn PlantControl>>,
    /// Who verifies webhooks; `None` where none is listened to.
    pub door: Option<Arc<dyn Inbound>>,
    /// Who shows that a pressed button was taken, where a channel wants that.
    pub pressed: Option<Arc<dyn Pressed>>,
    pub book: Arc<dyn AddressBook>,
    /// Rung when a board of tasks says that something happened there.
    pub bells: Arc<BTreeMap<SiteId, Arc<Notify>>>,
    pub auditor: Arc<dyn Auditor>,
    /// Where inspections keep what the page looked like.
    pub pictures: Arc<dyn Pictures>,
    pub parts: Parts,
    pub settings: Arc<Vec<ShownSetting>>,
    pub metrics: MetricsPage,
    /// Ends open subscriptions, so that the server can drain.
    pub shutdown: CancellationToken,
}

/// The longest that a query waits for its position.
pub(crate) const WAIT_FOR_POSITION: Duration = Duration::from_secs(5);
