//! The composition root: opens what there is, joins it, starts the workers, and takes it all down in order.
//!
//! Up: log → projections → dispatcher → duties (sites decided, devices collected from, workers) → page. Down is the same road back, so that
//! nothing is asked of a part that has stopped already.

mod address_book;
mod auditing;
mod auditor;
mod boards;
mod broker;
mod checkpoints;
mod columns;
mod connections;
mod crew;
pub mod demo;
mod drops;
mod duties;
pub mod export;
pub mod foundation;
pub mod health;
pub mod import;
mod leases;
pub mod log;
mod looking;
pub mod metrics;
pub mod models;
mod news;
pub mod operator;
mod outside;
mod platform;
pub mod proving;
pub mod replay;
mod rules_file;
pub mod rules_trial;
pub mod scenario;
mod seal;
mod self_audit;
mod serve;
pub mod simulated;
mod site;
mod supervise;
pub mod truth;
mod vitals;
mod workers;

use crate::{
    configured::{Configured, ConfiguredSite},
    settings::{Mode, Settings, shown},
};
use anyhow::{Context, Result};
use auditing::Auditing;
use chrono::TimeDelta;
use crew::CrewRoom;
pub use crew::MANUALS;
use duties::Duties;
use foundation::Foundation;
use health::HealthBoard;
use looking::Looking;
use millwright_agents::{diagnosis::RuleBook, librarian::Librarian, model_desk::Desk};
use millwright_commands::DOOR;
use millwright_domain::{access::Access, ids::ActorId, policy::Policy, ports::plant_control::PlantControl, position::PartitionId, roster::Roster};
use millwright_graphql::{
    AppState, Loaders,
    access::{Admission, Door, DoorSettings},
};
use millwright_infra::oidc;
use millwright_ingest::{
    field::{Field, FieldSettings},
    store::StoreSettings,
};
use millwright_projections::Pasts;
use outside::Outside;
use platform::Platform;
use rules_trial::Trials;
use serve::Served;
use site::{Described, SiteAtWork};
use std::{net::SocketAddr, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use workers::Workshop;

/// A running program.
pub struct App {
    pub foundation: Foundation,
    pub address: SocketAddr,
    sites: Vec<Arc<SiteAtWork>>,
    platform: Arc<Platform>,
    duties: Option<JoinHandle<()>>,
    /// What belongs to no site: the reader of the rules' folder, the upkeep of the figures, the ticket poll, the folding of pasts.
    housekeeping: Vec<JoinHandle<()>>,
    page: JoinHandle<()>,
    /// Each part has a token of its own, cancelled in order.
    stop_page: CancellationToken,
    stop_duties: CancellationToken,
    stop_housekeeping: CancellationToken,
}

/// What a time-lapse adds.
pub struct TimeLapse {
    /// Plant seconds per wall second.
    pub speed: f64,
    pub plant_control: Option<Arc<dyn PlantControl>>,
}

impl Default for TimeLapse {
    fn default() -> Self {
        Self { speed: 1.0, plant_control: None }
    }
}

impl App {
    pub async fn start(settings: &Settings, configured: Configured, foundation: Foundation, lapse: TimeLapse) -> Result<Self> {
        let operator: ActorId = settings.operator.parse().context("the setting `operator`")?;
        let board = HealthBoard::default();
        board.time_lapse(lapse.speed);
        let rules = RuleBook::new(configured.rules.clone());
        let outside = Outside::of(settings, &configured.roster, &foundation, &board)?;
        let crew = CrewRoom::of(settings, &outside.outward)?;
        let Configured { sites, policy, roster, .. } = configured;
        let house = House { policy, roster };
        let auditing = Auditing::of(settings, &foundation, sites.first().map(|site| &site.plant.site));
        let looking = Arc::new(Looking::of(settings, &foundation.clock));
        let yard = Yard {
            settings,
            foundation: &foundation,
            board: &board,
            rules: &rules,
            crew: &crew,
            house: &house,
            outside: &outside,
            auditing: &auditing,
            looking: &looking,
            speed: lapse.speed,
        };
        let sites: Vec<Arc<SiteAtWork>> = yard.sites(sites).into_iter().map(Arc::new).collect();
        let (admission, caller) = admission(settings, &foundation, &outside, &operator)?;
        let platform = Arc::new(Platform {
            log: foundation.log.clone(),
            commands: foundation.commands.clone(),
            projections: foundation.projections.clone(),
            vault: foundation.vault.clone(),
            operator,
            credentials: match &admission {
                Admission::Local => None,
                Admission::SignIn(_) => Some(foundation.credentials.clone()),
            },
            checkpointer: auditing.checkpointer(PartitionId::platform()),
            librarian: Librarian {
                log: foundation.log.clone(),
                commands: foundation.commands.clone(),
                clock: foundation.clock.clone(),
                shelf: crew.shelf.clone(),
                partition: PartitionId::platform(),
            },
            board: board.clone(),
            working: Default::default(),
        });
        let duties = Duties {
            sites: sites.clone(),
            platform: platform.clone(),
            commands: foundation.commands.clone(),
            clock: foundation.clock.clone(),
            board: board.clone(),
        };
        // Before anything is taken over: a node that cannot be asked should not have taken its share.
        let served = Served::at(&settings.http).await?;
        let address = served.address()?;
        looking.served(address, &admission);
        let stop_duties = CancellationToken::new();
        let duties = match &foundation.cluster {
            Some(cluster) => Some(tokio::spawn(Arc::new(duties).follow(cluster.clone(), stop_duties.clone()))),
            None => duties.take_all().await.map(|()| None)?,
        };
        let (stop_housekeeping, stop_page) = (CancellationToken::new(), CancellationToken::new());
        let trials = Trials { log: foundation.log.clone(), book: rules.clone(), monitor: settings.monitor, one_at_a_time: Default::default() };
        let rules_file = rules_file::watch(settings.rules.clone(), rules, board.clone(), foundation.clock.clone(), stop_housekeeping.clone());
        let pasts = Pasts::new(foundation.data.join("past"), foundation.projections.clone(), foundation.log.clone(), lapse.speed);
        let folding = tokio::spawn({
            let (pasts, until) = (pasts.clone(), stop_housekeeping.clone());
            async move { pasts.run(until).await }
        });
        let look = auditing.look(settings, &foundation, &board, &stop_housekeeping);
        let mut housekeeping = vec![rules_file, metrics::tend(stop_housekeeping.clone()), folding, look];
        // It brings news in, as the page does, so it stops when that stops.
        housekeeping.extend(outside.ticket_poll(&foundation, &board, &stop_page));
        let state = AppState {
            projections: foundation.projections.clone(),
            loaders: Loaders::of(&foundation.projections),
            pasts,
            trials: Some(Arc::new(trials)),
            models: Some(Arc::new(Desk { gateways: crew.gateways.clone(), clock: foundation.clock.clone() })),
            commands: foundation.commands.clone(),
            log: foundation.log.clone(),
            vault: foundation.vault.clone(),
            clock: foundation.clock.clone(),
            admission,
            names: Arc::new(settings.http.names.clone()),
            behind_proxy: settings.http.behind_proxy,
            caller,
            plant_control: lapse.plant_control,
            door: outside.door.clone(),
            pressed: outside.pressed.clone(),
            book: outside.book.clone(),
            bells: Arc::new(outside.boards.bells()),
            auditor: auditing.auditor(&foundation),
            pictures: Arc::new(looking::pictures(settings)),
            parts: board.parts(),
            settings: Arc::new(shown(settings)),
            metrics: metrics::page(board.clone(), foundation.projections.clone(), foundation.commands.clone()),
            shutdown: stop_page.clone(),
        };
        let page = tokio::spawn(served.serve(state, stop_page.clone()));
        Ok(Self { foundation, address, sites, platform, duties, housekeeping, page, stop_page, stop_duties, stop_housekeeping })
    }

    /// Drains: no new questions, no new readings, what was begun is finished and recorded.
    pub async fn stop(self) {
        self.stop_page.cancel();
        finished("page", self.page).await;
        self.stop_duties.cancel();
        if let Some(duties) = self.duties {
            finished("duties", duties).await;
        }
        for site in &self.sites {
            site.stop().await;
        }
        self.platform.stop_working(true).await;
        self.stop_housekeeping.cancel();
        for task in self.housekeeping {
            finished("housekeeping", task).await;
        }
        drop((self.sites, self.platform));
        self.foundation.close().await;
    }
}

/// What sites are set to work with.
struct Yard<'a> {
    settings: &'a Settings,
    foundation: &'a Foundation,
    board: &'a HealthBoard,
    rules: &'a RuleBook,
    crew: &'a CrewRoom,
    house: &'a House,
    outside: &'a Outside,
    auditing: &'a Auditing,
    looking: &'a Arc<Looking>,
    speed: f64,
}

/// What holds for every site of the house.
struct House {
    policy: Policy,
    roster: Roster,
}

impl Yard<'_> {
    fn sites(&self, configured: Vec<ConfiguredSite>) -> Vec<SiteAtWork> {
        let alone = configured.len() == 1;
        configured.into_iter().map(|site| self.site(site, alone)).collect()
    }

    fn site(&self, ConfiguredSite { plant, devices }: ConfiguredSite, alone: bool) -> SiteAtWork {
        let Self { settings, foundation, .. } = self;
        let store = StoreSettings { dir: foundation.data.join("spool").join(plant.site.as_str()), max_bytes: settings.store_forward.max_mb << 20 };
        let how = FieldSettings { speed: self.speed, store: Some(store), ..FieldSettings::default() };
        let field = Field::start(&plant, devices, foundation.clock.clone(), foundation.log.clone(), how);
        let field = Arc::new(field);
        self.board.field(&field);
        let limits = settings.budget.limits();
        let workshop = Workshop::new(self, &plant.site, alone);
        let described = Described { plant, policy: self.house.policy.clone(), roster: self.house.roster.clone(), limits };
        SiteAtWork::new(workshop, described, foundation.node.clone(), field, self.outside.messenger.clone())
    }
}

/// Without sign-in whoever reaches the page is the operator; with it, who has shown nothing may do nothing.
fn admission(settings: &Settings, foundation: &Foundation, outside: &Outside, operator: &ActorId) -> Result<(Admission, Arc<Access>)> {
    match settings.access.mode {
        Mode::Local => Ok((Admission::Local, Arc::new(Access::to_everything(operator.clone())))),
        Mode::SignIn => {
            let hours = TimeDelta::hours(settings.access.session_hours.into());
            let providers = oidc::providers(&settings.access.oidc, &settings.http.public_url, &outside.outward, &foundation.credentials);
            let providers = providers.map_err(anyhow::Error::from_boxed).context("the settings under `access.oidc`")?;
            let door_settings = DoorSettings { secure: settings.http.is_secure(), session: hours };
            let door = Door::new(foundation.credentials.clone(), door_settings, providers);
            let nobody = Access { who: DOOR.parse().context("a literal that is a name")?, grants: vec![], at_most: None };
            Ok((Admission::SignIn(Arc::new(door)), Arc::new(nobody)))
        }
    }
}

async fn finished(what: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "{what} ended badly");
    }
}
