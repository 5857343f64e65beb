//! Who is on a site's crew, what it has to do, and what it writes to each other.

use crate::{
    errors::storage,
    query::{nodes, ready},
    scalars::{Position, maybe, parse},
    types::{
        connection::{Asked, connection},
        crew::{
            Agent, Letter, Task,
            letter::LetterState,
            task::{Stage, TaskCount},
        },
    },
};
use async_graphql::{Context, ID, Object, Result, connection::Connection};
use chrono::{DateTime, Utc};
use millwright_domain::letter::{Addressee, in_order};
use millwright_projections::{
    agents,
    letters::{self, LetterFilter, LetterRow},
    tasks::{self, TaskFilter},
};

/// Letters that an agent is shown at once.
const MOST_LETTERS: usize = 500;

#[derive(Default)]
pub struct Crew;

#[Object]
impl Crew {
    /// The crew of a site, by name.
    #[graphql(complexity = "20 * child_complexity")]
    async fn agents(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<Agent>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "agents").await?;
        let rows = agents::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        Ok(rows.into_iter().map(Agent).collect())
    }

    async fn agent(&self, ctx: &Context<'_>, site: ID, agent: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Option<Agent>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "agent").await?;
        let row = agents::find(&state.projections.ledger(), &site, &parse(&agent, "agent")?).await.map_err(storage)?;
        Ok(row.map(Agent))
    }

    /// Tasks, last filed first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn tasks(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        case: Option<ID>,
        stage: Option<Stage>,
        agent: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, Task>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "tasks").await?;
        let (case, agent) = (maybe(case.as_ref(), "case")?, maybe(agent.as_ref(), "agent")?);
        let filter = TaskFilter { site, case, stage: stage.map(Into::into), agent };
        let window = Asked { first, after, last, before }.window()?;
        let page = tasks::page(&state.projections.ledger(), &filter, &window).await.map_err(storage)?;
        Ok(connection(page, Task))
    }

    async fn task(&self, ctx: &Context<'_>, id: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Option<Task>> {
        let state = ready(ctx, at_least, as_of).await?;
        let row = tasks::find(&state.projections.ledger(), parse(&id, "id")?).await.map_err(storage)?;
        Ok(row.filter(|row| state.caller.sees(&row.site)).map(Task))
    }

    /// How many tasks of a site there are at each stage; stages without any are left out.
    async fn task_counts(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<TaskCount>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "taskCounts").await?;
        let counts = tasks::counts(&state.projections.ledger(), &site).await.map_err(storage)?;
        Ok(counts.into_iter().map(|(stage, tasks)| TaskCount { stage: stage.into(), tasks }).collect())
    }

    /// Letters, last written first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn letters(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        case: Option<ID>,
        task: Option<ID>,
        state: Option<LetterState>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, Letter>> {
        let wanted = state;
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "letters").await?;
        let (case, task) = (maybe(case.as_ref(), "case")?, maybe(task.as_ref(), "task")?);
        let filter = LetterFilter { site, case, task, state: wanted.map(Into::into) };
        let window = Asked { first, after, last, before }.window()?;
        let page = letters::page(&state.projections.ledger(), &filter, &window).await.map_err(storage)?;
        Ok(connection(page, Letter))
    }

    /// Letters that wait for an acknowledgement of the agent that asks, the most pressing first. People see all that wait.
    #[graphql(complexity = "50 * child_complexity")]
    async fn inbox(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>) -> Result<Vec<Letter>> {
        let state = ready(ctx, at_least, None).await?;
        let site = state.sited(&site, "inbox").await?;
        let (db, who) = (state.projections.ledger(), &state.caller.who);
        let mut rows = letters::unanswered(&db, &site, MOST_LETTERS).await.map_err(storage)?;
        if who.is_service() {
            let role = agents::find(&db, &site, who).await.map_err(storage)?.map(|row| row.agent.role);
            let is_mine = |row: &LetterRow| match &row.sent.to {
                Addressee::Agent(agent) => agent == who,
                Addressee::Role(one) => role.as_ref() == Some(one),
                Addressee::Everyone => role.is_some(),
            };
            rows.retain(|row| row.sent.from != *who && is_mine(row));
        }
        in_order(&mut rows, state.clock.now().wall, |row| (row.sent.priority, row.sent.at));
        Ok(rows.into_iter().map(Letter).collect())
    }
}
