//! What an agent does: it joins, says how it is, takes tasks, delivers, and writes letters. In its own name only.

use super::board::ask;
use crate::{
    errors::{not_reached, storage},
    mutation::{Asking, of_site},
    scalars::{maybe, parse},
    state::WAIT_FOR_POSITION,
    types::{
        answer::Answered,
        crew::{Claimed, FiguresInput, LetterInput, Task, task::FailureClass},
    },
};
use async_graphql::{Context, ID, Object, Result};
use millwright_commands::{
    AcknowledgeLetter, BlockAgent, Claim, ClaimTask, DeliverTask, FailTask, JoinCrew, RenewLease, ReportMetrics, SendLetter, UnblockAgent,
};
use millwright_domain::{
    envelope::Answer,
    ids::{LetterId, derived},
};
use millwright_projections::tasks;

#[derive(Default)]
pub struct Work;

#[Object]
impl Work {
    /// The agent that asks is up, is this, and can do that.
    #[allow(clippy::too_many_arguments, reason = "they are the mutation's arguments, each named by whoever asks")]
    async fn join_crew(
        &self,
        ctx: &Context<'_>,
        site: ID,
        role: ID,
        capabilities: Vec<ID>,
        #[graphql(default = 1)] at_once: u32,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let capabilities = capabilities.iter().map(|one| parse(one, "capabilities")).collect::<Result<_>>()?;
        ask(ctx, &site, command_id, JoinCrew { role: parse(&role, "role")?, capabilities, at_once, reports_every_s: None }).await
    }

    /// How the agent that asks is, each 30 s at most.
    async fn report_metrics(&self, ctx: &Context<'_>, site: ID, figures: FiguresInput, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, ReportMetrics { figures: figures.into() }).await
    }

    /// It says that it cannot work, and takes no tasks until `unblockAgent`.
    async fn block_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, blocker: String, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, BlockAgent { agent: parse(&agent, "agent")?, blocker }).await
    }

    async fn unblock_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, UnblockAgent { agent: parse(&agent, "agent")? }).await
    }

    /// Takes a task, or with `task` left out the most pressing one that the agent can do, for so many seconds. Renew before they are over.
    async fn claim_task(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: Option<ID>,
        #[graphql(default = 120)] lease_s: u32,
        command_id: Option<ID>,
    ) -> Result<Claimed> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let claim = ClaimTask { task: maybe(task.as_ref(), "task")?, lease_s };
        let answered = asking.answered(&of_site(&site)?, None, claim).await?;
        let claimed: Option<Claim> = match &answered.answer {
            Answer::Done { subject: Some(subject), .. } => subject.parse().ok(),
            _ => None,
        };
        let mut shown = None;
        if let Some(claim) = claimed {
            let projections = &asking.state.projections;
            projections.reached(&answered.position, WAIT_FOR_POSITION).await.map_err(not_reached)?;
            shown = tasks::find(&projections.ledger(), claim.task).await.map_err(storage)?;
        }
        Ok(Claimed { answered: Answered::of(asking.id(), answered), task: shown.map(Task) })
    }

    /// For so many seconds more, from now on.
    async fn renew_lease(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: ID,
        fence: u64,
        #[graphql(default = 120)] lease_s: u32,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        ask(ctx, &site, command_id, RenewLease { task: parse(&task, "task")?, fence, lease_s }).await
    }

    /// The result: a text of up to 64 KiB. What is larger lies elsewhere, and the text says where and with which digest.
    async fn deliver_task(&self, ctx: &Context<'_>, site: ID, task: ID, fence: u64, result: String, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, DeliverTask { task: parse(&task, "task")?, fence, result }).await
    }

    /// It did not work. What may be tried again is queued at once, three tries in all.
    #[allow(clippy::too_many_arguments, reason = "they are the mutation's arguments, each named by whoever asks")]
    async fn fail_task(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: ID,
        fence: u64,
        class: FailureClass,
        retryable: bool,
        reason: String,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        ask(ctx, &site, command_id, FailTask { task: parse(&task, "task")?, fence, class: class.into(), retryable, reason }).await
    }

    /// Writes to others of the crew; the answer's subject is the letter. People may, too: their words are sealed.
    async fn send_letter(&self, ctx: &Context<'_>, site: ID, letter: LetterInput, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let (to, case) = (letter.to()?, maybe(letter.case.as_ref(), "case")?);
        let is_person = !asking.state.caller.who.is_service();
        let words = is_person.then(|| asking.sealed_words("body", letter.body.clone())).transpose()?;
        let send = SendLetter {
            letter: LetterId(derived(&asking.id().to_string(), "letter", 0)),
            to,
            kind: letter.kind.into(),
            priority: letter.priority.into(),
            body: if is_person { String::new() } else { letter.body },
            words,
            case,
            task: maybe(letter.task.as_ref(), "task")?,
            in_reply_to: maybe(letter.in_reply_to.as_ref(), "inReplyTo")?,
            requires_ack: letter.requires_ack,
        };
        asking.ask(&of_site(&site)?, case, send).await
    }

    /// Says that it was read. An audit request wants a letter in reply instead.
    async fn acknowledge_letter(&self, ctx: &Context<'_>, site: ID, letter: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, AcknowledgeLetter { letter: parse(&letter, "letter")? }).await
    }
}
