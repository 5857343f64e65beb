//! The language models, and what was said in calls to them: read, asked again, destroyed.

use crate::{
    errors::{bad_input, not_found, not_reached, storage},
    mutation::Asking,
    query::present,
    scalars::{Position, maybe, parse},
    state::{AppState, WAIT_FOR_POSITION},
    types::model_call::{KeptModelCall, ModelCallWords, ModelDeployment, ReplayedModelCall},
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use millwright_commands::{ReplayModelCall, ShredCallWords};
use millwright_domain::{
    Event,
    access::{Deed, Place},
    codec::decode,
    envelope::Answer,
    ids::{CaseId, CauseId},
    kept_call::{KeptWords, Shredding},
    ports::model_desk::{AskAgain, ModelDesk},
    position::PartitionId,
};
use millwright_projections::{
    kept_calls::{self, CallFilter, KeptCallRow},
    open_cases,
};
use std::sync::Arc;
use uuid::Uuid;

/// Calls that one question lists.
const MOST_CALLS: i32 = 500;

#[derive(Default)]
pub struct Models;

#[Object]
impl Models {
    /// The language models that a site's agents may ask, with health and price. Empty: none is configured, and the rules speak alone.
    async fn model_deployments(&self, ctx: &Context<'_>, site: ID) -> Result<Vec<ModelDeployment>> {
        let state = present(ctx, None, "which models there are").await?;
        let site = state.sited(&site, "modelDeployments").await?;
        Ok(state.models.iter().flat_map(|desk| desk.standings(&site)).map(ModelDeployment::from).collect())
    }

    /// Calls to models whose words are kept, the latest first; without the words.
    #[graphql(complexity = "crate::query::times(usize::try_from(first).unwrap_or_default(), child_complexity)")]
    async fn model_calls(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        case: Option<ID>,
        #[graphql(default, desc = "Only those that were answered.")] answered: bool,
        #[graphql(default = 50)] first: i32,
        at_least: Option<Position>,
    ) -> Result<Vec<KeptModelCall>> {
        let state = present(ctx, at_least, "whose words are kept").await?;
        let filter =
            CallFilter { site: state.scope(site.as_ref(), "modelCalls").await?, case: maybe(case.as_ref(), "case")?, answered_only: answered };
        if !(1..=MOST_CALLS).contains(&first) {
            return Err(bad_input(format!("`first` is 1 to {MOST_CALLS}")));
        }
        let rows = kept_calls::latest(&state.projections.ledger(), &filter, first as usize).await.map_err(storage)?;
        let mut calls = vec![];
        for row in rows {
            let is_shredded = is_shredded(state, &row).await?;
            calls.push(KeptModelCall::of(row, is_shredded));
        }
        Ok(calls)
    }

    /// What was asked and answered, word by word, for engineers; `attempt` left out means the last that was answered, or the last.
    async fn model_call(&self, ctx: &Context<'_>, call: ID, attempt: Option<u32>) -> Result<ModelCallWords> {
        let state = present(ctx, None, "what is kept of a call").await?;
        let row = found(state, &call, attempt).await?;
        state.allow(Deed::Engineer, Place { site: Some(&row.site), area: None }, "modelCall").await?;
        Opened::of(state, row).await?.shown(state)
    }
}

/// How many keys to words were destroyed.
#[derive(SimpleObject)]
pub struct ShreddedWords {
    keys: u32,
}

#[derive(Default)]
pub struct Replaying;

#[Object]
impl Replaying {
    /// Asks the same again, with the material of then, of the deployment `with` or of the same: what was answered, and what is now. Held for
    /// on the site's budget as any call. `attempt` as for `modelCall`.
    async fn replay_model_call(
        &self,
        ctx: &Context<'_>,
        call: ID,
        attempt: Option<u32>,
        with: Option<ID>,
        command_id: Option<ID>,
    ) -> Result<ReplayedModelCall> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let (state, again) = (asking.state, asking.id().0);
        let desk = desk(state)?;
        let row = found(state, &call, attempt).await?;
        let with = maybe(with.as_ref(), "with")?;
        let replay = ReplayModelCall { call: row.call, agent: row.agent.clone(), case: row.case, again, with: with.clone() };
        state.allow_command(&PartitionId::site(&row.site), &replay.clone().into(), None).await?;
        let opened = Opened::of(state, row.clone()).await?;
        let answered = asking.answered(&PartitionId::site(&row.site), row.case, replay).await?;
        if let Answer::Refused { reason, .. } = answered.answer {
            return Err(bad_input(reason));
        }
        let asked = AskAgain {
            site: row.site.clone(),
            again,
            with: with.unwrap_or_else(|| row.deployment.clone()),
            words: opened.words.clone(),
            cause: opened.cause.clone(),
        };
        let said = desk.ask_again(asked).await.map_err(bad_input)?;
        Ok(ReplayedModelCall::of(opened.shown(state)?, said))
    }

    /// Destroys the keys to all that was said to models about a case. Hashes and the chain stay; the words can never be read again. What is
    /// asked about it later the same day (UTC) is known by its hash alone.
    async fn shred_call_words(&self, ctx: &Context<'_>, case: ID) -> Result<ShreddedWords> {
        let asking = Asking::new(ctx, None)?;
        let (state, case) = (asking.state, asking.case(parse(&case, "case")?).await?);
        let partition = PartitionId::site(&case.site);
        let shred = |row: &kept_calls::CallKeyRow| ShredCallWords {
            key: row.key.clone(),
            agent: row.agent.clone(),
            case: Some(case.id),
            why: Shredding::Wanted,
        };
        // Also what was said a moment ago.
        let head = state.log.head().await.map_err(storage)?;
        state.projections.reached(&head, WAIT_FOR_POSITION).await.map_err(not_reached)?;
        let rows = kept_calls::keys_of_case(&state.projections.ledger(), case.id).await.map_err(storage)?;
        let mut keys = 0;
        for row in rows.iter().filter(|row| row.shredded_at.is_none()) {
            // Before the key is destroyed, for there is no way back.
            state.allow_command(&partition, &shred(row).into(), None).await?;
            state.vault.forget(&row.key).map_err(storage)?;
            Asking::by(state, None).answered(&partition, Some(case.id), shred(row)).await?;
            keys += 1;
        }
        Ok(ShreddedWords { keys })
    }
}

fn desk(state: &AppState) -> Result<Arc<dyn ModelDesk>> {
    state.models.clone().ok_or_else(|| bad_input("no models are asked here; write some under models.deployments"))
}

async fn found(state: &AppState, call: &ID, attempt: Option<u32>) -> Result<KeptCallRow> {
    let call: Uuid = parse(call, "call")?;
    let mut rows = kept_calls::of_call(&state.projections.ledger(), call).await.map_err(storage)?;
    rows.retain(|row| state.caller.sees(&row.site) && attempt.is_none_or(|attempt| row.attempt == attempt));
    rows.sort_by_key(|row| (row.answered, row.attempt));
    rows.pop().ok_or_else(|| not_found(format!("no call {call} is kept, as far as can be seen here; `modelCalls` lists those that are")))
}

async fn is_shredded(state: &AppState, row: &KeptCallRow) -> Result<bool> {
    let key = kept_calls::key(&state.projections.ledger(), &row.key).await.map_err(storage)?;
    Ok(key.is_some_and(|key| key.shredded_at.is_some()))
}

/// A call whose words could be read.
struct Opened {
    row: KeptCallRow,
    words: KeptWords,
    cause: Option<CauseId>,
}

impl Opened {
    async fn of(state: &AppState, row: KeptCallRow) -> Result<Self> {
        let page = state.log.read_ledger(&row.partition, row.seq, 1).await.map_err(storage)?;
        let record = page.into_items().next().ok_or_else(|| not_found("the ledger does not reach to this call any more"))?.1;
        let Event::ModelCallKept(kept) = decode(&record.bytes).map_err(storage)?.event else {
            return Err(not_found("there is something else at the place of this call; `millwright rebuild` makes the views anew"));
        };
        let sealed = kept
            .words
            .ok_or_else(|| not_found("the words of this call were not kept, only their hash: they were too long, or could not be sealed"))?;
        let text = state.vault.open(&sealed).map_err(storage)?;
        let text = text.ok_or_else(|| not_found("the words of this call were destroyed; their hash is all that is left"))?;
        let words = KeptWords::from_text(&text).map_err(storage)?;
        let cause = match row.case {
            Some(case) => confirmed(state, case).await?,
            None => None,
        };
        Ok(Self { row, words, cause })
    }

    fn shown(self, state: &AppState) -> Result<ModelCallWords> {
        let quality = state.models.as_ref().and_then(|desk| desk.quality(&self.words, self.cause.as_ref()));
        ModelCallWords::of(KeptModelCall::of(self.row, false), self.words, quality)
    }
}

/// What a person found to be the cause of the case.
async fn confirmed(state: &AppState, case: CaseId) -> Result<Option<CauseId>> {
    let row = open_cases::find(&state.projections.ledger(), case).await.map_err(storage)?;
    Ok(row.and_then(|row| {
        let named = row.case.file().and_then(millwright_domain::case::CaseFile::cause).cloned();
        row.outcome.as_ref().and_then(|(outcome, _)| outcome.confirmed_cause(named.as_ref()).cloned())
    }))
}
