//! What can be asked.

use crate::{
    auditing::Auditing,
    crew::Crew,
    curve::{curve, step, unit_of},
    errors::{bad_input, no_past, not_reached, not_temporal, storage},
    granting::People,
    inspecting::Inspecting,
    models::Models,
    scalars::{Position, maybe, parse},
    state::{AppState, WAIT_FOR_POSITION},
    types::{
        action::Action,
        alarm::{Alarm, AlarmPerformance},
        asset_health::AssetHealth,
        budget::Budget,
        case::{Case, CaseStatus},
        comparison::{Comparison, LogExtent},
        connection::{Asked, PAGE, connection},
        contact::Contact,
        health::Health,
        notice::Notice,
        plant::{Asset, Plant},
        readings::{Resolution, Series},
        similar::FaultPattern,
        summary::Summary,
        ticket::Ticket,
    },
};
use async_graphql::{Context, ID, MergedObject, Object, Result, connection::Connection};
use chrono::{DateTime, TimeDelta, Utc};
use millwright_domain::{
    Timestamp,
    access::{Deed, Place},
    ids::SiteId,
    position::PartitionId,
};
use millwright_projections::{
    alarm_performance::performance,
    alarms::{self, AlarmRow},
    asset_health, budget,
    case_words::Words,
    contacts, house_days,
    notices::outbox,
    open_cases::{self, CaseFilter},
    pending_approvals,
    plant::PlantRow,
    tickets,
};

#[derive(Default)]
pub struct Questions;

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct Query(Questions, Auditing, People, Crew, Models, Inspecting);

/// Points of one curve that one question may ask for.
const MOST_POINTS: usize = 5_000;
/// Lines of the alarm log that one question counts.
const MOST_ALARMS: usize = 200_000;

/// The state, once everything up to `at_least` can be seen; or that of the past that the request is about.
pub(crate) async fn ready<'a>(ctx: &'a Context<'_>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<&'a AppState> {
    let state = ctx.data::<AppState>()?;
    match (state.projections.as_of(), as_of.map(Timestamp::from)) {
        (None, None) => {}
        (Some(shown), Some(asked)) if shown.wall == asked && at_least.is_none() => return Ok(state),
        (_, Some(_)) if at_least.is_some() => return Err(bad_input("a past does not change any more: give asOf or atLeast, not both")),
        (Some(shown), None) => {
            return Err(bad_input(format!("this request is about {}; give this field the same asOf, or ask for it in another", shown.wall)));
        }
        // Never the present in the place of a past.
        (_, Some(asked)) => return Err(bad_input(format!("the state as of {asked} was not looked up; ask for it in a query of its own"))),
    }
    if let Some(Position(wanted)) = at_least {
        state.projections.reached(&wanted, WAIT_FOR_POSITION).await.map_err(not_reached)?;
    }
    Ok(state)
}

/// The state, once everything up to `at_least` can be seen, for what no past can say.
pub(crate) async fn present<'a>(ctx: &'a Context<'_>, at_least: Option<Position>, what: &str) -> Result<&'a AppState> {
    if ctx.data::<AppState>()?.projections.as_of().is_some() {
        return Err(not_temporal(what));
    }
    ready(ctx, at_least, None).await
}

/// So many of something, for the cost of a question. It is no more at some point, so that what is deep enough costs not nothing again.
pub(crate) fn times(count: usize, each: usize) -> usize {
    const MOST: usize = 1 << 40;
    count.saturating_mul(each).min(MOST)
}

/// How many nodes a connection's answer may hold, for the cost of a question.
pub(crate) fn nodes(first: Option<i32>, last: Option<i32>) -> usize {
    first.or(last).and_then(|asked| usize::try_from(asked).ok()).unwrap_or(PAGE)
}

/// What can be asked. `asOf`, where a field takes it, is a time of recording: everything below the field is as it was then, and every
/// field of the request is given the same, but for `logExtent` and `comparison`, which name times of their own. What is only of the
/// present answers `NOT_TEMPORAL`; while a past is being folded the answer
/// is `STILL_REPLAYING` with `done`, `of` and `etaS`: ask again.
#[Object]
impl Questions {
    /// Every site that was described, with its assets by ISA-95 place.
    #[graphql(complexity = "crate::query::times(2, child_complexity)")]
    async fn plants(&self, ctx: &Context<'_>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<Plant>> {
        let state = ready(ctx, at_least, as_of).await?;
        let plants = state.projections.plants();
        let seen = |row: &&PlantRow| row.plant.as_ref().is_some_and(|plant| state.caller.sees(&plant.site));
        Ok(plants.iter().filter(seen).filter_map(Plant::of).collect())
    }

    async fn plant(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Option<Plant>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "plant").await?;
        let plants = state.projections.plants();
        let row = plants.iter().find(|row| row.plant.as_ref().is_some_and(|plant| plant.site == site));
        Ok(row.and_then(Plant::of))
    }

    async fn asset(&self, ctx: &Context<'_>, site: ID, asset: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Option<Asset>> {
        let state = ready(ctx, at_least, as_of).await?;
        Ok(Asset::find(state, &state.sited(&site, "asset").await?, &parse(&asset, "asset")?))
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
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Series> {
        let state = ready(ctx, at_least, as_of).await?;
        let limit = usize::try_from(first).ok().filter(|first| (1..=MOST_POINTS).contains(first));
        let limit = limit.ok_or_else(|| bad_input(format!("`first` is a number from 1 to {MOST_POINTS}, not {first}")))?;
        if from > to {
            return Err(bad_input("`from` is not after `to`"));
        }
        let (site_id, signal_id) = (state.sited(&site, "readings").await?, parse(&signal, "signal")?);
        let (points, truncated) = curve(state, &site_id, &signal_id, resolution, [from.into(), to.into()], limit).await?;
        let unit = unit_of(state, &site_id, &signal_id);
        let end = points.last().filter(|_| truncated).map_or(to, |last| last.at + step(resolution));
        Ok(Series { site, signal, unit, resolution, from, to: end, points, truncated })
    }

    /// Cases, last opened first. `cause` is that of the diagnosis in force, `unknown` where there is none. Of `find` each word has to be in
    /// the machine's id or name, the cause, the stage or the outcome. `from` and `to` are plant time: open at any time from the one until
    /// before the other.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
    async fn cases(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        asset: Option<ID>,
        status: Option<CaseStatus>,
        cause: Option<ID>,
        find: Option<String>,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, Case>> {
        let state = ready(ctx, at_least, as_of).await?;
        let open = status.map(|status| status == CaseStatus::Open);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(bad_input("`from` is not after `to`"));
        }
        let site = state.scope(site.as_ref(), "cases").await?;
        let plants = state.projections.plants();
        let seen = plants.iter().filter(|row| row.plant.as_ref().is_some_and(|plant| state.caller.sees(&plant.site)));
        let words = Words::of(&find.unwrap_or_default(), seen).map_err(|bad| bad_input(format!("find: {bad}")))?;
        let (asset, cause) = (maybe(asset.as_ref(), "asset")?, maybe(cause.as_ref(), "cause")?);
        let filter = CaseFilter { site, asset, open, cause, words, from: from.map(Timestamp::from), to: to.map(Timestamp::from) };
        let window = Asked { first, after, last, before }.window()?;
        let page = open_cases::page(&state.projections.ledger(), &filter, &window).await.map_err(storage)?;
        Ok(connection(page, Case))
    }

    async fn case(&self, ctx: &Context<'_>, id: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Option<Case>> {
        let state = ready(ctx, at_least, as_of).await?;
        let row = open_cases::find(&state.projections.ledger(), parse(&id, "id")?).await.map_err(storage)?;
        Ok(row.filter(|row| state.caller.sees(&row.site)).map(Case))
    }

    /// Actions that wait for a person, soonest expiry first.
    #[graphql(complexity = "crate::query::times(10, child_complexity)")]
    async fn pending_approvals(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<Action>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "pendingApprovals").await?;
        let rows = pending_approvals::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        Ok(rows.into_iter().map(Action).collect())
    }

    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    async fn asset_health(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<AssetHealth>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "assetHealth").await?;
        let rows = asset_health::all(&state.projections.ledger(), site.as_ref()).await.map_err(storage)?;
        Ok(rows.into_iter().map(AssetHealth::from).collect())
    }

    /// Every alarm that was ever raised, latest change first.
    #[graphql(complexity = "crate::query::times(10, child_complexity)")]
    async fn alarms(&self, ctx: &Context<'_>, site: Option<ID>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<Alarm>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "alarms").await?;
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
        as_of: Option<DateTime<Utc>>,
    ) -> Result<AlarmPerformance> {
        let state = ready(ctx, at_least, as_of).await?;
        if from >= to || to - from > TimeDelta::days(366) {
            return Err(bad_input("`from` is before `to`, and at most a year"));
        }
        let (site, span): (SiteId, [Timestamp; 2]) = (state.sited(&site, "alarmPerformance").await?, [from.into(), to.into()]);
        let db = state.projections.ledger();
        let log = alarms::log(&db, &site, span, MOST_ALARMS).await.map_err(storage)?;
        let standing = alarms::all(&db, Some(&site)).await.map_err(storage)?;
        Ok(AlarmPerformance::of(performance(&log, &standing, span), span))
    }

    /// Confirmed faults that look the same on several machines, the most widely seen first.
    #[graphql(complexity = "100 + child_complexity")]
    async fn fault_patterns(&self, ctx: &Context<'_>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<FaultPattern>> {
        let state = ready(ctx, at_least, as_of).await?;
        state.allow(Deed::Look, Place::default(), "faultPatterns").await?;
        let found = state.projections.fault_patterns().await.map_err(storage)?;
        Ok(found.into_iter().map(FaultPattern::from).collect())
    }

    /// What is to leave the house, or has: messages and the like, last wanted first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
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
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, Notice>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "notices").await?;
        let window = Asked { first, after, last, before }.window()?;
        let page = outbox::page(&state.projections.ledger(), site.as_ref(), maybe(case.as_ref(), "case")?, &window).await.map_err(storage)?;
        Ok(connection(page, Notice::from))
    }

    /// What waits for a person: given up, or sent with no telling whether it arrived. The oldest first, 200 at most.
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    async fn dead_letters(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<Notice>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "deadLetters").await?;
        let rows = outbox::waiting_for_a_person(&state.projections.ledger(), site.as_ref(), 200).await.map_err(storage)?;
        Ok(rows.into_iter().map(Notice::from).collect())
    }

    /// Tickets of cases, last opened first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
    async fn tickets(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, Ticket>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.scope(site.as_ref(), "tickets").await?;
        let window = Asked { first, after, last, before }.window()?;
        let page = tickets::page(&state.projections.ledger(), site.as_ref(), &window).await.map_err(storage)?;
        Ok(connection(page, Ticket::from))
    }

    /// How people are known outside.
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    async fn contacts(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<Contact>> {
        let state = present(ctx, at_least, "how people are known").await?;
        state.allow(Deed::Look, Place::default(), "contacts").await?;
        let rows = contacts::all(&state.projections.ledger()).await.map_err(storage)?;
        let shown = rows.into_iter().map(|row| {
            let address = row.address.as_ref().map(|address| state.vault.open(address)).transpose().map_err(storage)?;
            Ok(Contact::of(row, address.flatten().as_deref()))
        });
        shown.collect()
    }

    /// What days and stretches of work came to, the latest first.
    #[graphql(complexity = "crate::query::times(first, child_complexity)")]
    async fn summaries(
        &self,
        ctx: &Context<'_>,
        site: ID,
        #[graphql(default = 7)] first: usize,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<Summary>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "summaries").await?;
        let rows = house_days::summaries(&state.projections.ledger(), &site, first.min(100)).await.map_err(storage)?;
        Ok(rows.iter().map(|row| Summary::of(&site, row)).collect())
    }

    #[graphql(complexity = "crate::query::times(10, child_complexity)")]
    async fn budgets(&self, ctx: &Context<'_>, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Vec<Budget>> {
        let state = ready(ctx, at_least, as_of).await?;
        let now = state.clock.now().wall;
        let rows = budget::all(&state.projections.ledger()).await.map_err(storage)?;
        let seen = |row: &budget::BudgetRow| {
            state.caller.sees_all()
                || row.partition.parse::<PartitionId>().ok().and_then(|one| one.as_site()).is_some_and(|site| state.caller.sees(&site))
        };
        Ok(rows.into_iter().filter(seen).map(|row| Budget::of(row, now)).collect())
    }

    async fn health(&self, ctx: &Context<'_>) -> Result<Health> {
        Health::of(present(ctx, None, "the program's health").await?).await.map_err(storage)
    }

    /// What times of recording `asOf` can name.
    async fn log_extent(&self, ctx: &Context<'_>) -> Result<LogExtent> {
        Ok(ctx.data::<AppState>()?.pasts.extent().await.map_err(no_past)?.into())
    }

    /// Two times of recording held against each other: what is new, gone, or otherwise.
    #[graphql(complexity = "200 + child_complexity")]
    async fn comparison(&self, ctx: &Context<'_>, site: Option<ID>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Comparison> {
        if from > to {
            return Err(bad_input("`from` is not after `to`"));
        }
        let state = ctx.data::<AppState>()?;
        Comparison::of(state, state.scope(site.as_ref(), "comparison").await?, [from.into(), to.into()]).await
    }
}
