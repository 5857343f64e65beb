//! What a person may say about alarms, about what is normal, and about how tolerant the monitor is.

use crate::{
    errors::bad_input,
    mutation::{Asking, of_site},
    scalars::parse,
    types::answer::Answered,
};
use async_graphql::{Context, ID, Object, Result};
use millwright_commands::{
    AcknowledgeAlarm, ApproveRelearning, RestoreBaseline, ReturnAlarmToService, SetThreshold, ShelveAlarm, TakeAlarmOutOfService, UnshelveAlarm,
};

#[derive(Default)]
pub struct Watching;

/// Names of detectors are short words of ours.
fn named(detector: String) -> Result<String> {
    let is_a_name = (1..=32).contains(&detector.len()) && detector.bytes().all(|letter| letter.is_ascii_lowercase() || letter == b'_');
    if is_a_name { Ok(detector) } else { Err(bad_input("`detector` is a name as in the list of alarms: `drift`, `mewma`, …")) }
}

#[Object]
impl Watching {
    /// Says that somebody has seen it.
    async fn acknowledge_alarm(&self, ctx: &Context<'_>, site: ID, asset: ID, detector: String, command_id: Option<ID>) -> Result<Answered> {
        let acknowledge = AcknowledgeAlarm { asset: parse(&asset, "asset")?, detector: named(detector)? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, acknowledge).await
    }

    /// It tells nobody for so many minutes, 480 at most; what it sees is recorded all the same.
    #[allow(clippy::too_many_arguments, reason = "they are the mutation's arguments, each named by whoever asks")]
    async fn shelve_alarm(
        &self,
        ctx: &Context<'_>,
        site: ID,
        asset: ID,
        detector: String,
        minutes: u32,
        reason: String,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let shelve =
            ShelveAlarm { asset: parse(&asset, "asset")?, detector: named(detector)?, minutes, reason: asking.sealed_words("reason", reason)? };
        asking.ask(&of_site(&site)?, None, shelve).await
    }

    async fn unshelve_alarm(&self, ctx: &Context<'_>, site: ID, asset: ID, detector: String, command_id: Option<ID>) -> Result<Answered> {
        let unshelve = UnshelveAlarm { asset: parse(&asset, "asset")?, detector: named(detector)? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, unshelve).await
    }

    /// It tells nobody until it is returned to service.
    async fn take_alarm_out_of_service(
        &self,
        ctx: &Context<'_>,
        site: ID,
        asset: ID,
        detector: String,
        reason: String,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let take =
            TakeAlarmOutOfService { asset: parse(&asset, "asset")?, detector: named(detector)?, reason: asking.sealed_words("reason", reason)? };
        asking.ask(&of_site(&site)?, None, take).await
    }

    async fn return_alarm_to_service(&self, ctx: &Context<'_>, site: ID, asset: ID, detector: String, command_id: Option<ID>) -> Result<Answered> {
        let give_back = ReturnAlarmToService { asset: parse(&asset, "asset")?, detector: named(detector)? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, give_back).await
    }

    /// What the asset does from now on is normal: its baselines are learned anew. Refused while a case is open.
    async fn approve_relearning(&self, ctx: &Context<'_>, site: ID, asset: ID, command_id: Option<ID>) -> Result<Answered> {
        let approve = ApproveRelearning { asset: parse(&asset, "asset")? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, approve).await
    }

    /// Takes the latest relearning back.
    async fn restore_baseline(&self, ctx: &Context<'_>, site: ID, asset: ID, command_id: Option<ID>) -> Result<Answered> {
        let restore = RestoreBaseline { asset: parse(&asset, "asset")? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, restore).await
    }

    /// The signal's limits become so many times the configured ones, 0.5 to 3. Outcomes move them no more until it is set to 1.
    async fn set_threshold(&self, ctx: &Context<'_>, site: ID, signal: ID, factor: f64, note: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let set = SetThreshold { signal: parse(&signal, "signal")?, factor, note: asking.sealed_words("note", note)? };
        asking.ask(&of_site(&site)?, None, set).await
    }
}
