//! What can be asked.

use crate::{
    errors::{bad_input, not_reached, storage},
    scalars::{Position, maybe, parse},
    state::{AppState, WAIT_FOR_POSITION},
    types::{
        action::Action,
        alarm::{Alarm, AlarmPerformance},
        asset_health::AssetHealth,
        audit::{AuditEntry, AuditFilter},
        budget::Budget,
        case::{Case, CaseStatus},
        connection::{Asked, PAGE, connection},
        contact::Contact,
        health::Health,
        notice::Notice,
        plant::{Asset, Plant},
        proof::{self, AuditVerification, Checkpoint, Proof},
        readings::{Point, Resolution, Series},
        similar::FaultPattern,
        summary::Summary,
        ticket::Ticket,
    },
};
use async_graphql::{Context, ID, Object, Result, connection::Connection};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::{
    Timestamp,
    ids::{SignalId, SiteId},
};
use millwright_projections::{
    alarm_performance::performance,
    alarms::{self, AlarmRow},
    asset_health, audit, budget, contacts, house_days,
    notices::outbox,
    open_cases::{self, CaseFilter},
    pending_approvals, readings, tickets,
};

pub struct Query;

/// Points of one curve that one question may ask for.
const MOST_POINTS: usize = 5_000;
/// Lines of the alarm log that one question counts.
const MOST_ALARMS: usize = 200_000;

/// The state, once everything up to `at_least` can be seen.
async fn ready<'a>(ctx: &'a Context<'_>, at_least: Option<Position>) -> Result<&'a AppState> {
    let state = ctx.data::<AppState>()?;
    if let Some(Position(wanted)) = at_least {
        state.projections.reached(&wanted, WAIT_FOR_POSITION).await.map_err(not_reached)?;
    }
    Ok(state)
}

/// How many nodes a connection's answer may hold, for the cost of a question.
fn nodes(first: Option<i32>, last: Option<i32>) -> usize {
    first.or(last).and_then(|asked| usize::try_from(asked).ok()).unwrap_or(PAGE)
}

#[Object]
impl Query {
    /// Every site that was described, with its assets by ISA-95 place.
    async fn plants(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<Plant>> {
        let state = ready(ctx, at_least).await?;
        Ok(state.projections.plants().iter().filter_map(Plant::of).collect())
    }

    async fn plant(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>) -> Result<Option<Plant>> {
        let state = ready(ctx, at_least).await?;
        let site: SiteId = parse(&site, "site")?;
        let plants = state.projections.plants();
        let row = plants.iter().find(|row| row.plant.as_ref().is_some_and(|plant| plant.site == site));
        Ok(row.and_then(Plant::of))
    }

    async fn asset(&self, ctx: &Context<'_>, site: ID, asset: ID, at_least: Option<Position>) -> Result<Option<Asset>> {
        let state = ready(ctx, at_least).await?;
        Ok(Asset::find(state, &parse(&site, "site")?, &parse(&asset, "asset")?))
    }

    /// One signal's curve, oldest first. RAW comes from the log itself, the others from rollups. At most `first` points (5,000 at most);
    /// `truncated` says that there are more, and `to` of the answer where to go on.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "10 + child_complexity")]
    async fn readings(
        &self,
        ctx: &Context<'_>,
        site: ID,
        signal: ID,
        resolution: Resolution,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        #[graphql(default = 1000)] first: i32,
        at_least: Option<Position>,
    ) -> Result<Series> {
        let state = ready(ctx, at_least).await?;
        let limit = usize::try_from(first).ok().filter(|first| (1..=MOST_POINTS).contains(first));
        let limit = limit.ok_or_else(|| bad_input(format!("`first` is a number from 1 to {MOST_POINTS}, not {first}")))?;
        if from > to {
            return Err(bad_input("`from` is not after `to`"));
        }
        let (site_id, signal_id) = (parse(&site, "site")?, parse(&signal, "signal")?);
        let (points, truncated) = curve(state, &site_id, &signal_id, resolution, [from.into(), to.into()], limit).await?;
        let unit = unit_of(state, &site_id, &signal_id);
        let end = points.last().filter(|_| truncated).map_or(to, |last| last.at + step(resolution));
        Ok(Series { site, signal, unit, resolution, from, to: end, points, truncated })
    }

    /// Cases, last opened first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        asset: Option<ID>,
        status: Option<CaseStatus>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
    ) -> Result<Connection<String, Case>> {
        let state = ready(ctx, at_least).await?;
        let open = status.map(|status| status == CaseStatus::Open);
        let filter = CaseFilter { site: maybe(site.as_ref(), "site")?, asset: maybe(asset.as_ref(), "asset")?, open };
        let window = Asked { first, after, last, before }.window()?;
        let page = open_cases::page(&state.projections.ledger(), &filter, &window).await.map_err(storage)?;
        Ok(connection(page, Case))
    }

    async fn case(&self, ctx: &Context<'_>, id: ID, at_least: Option<Position>) -> Result<Option<Case>> {
        let state = ready(ctx, at_least).await?;
        let row = open_cases::find(&state.projections.ledger(), parse(&id, "id")?).await.map_err(storage)?;
        Ok(row.map(Case))
    }

    /// Actions that wait for a person, soonest expiry first.
    #[graphql(complexity = "10 * child_complexity")]
    async fn pending_approvals(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>) -> Result<Vec<Action>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let rows = pending_approvals::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        Ok(rows.into_iter().map(Action).collect())
    }

    async fn asset_health(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>) -> Result<Vec<AssetHealth>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let rows = asset_health::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        Ok(rows.into_iter().map(AssetHealth::from).collect())
    }

    /// Every alarm that was ever raised, latest change first.
    #[graphql(complexity = "10 * child_complexity")]
    async fn alarms(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>) -> Result<Vec<Alarm>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let rows = alarms::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        let plants = state.projections.plants();
        let is_locked = |row: &AlarmRow| plants.iter().any(|plant| plant.is_of(&row.site) && plant.locked_out.contains_key(&row.asset));
        let now = state.clock.now().wall;
        Ok(rows.into_iter().map(|row| Alarm { by_design: is_locked(&row), row, now }).collect())
    }

    /// How well the alarms serve the people, from `from` up to `to` (plant time), a year at most.
    #[graphql(complexity = "50 + child_complexity")]
    async fn alarm_performance(
        &self,
        ctx: &Context<'_>,
        site: ID,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        at_least: Option<Position>,
    ) -> Result<AlarmPerformance> {
        let state = ready(ctx, at_least).await?;
        if from >= to || to - from > TimeDelta::days(366) {
            return Err(bad_input("`from` is before `to`, and at most a year"));
        }
        let (site, span): (SiteId, [Timestamp; 2]) = (parse(&site, "site")?, [from.into(), to.into()]);
        let db = state.projections.ledger();
        let log = alarms::log(&db, &site, span, MOST_ALARMS).await.map_err(storage)?;
        let standing = alarms::all(&db, Some(&site)).await.map_err(storage)?;
        Ok(AlarmPerformance::of(performance(&log, &standing, span), span))
    }

    /// Confirmed faults that look the same on several machines, the most widely seen first.
    #[graphql(complexity = "100 + child_complexity")]
    async fn fault_patterns(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<FaultPattern>> {
        let state = ready(ctx, at_least).await?;
        let found = state.projections.fault_patterns().await.map_err(storage)?;
        Ok(found.into_iter().map(FaultPattern::from).collect())
    }

    /// Every fact on the ledger: who, what, when, why; last recorded first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn audit(
        &self,
        ctx: &Context<'_>,
        filter: Option<AuditFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
    ) -> Result<Connection<String, AuditEntry>> {
        let state = ready(ctx, at_least).await?;
        let window = Asked { first, after, last, before }.window()?;
        let page = audit::page(&state.projections.ledger(), &filter.unwrap_or_default().into(), &window).await.map_err(storage)?;
        Ok(connection(page, AuditEntry))
    }

    /// What is to leave the house, or has: messages and the like, last wanted first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn notices(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        case: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
    ) -> Result<Connection<String, Notice>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let window = Asked { first, after, last, before }.window()?;
        let page = outbox::page(&state.projections.ledger(), site.as_ref(), maybe(case.as_ref(), "case")?, &window).await.map_err(storage)?;
        Ok(connection(page, Notice::from))
    }

    /// What waits for a person: given up, or sent with no telling whether it arrived. The oldest first, 200 at most.
    #[graphql(complexity = "20 * child_complexity")]
    async fn dead_letters(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>) -> Result<Vec<Notice>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let rows = outbox::waiting_for_a_person(&state.projections.ledger(), site.as_ref(), 200).await.map_err(storage)?;
        Ok(rows.into_iter().map(Notice::from).collect())
    }

    /// Tickets of cases, last opened first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "nodes(first, last) * child_complexity")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
    ) -> Result<Connection<String, Ticket>> {
        let state = ready(ctx, at_least).await?;
        let site: Option<SiteId> = maybe(site.as_ref(), "site")?;
        let window = Asked { first, after, last, before }.window()?;
        let page = tickets::page(&state.projections.ledger(), site.as_ref(), &window).await.map_err(storage)?;
        Ok(connection(page, Ticket::from))
    }

    /// How people are known outside.
    #[graphql(complexity = "20 * child_complexity")]
    async fn contacts(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<Contact>> {
        let state = ready(ctx, at_least).await?;
        let rows = contacts::all(&state.projections.ledger()).await.map_err(storage)?;
        let shown = rows.into_iter().map(|row| {
            let address = row.address.as_ref().map(|address| state.vault.open(address)).transpose().map_err(storage)?;
            Ok(Contact::of(row, address.flatten().as_deref()))
        });
        shown.collect()
    }

    /// What days and stretches of work came to, the latest first.
    async fn summaries(&self, ctx: &Context<'_>, site: ID, #[graphql(default = 7)] first: usize, at_least: Option<Position>) -> Result<Vec<Summary>> {
        let state = ready(ctx, at_least).await?;
        let site: SiteId = parse(&site, "site")?;
        let rows = house_days::summaries(&state.projections.ledger(), &site, first.min(100)).await.map_err(storage)?;
        Ok(rows.iter().map(|row| Summary::of(&site, row)).collect())
    }

    async fn budgets(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<Budget>> {
        let state = ready(ctx, at_least).await?;
        let now = state.clock.now().wall;
        let rows = budget::all(&state.projections.ledger()).await.map_err(storage)?;
        Ok(rows.into_iter().map(|row| Budget::of(row, now)).collect())
    }

    /// From a fact to the latest signed checkpoint over it; null while there is none. `json` is a file that can be checked anywhere.
    #[graphql(complexity = "20 + child_complexity")]
    async fn proof(&self, ctx: &Context<'_>, event_id: ID, at_least: Option<Position>) -> Result<Option<Proof>> {
        proof::of_fact(ready(ctx, at_least).await?, &event_id).await
    }

    /// What was signed of a partition, last first.
    #[graphql(complexity = "first * child_complexity")]
    async fn checkpoints(
        &self,
        ctx: &Context<'_>,
        partition: String,
        #[graphql(default = 10)] first: usize,
        at_least: Option<Position>,
    ) -> Result<Vec<Checkpoint>> {
        proof::checkpoints(ready(ctx, at_least).await?, partition, first).await
    }

    /// How the program's own last look through the ledger went; null until the first one has ended.
    async fn audit_verification(&self, ctx: &Context<'_>) -> Result<Option<AuditVerification>> {
        Ok(ctx.data::<AppState>()?.auditor.verification().map(AuditVerification::from))
    }

    async fn health(&self, ctx: &Context<'_>) -> Result<Health> {
        Health::of(ctx.data()?).await.map_err(storage)
    }
}

async fn curve(
    state: &AppState,
    site: &SiteId,
    signal: &SignalId,
    resolution: Resolution,
    range: [Timestamp; 2],
    limit: usize,
) -> Result<(Vec<Point>, bool)> {
    let db = state.projections.readings();
    let Some(period) = resolution.period() else {
        let series = readings::raw(state.log.as_ref(), &db, site, signal, range, limit).await.map_err(storage)?;
        return Ok((series.points.into_iter().map(Point::from).collect(), series.truncated));
    };
    let mut points = readings::rollups(&db, site, signal, period, range, limit + 1).await.map_err(storage)?;
    let truncated = points.len() > limit;
    points.truncate(limit);
    Ok((points.into_iter().map(Point::from).collect(), truncated))
}

fn unit_of(state: &AppState, site: &SiteId, signal: &SignalId) -> Option<String> {
    let plants = state.projections.plants();
    let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == *site)?;
    plant.signal(signal).map(|(_, signal)| signal.unit.to_string())
}

/// What lies between a point and where the next question begins.
fn step(resolution: Resolution) -> TimeDelta {
    resolution.period().map_or(TimeDelta::microseconds(1), |period| TimeDelta::seconds(period.seconds()))
}
