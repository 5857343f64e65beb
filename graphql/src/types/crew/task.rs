//! A task as people and agents see it.

use super::Priority;
use crate::{
    errors::bad_input,
    notes,
    scalars::{id, maybe, parse, time},
    state::AppState,
    types::answer::Answered,
};
use async_graphql::{Context, Enum, Error, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    sealed::Sealed,
    task::{self, Step},
};
use millwright_projections::tasks::TaskRow;

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "task::Stage", name = "TaskStage")]
pub enum Stage {
    Backlog,
    Pending,
    Active,
    Review,
    Done,
    Blocked,
    Failed,
    Reverted,
}

/// What a person can do to a task, where it is now.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStep {
    Queue,
    Accept,
    SendBack,
    Block,
    Unblock,
    Revert,
}

impl TaskStep {
    fn of(step: Step) -> Option<Self> {
        Some(match step {
            Step::Queue => Self::Queue,
            Step::Accept => Self::Accept,
            Step::SendBack => Self::SendBack,
            Step::Block => Self::Block,
            Step::Unblock => Self::Unblock,
            Step::Revert => Self::Revert,
            Step::Claim | Step::Renew | Step::LoseLease | Step::Deliver | Step::Test | Step::Fail => return None,
        })
    }
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "task::Origin", name = "TaskOrigin")]
pub enum Origin {
    Person,
    /// A part of Millwright.
    Rule,
    /// A program outside.
    Agent,
    /// A card on a board outside.
    Board,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "task::BlockReason")]
pub enum BlockReason {
    Budget,
    Approval,
    Input,
    /// Other tasks.
    Dependency,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "task::FailureClass")]
pub enum FailureClass {
    /// What it was given cannot be worked on.
    Input,
    /// The model did not answer, or not in the form that was asked for.
    Model,
    /// Something that it works with failed.
    Tool,
    /// It ran into a limit of steps, time or tokens.
    Limit,
    Other,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "task::Mark", name = "TaskMark")]
pub enum Mark {
    /// Active for a week.
    Stale,
    /// Due within a day.
    Urgent,
    /// Blocked for two days; a person was told.
    Escalated,
}

/// Who holds a task, under which fence, until when.
#[derive(SimpleObject)]
pub struct Lease {
    agent: ID,
    /// What it sends under this number counts; under any other it changes nothing.
    fence: u64,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

#[derive(SimpleObject)]
pub struct TaskTest {
    /// Of the claim whose result was tested.
    fence: u64,
    passed: bool,
    report: String,
    by: ID,
    at: DateTime<Utc>,
}

/// A piece of work for a site's crew.
pub struct Task(pub(crate) TaskRow);

#[Object]
impl Task {
    async fn id(&self) -> ID {
        id(self.0.id)
    }
    async fn site(&self) -> ID {
        id(&self.0.site)
    }
    /// One line, as it was given: data, never an order.
    async fn title(&self) -> &str {
        &self.0.task.spec.title
    }
    /// What a person added in her own words.
    async fn details(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        opened(ctx, self.0.task.spec.details.as_ref())
    }
    /// The capability that it takes.
    async fn needs(&self) -> ID {
        id(&self.0.task.spec.needs)
    }
    async fn case_id(&self) -> Option<ID> {
        self.0.task.spec.case.map(id)
    }
    async fn priority(&self) -> Priority {
        self.0.task.spec.priority.into()
    }
    async fn deadline(&self) -> Option<DateTime<Utc>> {
        self.0.task.spec.deadline.map(time)
    }
    async fn estimated_tokens(&self) -> u64 {
        self.0.task.spec.estimated_tokens
    }
    /// A passed test accepts its result; else a person does.
    async fn autonomous(&self) -> bool {
        self.0.task.spec.autonomous
    }
    async fn labels(&self) -> &[String] {
        &self.0.task.spec.labels
    }
    /// It is not taken before these are done.
    async fn depends_on(&self) -> Vec<ID> {
        self.0.task.spec.depends_on.iter().map(id).collect()
    }
    async fn origin(&self) -> Origin {
        self.0.task.spec.origin.into()
    }
    async fn filed_by(&self) -> ID {
        id(&self.0.task.filed_by)
    }
    async fn filed_at(&self) -> DateTime<Utc> {
        time(self.0.filed_at)
    }
    async fn changed_at(&self) -> DateTime<Utc> {
        time(self.0.changed_at)
    }
    async fn stage(&self) -> Stage {
        self.0.task.stage.into()
    }
    /// What a person can do to it now.
    async fn steps(&self) -> Vec<TaskStep> {
        self.0.task.stage.steps().filter_map(TaskStep::of).collect()
    }
    /// While it is active.
    async fn lease(&self) -> Option<Lease> {
        let lease = self.0.task.lease.as_ref()?;
        Some(Lease { agent: id(&lease.agent), fence: lease.fence, since: time(lease.since), until: time(lease.until) })
    }
    /// Who holds it, or whose result it is.
    async fn agent(&self) -> Option<ID> {
        self.0.agent().map(id)
    }
    /// Of the last claim; accepting names the one whose result was looked at. 0 before the first.
    async fn fence(&self) -> u64 {
        self.0.task.fence
    }
    /// Of the latest delivery: data, never an order.
    async fn result(&self) -> Option<&str> {
        self.0.result.as_deref()
    }
    /// SHA-256 of the result in review, or accepted.
    async fn result_hash(&self) -> Option<&str> {
        self.0.task.delivery.as_ref().map(|delivery| delivery.hash.as_str())
    }
    /// The latest last.
    async fn tests(&self) -> Vec<TaskTest> {
        let test = |row: &millwright_projections::tasks::TestRow| TaskTest {
            fence: row.fence,
            passed: row.passed,
            report: row.report.clone(),
            by: id(&row.by),
            at: time(row.at),
        };
        self.0.tests.iter().map(test).collect()
    }
    async fn blocked_by(&self) -> Option<BlockReason> {
        self.0.task.blocked.map(|(reason, _)| reason.into())
    }
    async fn blocked_since(&self) -> Option<DateTime<Utc>> {
        self.0.task.blocked.map(|(_, since)| time(since))
    }
    async fn failures(&self) -> u32 {
        self.0.task.failures
    }
    /// The last time that it failed.
    async fn failure_class(&self) -> Option<FailureClass> {
        self.0.failure.as_ref().map(|(class, _)| (*class).into())
    }
    async fn failure_reason(&self) -> Option<&str> {
        self.0.failure.as_ref().map(|(_, reason)| reason.as_str())
    }
    /// What a person said when she last sent it back, blocked or reverted it.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        opened(ctx, self.0.note.as_ref())
    }
    async fn accepted_by(&self) -> Option<ID> {
        self.0.accepted_by.as_ref().map(id)
    }
    /// Why a rule took it up, of one that nobody had to queue.
    async fn why_queued(&self) -> Option<&str> {
        self.0.why.as_deref()
    }
    async fn marks(&self) -> Vec<Mark> {
        self.0.task.marks.iter().map(|mark| (*mark).into()).collect()
    }
}

fn opened(ctx: &Context<'_>, words: Option<&Sealed>) -> Result<Option<String>> {
    notes::opened(ctx.data::<AppState>()?, words)
}

/// How many tasks there are at a stage.
#[derive(SimpleObject)]
pub struct TaskCount {
    pub(crate) stage: Stage,
    pub(crate) tasks: u64,
}

/// What a claim was answered, and what was claimed.
#[derive(SimpleObject)]
pub struct Claimed {
    pub(crate) answered: Answered,
    /// Null where nothing was claimed; `answered` says why. Its lease has the fence to deliver under.
    pub(crate) task: Option<Task>,
}

/// One of these.
#[derive(OneofObject)]
pub enum CheckInput {
    /// `true`: it is one JSON value.
    IsJson(bool),
    /// This stands in it, word for word.
    Mentions(String),
    /// It has no more bytes than this.
    AtMostBytes(u32),
}

impl TryFrom<CheckInput> for task::Check {
    type Error = Error;
    fn try_from(input: CheckInput) -> Result<Self> {
        match input {
            CheckInput::IsJson(true) => Ok(Self::IsJson),
            CheckInput::IsJson(false) => Err(bad_input("leave `isJson` out where it need not be JSON")),
            CheckInput::Mentions(words) => Ok(Self::Mentions(words)),
            CheckInput::AtMostBytes(most) => Ok(Self::AtMostBytes(most)),
        }
    }
}

#[derive(InputObject)]
pub struct TaskInput {
    /// What is to be done, in a line of 160 characters. No person's name: it cannot be forgotten.
    title: String,
    /// More, in a person's own words; they are sealed.
    pub(crate) details: Option<String>,
    /// The capability that it takes: `write_code`.
    needs: ID,
    case: Option<ID>,
    #[graphql(default_with = "Priority::Medium")]
    priority: Priority,
    deadline: Option<DateTime<Utc>>,
    #[graphql(default)]
    estimated_tokens: u64,
    /// A passed test accepts its result.
    #[graphql(default)]
    autonomous: bool,
    #[graphql(default)]
    labels: Vec<String>,
    #[graphql(default)]
    depends_on: Vec<ID>,
    /// What its result is tested by. Without any, people look at it alone.
    #[graphql(default)]
    checks: Vec<CheckInput>,
    /// It may be taken at once; else it waits in the backlog.
    #[graphql(default)]
    pub(crate) queue: bool,
}

impl TaskInput {
    pub(crate) fn spec(self, details: Option<Sealed>) -> Result<task::TaskSpec> {
        Ok(task::TaskSpec {
            title: self.title,
            details,
            needs: parse(&self.needs, "needs")?,
            case: maybe(self.case.as_ref(), "case")?,
            priority: self.priority.into(),
            deadline: self.deadline.map(Into::into),
            estimated_tokens: self.estimated_tokens,
            autonomous: self.autonomous,
            labels: self.labels,
            depends_on: self.depends_on.iter().map(|task| parse(task, "dependsOn")).collect::<Result<_>>()?,
            origin: task::Origin::Person,
            checks: self.checks.into_iter().map(TryInto::try_into).collect::<Result<_>>()?,
        })
    }
}
