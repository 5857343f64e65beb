//! The composition root: opens what there is, joins it, starts the workers, and takes it all down in order.
//!
//! Up: log → projections → dispatcher → plant described → field → workers → page. Down is the same road back, so that
//! nothing is asked of a part that has stopped already.

pub mod demo;
pub mod foundation;
pub mod health;
pub mod import;
pub mod operator;
pub mod replay;
mod rules_file;
pub mod scenario;
mod seal;
pub mod simulated;
mod supervise;
pub mod truth;
mod workers;

use crate::{configured::Configured, settings::Settings};
use anyhow::{Context, Result, bail};
use foundation::Foundation;
use health::HealthBoard;
use millwright_agents::diagnosis::RuleBook;
use millwright_commands::{AdoptPolicy, Ask, Command, DescribePlant, IntroducePerson, SetBudget};
use millwright_domain::{
    budget::BudgetSet,
    envelope::Answer,
    ids::ActorId,
    ports::{plant_control::PlantControl, vault::Vault},
    position::PartitionId,
};
use millwright_graphql::AppState;
use millwright_ingest::field::{Field, FieldSettings};
use std::{net::SocketAddr, sync::Arc};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A running program.
pub struct App {
    pub foundation: Foundation,
    pub address: SocketAddr,
    /// Stops the page; workers and field have tokens of their own, cancelled in order.
    stop_page: CancellationToken,
    stop_workers: CancellationToken,
    page: JoinHandle<()>,
    workers: Vec<JoinHandle<()>>,
    field: Arc<Field>,
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
        let site = PartitionId::site(&configured.plant.site);
        let operator: ActorId = settings.operator.parse().context("the setting `operator`")?;
        let epoch = foundation.commands.serve(site.clone()).await.with_context(|| format!("could not take over {site}"))?;
        foundation.commands.serve(PartitionId::platform()).await.context("could not take over the platform's partition")?;
        describe(settings, &configured, &foundation, &site).await?;
        introduce(&foundation, &operator).await?;

        let board = HealthBoard::default();
        board.time_lapse(lapse.speed);
        let field_settings = FieldSettings { epoch, speed: lapse.speed, ..FieldSettings::default() };
        let field = Field::start(&configured.plant, configured.devices, foundation.clock.clone(), foundation.log.clone(), field_settings);
        let field = Arc::new(field);
        board.field(&field);
        let stop_workers = CancellationToken::new();
        let setting = workers::Setting { settings, foundation: &foundation, site: &site, plant: &configured.plant, field: &field };
        let workers = workers::start(setting, RuleBook::new(configured.rules), &board, &stop_workers);

        let listener = TcpListener::bind(settings.http.listen).await;
        let listener = listener
            .with_context(|| format!("could not listen on {}; is another millwright running? --listen takes another", settings.http.listen))?;
        let address = listener.local_addr().context("the page has no address")?;
        let stop_page = CancellationToken::new();
        let state = AppState {
            projections: foundation.projections.clone(),
            commands: foundation.commands.clone(),
            log: foundation.log.clone(),
            vault: foundation.vault.clone(),
            clock: foundation.clock.clone(),
            operator,
            plant_control: lapse.plant_control,
            parts: board.parts(),
            shutdown: stop_page.clone(),
        };
        let page = tokio::spawn(serve_page(listener, state, stop_page.clone()));
        Ok(Self { foundation, address, stop_page, stop_workers, page, workers, field })
    }

    /// Drains: no new questions, no new readings, what was begun is finished and recorded.
    pub async fn stop(self) {
        self.stop_page.cancel();
        finished("page", self.page).await;
        self.stop_workers.cancel();
        for worker in self.workers {
            finished("worker", worker).await;
        }
        self.field.stop().await;
        self.foundation.close().await;
    }
}

async fn finished(what: &str, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(%error, "{what} ended badly");
    }
}

async fn serve_page(listener: TcpListener, state: AppState, stop: CancellationToken) {
    let served = axum::serve(listener, millwright_graphql::router(state)).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "the page stopped being served");
    }
}

/// Says what the configuration says, where the log does not know it yet.
async fn describe(settings: &Settings, configured: &Configured, foundation: &Foundation, site: &PartitionId) -> Result<()> {
    let limits = BudgetSet { tokens_per_hour: settings.budget.tokens_per_hour, tokens_per_day: settings.budget.tokens_per_day };
    let commands: [Command; 3] = [
        DescribePlant { plant: configured.plant.clone() }.into(),
        AdoptPolicy { policy: configured.policy.clone() }.into(),
        SetBudget { scope: "site".into(), limits }.into(),
    ];
    for command in commands {
        let name = command.name();
        let by = "svc-settings".parse().context("a literal that is a name")?;
        let answered = foundation.commands.ask(site, Ask::new(by, command)).await?;
        if let Answer::Refused { reason, .. } = answered.answer {
            bail!("the configuration was refused by {name}: {reason}");
        }
    }
    Ok(())
}

/// The operator's name is sealed under the operator's own key before it goes anywhere.
async fn introduce(foundation: &Foundation, operator: &ActorId) -> Result<()> {
    let name = foundation.vault.seal(operator, operator.as_str())?;
    let ask = Ask::new("svc-settings".parse()?, IntroducePerson { person: operator.clone(), name });
    let answered = foundation.commands.ask(&PartitionId::platform(), ask).await?;
    match answered.answer {
        Answer::Refused { reason, .. } => bail!("the setting `operator` was refused: {reason}"),
        Answer::Done { .. } | Answer::AlreadySo => Ok(()),
    }
}
