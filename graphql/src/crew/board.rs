//! What people say about a crew's work: what is to be done, whether it was done well, and who may go on.

use crate::{
    errors::{bad_input, storage},
    mutation::{Asking, of_site},
    scalars::parse,
    types::{
        answer::Answered,
        crew::{TaskInput, task::BlockReason},
    },
};
use async_graphql::{Context, ID, Object, Result};
use millwright_commands::{
    AcceptTask, BlockTask, ChooseModel, Command, DrainAgent, FileTask, QueueTask, RecordTest, RevertTask, SendBackTask, SpawnAgent, StopAgent,
    UnblockTask,
};
use millwright_domain::{
    crew::posts::test_task,
    ids::{ActorId, TaskId, derived},
    sealed::Sealed,
};
use millwright_projections::agents;

#[derive(Default)]
pub struct Board;

#[Object]
impl Board {
    /// Wants a piece of work done; the answer's subject is the task. What an agent files waits in the backlog for a person.
    async fn file_task(&self, ctx: &Context<'_>, site: ID, task: TaskInput, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let mut input = task;
        let details = persons_words(&asking, input.details.take())?;
        let (queue, id) = (input.queue, TaskId(derived(&asking.id().to_string(), "task", 0)));
        let spec = input.spec(details)?;
        let case = spec.case;
        asking.ask(&of_site(&site)?, case, FileTask { task: id, spec, queue }).await
    }

    /// Files a test task for one agent; the answer's subject is the task. A part of Millwright does it on a prepared case, its result is tested,
    /// and what passes is done; of a program outside a person says.
    async fn test_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let agent: ActorId = parse(&agent, "agent")?;
        let of = asking.state.sited(&site, "testAgent").await?;
        let known = agents::find(&asking.state.projections.ledger(), &of, &agent).await.map_err(storage)?;
        let needs = known.and_then(|row| row.agent.capabilities.first().cloned());
        let needs = needs.ok_or_else(|| bad_input(format!("{agent} is not on the crew of this site; `agents` shows who is")))?;
        let id = TaskId(derived(&asking.id().to_string(), "task", 0));
        asking.ask(&of_site(&site)?, None, FileTask { task: id, spec: test_task(&agent, needs), queue: true }).await
    }

    /// It may be taken, for the first time or after it failed.
    async fn queue_task(&self, ctx: &Context<'_>, site: ID, task: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, QueueTask { task: parse(&task, "task")?, why: None }).await
    }

    /// The result of this fence is what was wanted.
    async fn accept_task(&self, ctx: &Context<'_>, site: ID, task: ID, fence: u64, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, AcceptTask { task: parse(&task, "task")?, fence }).await
    }

    /// The result of this fence is not what was wanted: it is to be done again.
    async fn send_back_task(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: ID,
        fence: u64,
        note: Option<String>,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let send_back = SendBackTask { task: parse(&task, "task")?, fence, note: persons_words(&asking, note)? };
        asking.ask(&of_site(&site)?, None, send_back).await
    }

    /// What a person's test of the result of this fence said.
    #[allow(clippy::too_many_arguments, reason = "they are the mutation's arguments, each named by whoever asks")]
    async fn record_test(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: ID,
        fence: u64,
        passed: bool,
        report: String,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        ask(ctx, &site, command_id, RecordTest { task: parse(&task, "task")?, fence, passed, report }).await
    }

    /// It waits for something. The agent that holds it gives its fence, a person none.
    #[allow(clippy::too_many_arguments, reason = "they are the mutation's arguments, each named by whoever asks")]
    async fn block_task(
        &self,
        ctx: &Context<'_>,
        site: ID,
        task: ID,
        reason: BlockReason,
        fence: Option<u64>,
        note: Option<String>,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let block = BlockTask { task: parse(&task, "task")?, reason: reason.into(), fence, note: persons_words(&asking, note)? };
        asking.ask(&of_site(&site)?, None, block).await
    }

    async fn unblock_task(&self, ctx: &Context<'_>, site: ID, task: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, UnblockTask { task: parse(&task, "task")? }).await
    }

    /// Not wanted any more, or taken back.
    async fn revert_task(&self, ctx: &Context<'_>, site: ID, task: ID, note: Option<String>, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let revert = RevertTask { task: parse(&task, "task")?, note: persons_words(&asking, note)? };
        asking.ask(&of_site(&site)?, None, revert).await
    }

    /// Lets an agent that was stopped, drained or has left join again.
    async fn spawn_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, SpawnAgent { agent: parse(&agent, "agent")? }).await
    }

    /// It takes no more tasks, and ends those that it has.
    async fn drain_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, DrainAgent { agent: parse(&agent, "agent")? }).await
    }

    /// It is no more on the crew, and what it holds goes back into the queue. An agent says it of itself when it ends.
    async fn stop_agent(&self, ctx: &Context<'_>, site: ID, agent: ID, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, StopAgent { agent: parse(&agent, "agent")? }).await
    }

    /// Which model an agent thinks with.
    async fn choose_model(&self, ctx: &Context<'_>, site: ID, agent: ID, model: String, command_id: Option<ID>) -> Result<Answered> {
        ask(ctx, &site, command_id, ChooseModel { agent: parse(&agent, "agent")?, model }).await
    }
}

pub(super) async fn ask(ctx: &Context<'_>, site: &ID, id: Option<ID>, command: impl Into<Command>) -> Result<Answered> {
    Asking::new(ctx, id.as_ref())?.ask(&of_site(site)?, None, command).await
}

/// Sealed under whoever wrote them. A program has no key of its own, and nothing to be forgotten.
fn persons_words(asking: &Asking<'_>, words: Option<String>) -> Result<Option<Sealed>> {
    if words.is_some() && asking.state.caller.who.is_service() {
        return Err(bad_input("a person's own words are for people; what an agent has to say goes into the title, the result or a letter"));
    }
    asking.sealed(words)
}
