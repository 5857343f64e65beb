//! What a person may ask to be done. The rules that allow or refuse it are in `millwright-commands`.

use crate::{
    access::Admission,
    auditing::Verifying,
    crew::{Board, Work},
    errors::{bad_input, not_answered, not_found, storage},
    granting::Granting,
    models::Replaying,
    notes,
    outside::Outside,
    scalars::{maybe, parse},
    state::AppState,
    types::{answer::Answered, case::Outcome},
    watching::Watching,
};
use async_graphql::{Context, ID, MergedObject, Object, Result};
use millwright_commands::{
    self as commands, ApproveAction, Ask, Command, EngageKillSwitch, ForgetPerson, IntroducePerson, LockOutAsset, ProposeAction, RecordOutcome,
    RejectAction, ReleaseKillSwitch, ReturnAssetToService, SetBudget,
};
use millwright_domain::{
    budget::BudgetSet,
    ids::{ActionId, ActorId, AssetId, CaseId, CommandId},
    position::PartitionId,
};
use millwright_projections::{
    actions::{self, ActionRow},
    open_cases::{self, CaseRow},
    principals,
};
use std::sync::OnceLock;

#[derive(Default)]
pub struct Road;

/// What a person may ask to be done.
#[derive(MergedObject, Default)]
pub struct Mutation(Road, Watching, Outside, Granting, Board, Work, Replaying, Verifying);

/// Longer texts than this are no notes.
const MOST_TEXT: usize = 4_000;

#[Object]
impl Road {
    /// Says yes to exactly what `binding` names. Another proposal has another binding.
    async fn approve_action(&self, ctx: &Context<'_>, action: ID, binding: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.action(parse(&action, "action")?).await?;
        let approve = ApproveAction { action: known.proposal.action, binding, via: None };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), approve).await
    }

    async fn reject_action(&self, ctx: &Context<'_>, action: ID, note: Option<String>, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.action(parse(&action, "action")?).await?;
        let reject = RejectAction { action: known.proposal.action, note: asking.sealed(note)? };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), reject).await
    }

    /// Puts forward an action of the site's policy for a case.
    async fn propose_action(&self, ctx: &Context<'_>, case: ID, name: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.case(parse(&case, "case")?).await?;
        let propose = ProposeAction { case: known.id, name: parse(&name, "name")?, because: known.because };
        asking.ask(&PartitionId::site(&known.site), Some(known.id), propose).await
    }

    async fn record_outcome(
        &self,
        ctx: &Context<'_>,
        case: ID,
        outcome: Outcome,
        note: Option<String>,
        true_cause: Option<ID>,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.case(parse(&case, "case")?).await?;
        let record = RecordOutcome {
            case: known.id,
            outcome: outcome.into(),
            true_cause: maybe(true_cause.as_ref(), "trueCause")?,
            note: asking.sealed(note)?,
            evidence: vec![],
        };
        asking.ask(&PartitionId::site(&known.site), Some(known.id), record).await
    }

    /// Somebody works on the machine: nothing may be written to it until it is returned.
    async fn lock_out_asset(&self, ctx: &Context<'_>, site: ID, asset: ID, tag: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let lock_out = LockOutAsset { asset: parse(&asset, "asset")?, tag: asking.sealed_words("tag", tag)? };
        asking.ask(&of_site(&site)?, None, lock_out).await
    }

    async fn return_asset_to_service(&self, ctx: &Context<'_>, site: ID, asset: ID, command_id: Option<ID>) -> Result<Answered> {
        let give_back = ReturnAssetToService { asset: parse(&asset, "asset")? };
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, give_back).await
    }

    /// Nothing may act on the site until it is released.
    async fn engage_kill_switch(&self, ctx: &Context<'_>, site: ID, reason: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let engage = EngageKillSwitch { reason: asking.sealed_words("reason", reason)? };
        asking.ask(&of_site(&site)?, None, engage).await
    }

    async fn release_kill_switch(&self, ctx: &Context<'_>, site: ID, command_id: Option<ID>) -> Result<Answered> {
        Asking::new(ctx, command_id.as_ref())?.ask(&of_site(&site)?, None, ReleaseKillSwitch).await
    }

    /// Limits of a site's token budget. `site` left out means the platform's.
    #[expect(clippy::too_many_arguments, reason = "they are the mutation's own")]
    async fn set_budget(
        &self,
        ctx: &Context<'_>,
        site: Option<ID>,
        scope: String,
        tokens_per_hour: u64,
        tokens_per_day: u64,
        tokens_per_month: Option<u64>,
        #[graphql(default, desc = "The share that ordinary calls leave to critical cases, in percent.")] kept_percent: u8,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let partition = site.as_ref().map_or_else(|| Ok(PartitionId::platform()), of_site)?;
        let set = SetBudget {
            scope: text("scope", scope)?,
            limits: BudgetSet { tokens_per_month, kept_percent: kept_percent.min(100), ..BudgetSet::of(tokens_per_hour, tokens_per_day) },
        };
        Asking::new(ctx, command_id.as_ref())?.ask(&partition, None, set).await
    }

    /// A pseudonym stands for a person from now on; the name is sealed under that person's own key.
    async fn introduce_person(&self, ctx: &Context<'_>, person: ID, name: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let person = parse(&person, "person")?;
        let name = asking.state.vault.seal(&person, &text("name", name)?).map_err(storage)?;
        asking.ask(&PartitionId::platform(), None, IntroducePerson { person, name }).await
    }

    /// Destroys the person's key: name and notes stay on the log and can never be read again. There is no way back.
    async fn forget_person(&self, ctx: &Context<'_>, person: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let person: ActorId = parse(&person, "person")?;
        let forget = ForgetPerson { person: person.clone() };
        // Before the key is destroyed, for there is no way back.
        asking.state.allow_command(&PartitionId::platform(), &forget.clone().into(), None).await?;
        let admins = principals::admins(&asking.state.projections.ledger()).await.map_err(storage)?;
        if admins == [person.clone()] {
            return Err(bad_input("this is the last who can give roles; make somebody else an admin first"));
        }
        asking.state.vault.forget(&person).map_err(storage)?;
        if let Admission::SignIn(door) = &asking.state.admission {
            door.credentials.forget(&person).map_err(storage)?;
        }
        asking.ask(&PartitionId::platform(), None, forget).await
    }
}

pub(crate) fn of_site(site: &ID) -> Result<PartitionId> {
    Ok(PartitionId::site(&parse(site, "site")?))
}

pub(crate) fn text(name: &str, text: String) -> Result<String> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.len() > MOST_TEXT {
        return Err(bad_input(format!("`{name}` takes 1 to {MOST_TEXT} bytes of text")));
    }
    Ok(trimmed.to_string())
}

/// One command on its way, in the name of whoever asks.
pub(crate) struct Asking<'a> {
    pub(crate) state: &'a AppState,
    id: CommandId,
    /// The asset that it is about, once that is known.
    about: OnceLock<AssetId>,
}

impl<'a> Asking<'a> {
    pub(crate) fn new(ctx: &'a Context<'_>, id: Option<&ID>) -> Result<Self> {
        Ok(Self::by(ctx.data()?, maybe(id, "commandId")?))
    }

    pub(crate) fn by(state: &'a AppState, id: Option<CommandId>) -> Self {
        Self { state, id: id.unwrap_or_else(|| CommandId(uuid::Uuid::now_v7())), about: OnceLock::new() }
    }

    pub(crate) const fn id(&self) -> CommandId {
        self.id
    }

    pub(crate) async fn action(&self, action: ActionId) -> Result<ActionRow> {
        let row = actions::find(&self.state.projections.ledger(), action).await.map_err(storage)?;
        let row = row.ok_or_else(|| not_found(format!("no action {action} was proposed, as far as can be seen here")))?;
        self.case(row.case).await?;
        Ok(row)
    }

    pub(crate) async fn case(&self, case: CaseId) -> Result<CaseRow> {
        let row = open_cases::find(&self.state.projections.ledger(), case).await.map_err(storage)?;
        let row = row.filter(|row| self.state.caller.sees(&row.site));
        let row = row.ok_or_else(|| not_found(format!("there is no case {case}, as far as can be seen here")))?;
        self.about.get_or_init(|| row.asset.clone());
        Ok(row)
    }

    pub(crate) fn sealed(&self, note: Option<String>) -> Result<Option<millwright_domain::sealed::Sealed>> {
        let note = note.filter(|note| !note.trim().is_empty()).map(|note| text("note", note)).transpose()?;
        notes::sealed(self.state, note.as_deref()).map_err(storage)
    }

    /// Free words that must be there. They may name a person, so they are sealed like notes.
    pub(crate) fn sealed_words(&self, name: &str, words: String) -> Result<millwright_domain::sealed::Sealed> {
        let words = text(name, words)?;
        self.state.vault.seal(&self.state.caller.who, &words).map_err(storage)
    }

    pub(crate) async fn ask(self, partition: &PartitionId, case: Option<CaseId>, command: impl Into<Command>) -> Result<Answered> {
        let answered = self.answered(partition, case, command).await?;
        Ok(Answered::of(self.id, answered))
    }

    pub(crate) async fn answered(&self, partition: &PartitionId, case: Option<CaseId>, command: impl Into<Command>) -> Result<commands::Answered> {
        let command = command.into();
        self.state.allow_command(partition, &command, self.about.get()).await?;
        let mut ask = Ask::new(self.state.caller.who.clone(), command).with_id(self.id);
        ask.correlation = case.map(|case| case.0);
        self.state.commands.ask(partition, ask).await.map_err(not_answered)
    }
}
