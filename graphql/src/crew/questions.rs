//! Who is on a site's crew, what it has to do, and what it writes to each other.

use crate::{
    errors::storage,
    query::{nodes, present, ready},
    scalars::{Position, maybe, parse},
    types::{
        connection::{Asked, connection},
        crew::{
            Agent, Letter, Task,
            letter::LetterState,
            log::{CrewCosts, WorkKind, WorkStep},
            task::{Stage, TaskCount},
        },
    },
};
use async_graphql::{Context, ID, Object, Result, connection::Connection};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::{
    Timestamp,
    letter::{Addressee, in_order},
};
use millwright_projections::{
    agent_days::{self, AgentDayRow},
    agents,
    letters::{self, LetterFilter, LetterRow},
    tasks::{self, TaskFilter},
    work_log::{self, WorkFilter},
};

/// Letters that an agent is shown at once.
const MOST_LETTERS: usize = 500;

/// Of costs that are shown at once.
const MOST_DAYS: u32 = 92;

#[derive(Default)]
pub struct Crew;

#[Object]
impl Crew {
    /// The crew of a site, by name.
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
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
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
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
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
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

    /// All work, the latest step first: tasks, investigations, model calls, actions, letters, reports.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
    async fn work_log(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        agent: Option<ID>,
        what: Option<WorkKind>,
        case: Option<ID>,
        task: Option<ID>,
        since: Option<DateTime<Utc>>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, WorkStep>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "workLog").await?;
        let (agent, case, task) = (maybe(agent.as_ref(), "agent")?, maybe(case.as_ref(), "case")?, maybe(task.as_ref(), "task")?);
        let filter = WorkFilter { site, agent, what: what.map(Into::into), case, task, since: since.map(Into::into) };
        let window = Asked { first, after, last, before }.window()?;
        let page = work_log::page(&state.projections.ledger(), &filter, &window).await.map_err(storage)?;
        Ok(connection(page, WorkStep::from))
    }

    /// What calls to models cost a site in the last days, by day, agent and model.
    #[graphql(complexity = "crate::query::times(100, child_complexity)")]
    async fn crew_costs(
        &self,
        ctx: &Context<'_>,
        site: ID,
        #[graphql(default = 14)] days: u32,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<CrewCosts> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "crewCosts").await?;
        let today = state.clock.now().wall.floor_to(86_400);
        let days = days.clamp(1, MOST_DAYS);
        let first = today - TimeDelta::days(i64::from(days) - 1);
        let rows = agent_days::since(&state.projections.ledger(), &site, first).await.map_err(storage)?;
        let (cost, tokens) = rows.iter().fold((0_u64, 0_u64), |(cost, tokens), row| {
            (cost.saturating_add(row.sums.cost_nano_dollars), tokens.saturating_add(row.sums.tokens.total()))
        });
        let trend_nano_dollars_a_day = trend(&rows, first, today);
        Ok(CrewCosts { days: rows.into_iter().map(Into::into).collect(), cost_nano_dollars: cost, tokens, trend_nano_dollars_a_day })
    }

    /// Letters that wait for an acknowledgement of the agent that asks, the most pressing first. People see all that wait.
    #[graphql(complexity = "crate::query::times(50, child_complexity)")]
    async fn inbox(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>) -> Result<Vec<Letter>> {
        let state = present(ctx, at_least, "what waits for an agent").await?;
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

/// The slope of the straight line that lies closest to the cost of the whole days since the first with any; today is not over and not in it.
fn trend(rows: &[AgentDayRow], first: Timestamp, today: Timestamp) -> Option<f64> {
    let begin = rows.iter().map(|row| row.day).min()?.max(first);
    let many = usize::try_from(today.since(begin).num_days()).ok()?;
    if many < 3 {
        return None;
    }
    let mut costs = vec![0.0; many];
    for row in rows {
        let place = usize::try_from(row.day.since(begin).num_days()).ok();
        if let Some(cost) = place.and_then(|place| costs.get_mut(place)) {
            *cost += row.sums.cost_nano_dollars as f64;
        }
    }
    let middle = (many as f64 - 1.0) / 2.0;
    let mean = costs.iter().sum::<f64>() / many as f64;
    let (mut both, mut width) = (0.0, 0.0);
    for (place, cost) in costs.iter().enumerate() {
        let from_middle = place as f64 - middle;
        both += from_middle * (cost - mean);
        width += from_middle * from_middle;
    }
    Some(both / width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_projections::agents::Sums;

    #[test]
    fn the_trend_is_the_slope_over_the_whole_days_that_there_were() {
        let today: Timestamp = "2026-02-10T00:00:00Z".parse().unwrap();
        let day = |days_ago: i64, cost: u64| AgentDayRow {
            site: "demo".parse().unwrap(),
            agent: "agent-coder".parse().unwrap(),
            model: String::new(),
            day: today - TimeDelta::days(days_ago),
            sums: Sums { cost_nano_dollars: cost, ..Sums::default() },
        };
        let rows = [day(4, 10), day(3, 20), day(2, 15), day(2, 15), day(1, 40), day(0, 999)];
        let slope = trend(&rows, today - TimeDelta::days(13), today).unwrap();
        assert!((slope - 10.0).abs() < 1e-9, "{slope}");
        assert_eq!(trend(&rows[3..], today - TimeDelta::days(13), today), None, "two days make no trend");
    }
}
