//! One of a site's crew as people see it.

use super::Task;
use crate::{
    scalars::{id, time},
    state::AppState,
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::{
    Timestamp,
    agent::{self, Figures},
    agent_alarm::Breach,
    model_call::Usage,
};
use millwright_projections::agents::{AgentHourRow, AgentRow, Sums};

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "agent::AgentStatus")]
pub enum AgentStatus {
    /// Not up: it ended by itself, or a person wants it up and it has not joined yet.
    NotSpawned,
    Idle,
    Active,
    /// It says that it cannot work; `blocker` says why.
    Blocked,
    /// It takes no more tasks.
    Draining,
    /// By a person.
    Stopped,
    /// Not heard for a quarter of an hour.
    Silent,
}

/// In five classes of which none counts what another does.
#[derive(SimpleObject)]
pub struct Tokens {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    output: u64,
    reasoning: u64,
    total: u64,
}

impl From<Usage> for Tokens {
    fn from(used: Usage) -> Self {
        let Usage { input, cache_read, cache_write, output, reasoning } = used;
        Self { input, cache_read, cache_write, output, reasoning, total: used.total() }
    }
}

/// What an agent reported, summed.
#[derive(SimpleObject)]
pub struct AgentSums {
    tokens: Tokens,
    calls: u64,
    errors: u64,
    /// Spent waiting for models.
    inference_ms: u64,
    /// A billionth of a dollar is 1.
    cost_nano_dollars: u64,
}

impl From<Sums> for AgentSums {
    fn from(sums: Sums) -> Self {
        let Sums { tokens, calls, errors, inference_ms, cost_nano_dollars } = sums;
        Self { tokens: tokens.into(), calls, errors, inference_ms, cost_nano_dollars }
    }
}

#[derive(SimpleObject)]
pub struct AgentHour {
    /// When it began.
    hour: DateTime<Utc>,
    sums: AgentSums,
}

impl From<AgentHourRow> for AgentHour {
    fn from(row: AgentHourRow) -> Self {
        Self { hour: time(row.hour), sums: row.sums.into() }
    }
}

/// A figure past a rule's limit; a person was told once.
#[derive(SimpleObject)]
pub struct AgentAlarm {
    /// As the file of rules names it.
    rule: String,
    says: String,
    value: f64,
    limit: f64,
    since: DateTime<Utc>,
}

/// What became of the tasks that an agent took.
#[derive(SimpleObject)]
pub struct AgentWork {
    claimed: u64,
    delivered: u64,
    accepted: u64,
    sent_back: u64,
    failed: u64,
    leases_lost: u64,
    /// Of the results that were judged, those that were accepted: 0 to 1; null before the first.
    accuracy: Option<f64>,
}

/// A part of Millwright, or a program outside, that works on a site's tasks.
pub struct Agent(pub(crate) AgentRow);

#[Object]
impl Agent {
    /// `svc-…` for a part of Millwright, `agent-…` for a program outside.
    async fn id(&self) -> ID {
        id(&self.0.name)
    }
    async fn site(&self) -> ID {
        id(&self.0.site)
    }
    async fn role(&self) -> ID {
        id(&self.0.agent.role)
    }
    /// A program that holds a token.
    async fn outside(&self) -> bool {
        !self.0.name.is_part()
    }
    async fn capabilities(&self) -> Vec<ID> {
        self.0.agent.capabilities.iter().map(id).collect()
    }
    async fn status(&self) -> AgentStatus {
        self.0.status().into()
    }
    async fn blocker(&self) -> Option<&str> {
        self.0.agent.blocker.as_deref()
    }
    /// Cases that it looks into now, beside its tasks.
    async fn on_cases(&self) -> Vec<ID> {
        self.0.on_cases.iter().map(id).collect()
    }
    /// Its figures that are past a rule's limit.
    async fn alarms(&self) -> Vec<AgentAlarm> {
        let alarm = |(breach, at): &(Breach, Timestamp)| AgentAlarm {
            rule: breach.rule.clone(),
            says: breach.says.clone(),
            value: breach.value,
            limit: breach.limit,
            since: time(*at),
        };
        self.0.alarms.iter().map(alarm).collect()
    }
    /// What it holds now.
    #[graphql(complexity = "crate::query::times(10, child_complexity)")]
    async fn tasks(&self, ctx: &Context<'_>) -> Result<Vec<Task>> {
        let state = ctx.data::<AppState>()?;
        let rows = state.loaders.held_by(&self.0.site, &self.0.name).await?;
        Ok(rows.into_iter().map(Task).collect())
    }
    /// Tasks that it works on at once, at most.
    async fn at_once(&self) -> u32 {
        self.0.agent.at_once
    }
    /// The last that it said or did.
    async fn heard_at(&self) -> DateTime<Utc> {
        time(self.0.agent.heard_at)
    }
    async fn joined_at(&self) -> DateTime<Utc> {
        time(self.0.joined_at)
    }
    async fn changed_at(&self) -> DateTime<Utc> {
        time(self.0.changed_at)
    }
    /// What a person chose for it; null: what routing gives it.
    async fn model_chosen(&self) -> Option<&str> {
        self.0.agent.model.as_deref()
    }
    /// As it last reported.
    async fn model_in_use(&self) -> Option<&str> {
        self.0.model_in_use.as_deref()
    }
    /// Of one core, as it last reported. Parts of Millwright are one program: each tells what all of it uses.
    async fn cpu_percent(&self) -> Option<f64> {
        self.0.cpu_percent
    }
    async fn memory_bytes(&self) -> Option<u64> {
        self.0.memory_bytes
    }
    /// Since it first joined.
    async fn sums(&self) -> AgentSums {
        self.0.sums.into()
    }
    async fn work(&self) -> AgentWork {
        let work = &self.0.work;
        AgentWork {
            claimed: work.claimed,
            delivered: work.delivered,
            accepted: work.accepted,
            sent_back: work.sent_back,
            failed: work.failed,
            leases_lost: work.leases_lost,
            accuracy: work.accuracy(),
        }
    }
    /// What it reported hour by hour, the latest first; hours without a report are left out.
    #[graphql(complexity = "crate::query::times(24, child_complexity)")]
    async fn hours(&self, ctx: &Context<'_>, #[graphql(default = 24)] last: u32) -> Result<Vec<AgentHour>> {
        let state = ctx.data::<AppState>()?;
        let last = last.clamp(1, 24 * 31);
        // The first whole hour of the stretch: the same for all agents of a list, however much later the next one asks.
        let since = (state.clock.now().wall - TimeDelta::hours(last.into()) - TimeDelta::microseconds(1)).floor_to(3_600) + TimeDelta::hours(1);
        let rows = state.loaders.hours_of(&self.0.site, &self.0.name, since, last as usize).await?;
        Ok(rows.into_iter().map(AgentHour::from).collect())
    }
}

/// What an agent says of itself. Sums are of what happened since its last report.
#[derive(InputObject)]
pub struct FiguresInput {
    /// Of one core, now.
    cpu_percent: Option<f64>,
    /// Now.
    memory_bytes: Option<u64>,
    #[graphql(default)]
    input_tokens: u64,
    #[graphql(default)]
    cache_read_tokens: u64,
    #[graphql(default)]
    cache_write_tokens: u64,
    #[graphql(default)]
    output_tokens: u64,
    #[graphql(default)]
    reasoning_tokens: u64,
    #[graphql(default)]
    calls: u64,
    #[graphql(default)]
    errors: u64,
    /// Spent waiting for models.
    #[graphql(default)]
    inference_ms: u64,
    /// A billionth of a dollar is 1.
    #[graphql(default)]
    cost_nano_dollars: u64,
    /// The model that it thinks with.
    model: Option<String>,
}

impl From<FiguresInput> for Figures {
    fn from(input: FiguresInput) -> Self {
        Self {
            cpu_percent: input.cpu_percent,
            memory_bytes: input.memory_bytes,
            tokens: Usage {
                input: input.input_tokens,
                cache_read: input.cache_read_tokens,
                cache_write: input.cache_write_tokens,
                output: input.output_tokens,
                reasoning: input.reasoning_tokens,
            },
            calls: input.calls,
            errors: input.errors,
            inference_ms: input.inference_ms,
            cost_nano_dollars: input.cost_nano_dollars,
            model: input.model,
        }
    }
}
