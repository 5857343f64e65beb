//! What can be watched. Each push carries the position that it shows.

use crate::{
    case_watch::{CaseChange, CaseWatch, Wanted},
    errors::bad_input,
    scalars::{Position, maybe, parse},
    state::AppState,
    trying,
    types::{action::Action, readings::LatestReading, trial::TrialStep},
};
use async_graphql::{Context, ID, Result, SimpleObject, Subscription as GraphqlSubscription};
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use millwright_domain::{
    Timestamp,
    access::{Deed, Place},
    ids::{SignalId, SiteId},
    ports::rules_trial::Trial,
};
use millwright_projections::{Change, actions::ActionRow, live::Live};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::{broadcast, watch};

pub struct Subscription;

/// Live values are pushed no more often than this.
const PUSH_READINGS_EVERY: Duration = Duration::from_millis(250);
/// Signals that one listener may watch at once.
const MOST_SIGNALS: usize = 1_000;

#[derive(SimpleObject)]
pub struct ReadingsChange {
    position: Position,
    readings: Vec<LatestReading>,
}

#[derive(SimpleObject)]
pub struct PendingApprovalsChange {
    position: Position,
    pending_approvals: Vec<Action>,
}

/// Something of a site is other than it was shown: ask again.
#[derive(SimpleObject)]
pub struct PlantChange {
    position: Position,
    /// Description, switches, alarms, baselines or limits.
    plant: bool,
    /// Messages, tickets, people and how they are known, what days came to.
    outside: bool,
    /// Who is on a crew, its tasks and letters.
    crew: bool,
}

#[GraphqlSubscription]
impl Subscription {
    /// At once, and each time that alarms, switches, baselines, limits, cases, messages, people or crews of any site change.
    async fn plant_changed(&self, ctx: &Context<'_>) -> Result<impl Stream<Item = PlantChange> + use<>> {
        let state = ctx.data::<AppState>()?.clone();
        let changes = state.projections.subscribe();
        let watching = PlantWatch { changes, state, first: true };
        Ok(stream::unfold(watching, |mut watching| async move { watching.next().await.map(|change| (change, watching)) }))
    }

    /// Each change of a case, in the order of the ledger. Begins behind `after`, so nothing is missed between a query and its subscription,
    /// and nothing comes twice to whoever gives the position of the last push; without it, with the next change.
    async fn case_changed(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        case: Option<ID>,
        after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<CaseChange>> + use<>> {
        let state = ctx.data::<AppState>()?.clone();
        let wanted = Wanted { site: state.scope(site.as_ref(), "caseChanged").await?, case: maybe(case.as_ref(), "case")? };
        let watching = CaseWatch::new(state, wanted, after.map(|Position(after)| after));
        Ok(stream::unfold(watching, |mut watching| async move { watching.next().await.map(|change| (change, watching)) }))
    }

    /// Live values of these signals, at most one push each 250 ms; the first comes at once with what is known.
    async fn readings_changed(&self, ctx: &Context<'_>, site: ID, signals: Vec<ID>) -> Result<impl Stream<Item = ReadingsChange> + use<>> {
        let state = ctx.data::<AppState>()?.clone();
        if signals.len() > MOST_SIGNALS {
            return Err(bad_input(format!("watch at most {MOST_SIGNALS} signals at once, not {}", signals.len())));
        }
        let signals = signals.iter().map(|signal| parse(signal, "signals")).collect::<Result<Vec<SignalId>>>()?;
        let live = state.projections.live();
        let watching = ReadingsWatch {
            site: state.sited(&site, "readingsChanged").await?,
            signals,
            changes: live.changes(),
            live,
            shown: HashMap::new(),
            state,
            first: true,
        };
        Ok(stream::unfold(watching, |mut watching| async move { watching.next().await.map(|change| (change, watching)) }))
    }

    /// What other rules, or another policy, would have said to what was recorded: how far the trial is, and at last its report. Nothing is
    /// decided by it. `rules` and `policy` are files in YAML; what is left away stays as it is in force. From `from` to `to` it counts.
    async fn try_rules(
        &self,
        ctx: &Context<'_>,
        site: ID,
        rules: Option<String>,
        policy: Option<String>,
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
    ) -> Result<impl Stream<Item = Result<TrialStep>> + use<>> {
        let (state, site) = (ctx.data::<AppState>()?, parse(&site, "site")?);
        state.allow(Deed::Engineer, Place { site: Some(&site), area: None }, "tryRules").await?;
        let trials =
            ctx.data::<AppState>()?.trials.clone().ok_or_else(|| bad_input("this program has no rules to try; ask one that runs a plant"))?;
        if rules.is_none() && policy.is_none() {
            return Err(bad_input("give `rules` or `policy`, or both"));
        }
        let trial = Trial { site, rules, policy, from: from.map(Timestamp::from), to: to.map(Timestamp::from) };
        Ok(trying::steps(trials, trial))
    }

    /// The whole list of what waits for a person, now and at each change: also who has said yes, who else was asked, and how often.
    async fn pending_approvals_changed(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
    ) -> Result<impl Stream<Item = Result<PendingApprovalsChange>> + use<>> {
        let state = ctx.data::<AppState>()?.clone();
        let changes = state.projections.subscribe();
        let watching = ApprovalsWatch { site: state.scope(site.as_ref(), "pendingApprovalsChanged").await?, changes, state, shown: None };
        Ok(stream::unfold(watching, |mut watching| async move { watching.next().await.map(|change| (change, watching)) }))
    }
}

struct PlantWatch {
    changes: broadcast::Receiver<Change>,
    state: AppState,
    first: bool,
}

impl PlantWatch {
    async fn next(&mut self) -> Option<PlantChange> {
        let [plant, outside, crew] = if std::mem::take(&mut self.first) { [false; 3] } else { self.changed().await? };
        Some(PlantChange { position: Position(self.state.projections.position()), plant, outside, crew })
    }

    async fn changed(&mut self) -> Option<[bool; 3]> {
        loop {
            match self.changes.recv().await {
                Ok(change) if change.plant || change.outside || change.crew || !change.cases.is_empty() => {
                    return Some([change.plant, change.outside, change.crew]);
                }
                Ok(_) => {}
                // What was missed may have been anything.
                Err(broadcast::error::RecvError::Lagged(_)) => return Some([true; 3]),
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

struct ReadingsWatch {
    state: AppState,
    live: Arc<Live>,
    site: SiteId,
    signals: Vec<SignalId>,
    changes: watch::Receiver<u64>,
    shown: HashMap<SignalId, Timestamp>,
    first: bool,
}

impl ReadingsWatch {
    async fn next(&mut self) -> Option<ReadingsChange> {
        loop {
            if !std::mem::take(&mut self.first) {
                tokio::time::sleep(PUSH_READINGS_EVERY).await;
                self.changes.changed().await.ok()?;
            }
            let readings = self.news();
            if !readings.is_empty() {
                return Some(ReadingsChange { position: Position(self.state.projections.position()), readings });
            }
        }
    }

    fn news(&mut self) -> Vec<LatestReading> {
        let mut news = Vec::new();
        for signal in &self.signals {
            let Some(newest) = self.live.newest(&self.site, signal) else { continue };
            if self.shown.insert(signal.clone(), newest.at) != Some(newest.at) {
                news.push(LatestReading::from(&newest));
            }
        }
        news
    }
}

struct ApprovalsWatch {
    state: AppState,
    site: Option<SiteId>,
    changes: broadcast::Receiver<Change>,
    shown: Option<Arc<Vec<ActionRow>>>,
}

impl ApprovalsWatch {
    async fn next(&mut self) -> Option<Result<PendingApprovalsChange>> {
        loop {
            if self.shown.is_some()
                && let Err(broadcast::error::RecvError::Closed) = self.changes.recv().await
            {
                return None;
            }
            let position = self.state.projections.position();
            let rows = match self.state.loaders.pending(self.site.as_ref()).await {
                Ok(rows) => rows,
                Err(error) => return Some(Err(error)),
            };
            // All of it: a yes, a delegate or a reminder changes what is shown as much as a new proposal does.
            if self.shown.as_ref() != Some(&rows) {
                let pending_approvals = rows.iter().cloned().map(Action).collect();
                self.shown = Some(rows);
                return Some(Ok(PendingApprovalsChange { position: Position(position), pending_approvals }));
            }
        }
    }
}
