//! What a person may say about what leaves the house and who is behind an address: try again, drop, enrol; and more ways to answer a question.

use crate::{
    errors::{bad_input, not_found, storage},
    mutation::{Asking, text},
    scalars::{Position, parse, time},
    types::{answer::Answered, contact::Enrolment},
};
use async_graphql::{Context, ID, Object, Result};
use millwright_commands::{
    CODE_GOOD_FOR, DelegateApproval, DropEffect, EnrolContact, Instead, ModifyAction, OfferEnrolment, RemoveContact, RetryEffect, VerifyAction,
};
use millwright_domain::{
    contact::code_digest,
    envelope::Answer,
    ids::{ActorId, EffectId},
    position::PartitionId,
};
use millwright_projections::notices::outbox;
use uuid::Uuid;

#[derive(Default)]
pub struct Outside;

#[Object]
impl Outside {
    /// Not this, but that: another action of the policy, or the same write with another value. The old proposal is superseded; the new one
    /// waits for another person's yes.
    async fn modify_action(
        &self,
        ctx: &Context<'_>,
        action: ID,
        binding: String,
        name: Option<ID>,
        value: Option<f64>,
        command_id: Option<ID>,
    ) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.action(parse(&action, "action")?).await?;
        let instead = match (name, value) {
            (Some(name), None) => Instead::Action(parse(&name, "name")?),
            (None, Some(value)) => Instead::Value(value),
            _ => return Err(bad_input("give either `name` or `value`")),
        };
        let modify = ModifyAction { action: known.proposal.action, binding, instead };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), modify).await
    }

    /// Asks somebody else to answer.
    async fn delegate_approval(&self, ctx: &Context<'_>, action: ID, to: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.action(parse(&action, "action")?).await?;
        let delegate = DelegateApproval { action: known.proposal.action, to: parse(&to, "to")? };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), delegate).await
    }

    /// Somebody looked at the machine: whether a write that nobody could vouch for took.
    async fn verify_action(&self, ctx: &Context<'_>, action: ID, took: bool, note: Option<String>, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let known = asking.action(parse(&action, "action")?).await?;
        let verify = VerifyAction { action: known.proposal.action, took, note: asking.sealed(note)? };
        asking.ask(&PartitionId::site(&known.site), Some(known.case), verify).await
    }

    /// Has something tried again that was given up, or of which nobody knows whether it arrived.
    async fn retry_notice(&self, ctx: &Context<'_>, notice: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let (effect, partition) = known(&asking, &notice).await?;
        asking.ask(&partition, None, RetryEffect { effect }).await
    }

    /// It is not to be delivered any more.
    async fn drop_notice(&self, ctx: &Context<'_>, notice: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let (effect, partition) = known(&asking, &notice).await?;
        asking.ask(&partition, None, DropEffect { effect }).await
    }

    /// Makes a code for a person and a way to know her. Whoever sends it from there within ten minutes shows that the address is that
    /// person's. It is shown this once.
    async fn offer_enrolment(&self, ctx: &Context<'_>, person: ID, way: String) -> Result<Enrolment> {
        let asking = Asking::new(ctx, None)?;
        let person: ActorId = parse(&person, "person")?;
        let code = code();
        let now = asking.state.clock.now().wall;
        let answered = asking.answered(&PartitionId::platform(), None, OfferEnrolment { person, way, digest: code_digest(&code) }).await?;
        if let Answer::Refused { reason, .. } = answered.answer {
            return Err(bad_input(reason));
        }
        Ok(Enrolment { code, expires_at: time(now + CODE_GOOD_FOR), position: Position(answered.position) })
    }

    /// Writes an address down. It is told things; what comes from there changes nothing until a code has proved it.
    async fn enrol_contact(&self, ctx: &Context<'_>, person: ID, way: String, address: String, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let person: ActorId = parse(&person, "person")?;
        let address = asking.state.vault.seal(&person, &text("address", address)?).map_err(storage)?;
        asking.ask(&PartitionId::platform(), None, EnrolContact { person, way, address, digest: None }).await
    }

    async fn remove_contact(&self, ctx: &Context<'_>, person: ID, way: String, command_id: Option<ID>) -> Result<Answered> {
        let remove = RemoveContact { person: parse(&person, "person")?, way };
        Asking::new(ctx, command_id.as_ref())?.ask(&PartitionId::platform(), None, remove).await
    }
}

async fn known(asking: &Asking<'_>, notice: &ID) -> Result<(EffectId, PartitionId)> {
    let effect: EffectId = parse(notice, "notice")?;
    let row = outbox::find(&asking.state.projections.ledger(), effect).await.map_err(storage)?;
    let row = row.ok_or_else(|| not_found(format!("nothing with the id {effect} was to leave the house, as far as can be seen here")))?;
    let partition = row.site.as_ref().map_or_else(PartitionId::platform, PartitionId::site);
    Ok((effect, partition))
}

/// 50 bits of chance, in letters that nobody mistakes (Crockford's base 32).
fn code() -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // A version 4 UUID has 122 random bits; its fixed ones lie beyond the first 48 and in what is left out here.
    let chance = Uuid::new_v4().as_u128();
    let letter = |place: u32| {
        let shift = if place < 5 { 128 - 5 * (place + 1) } else { 5 * (place - 5) };
        char::from(LETTERS[usize::try_from((chance >> shift) & 31).unwrap_or(0)])
    };
    format!("JOIN-{}-{}", (0..5).map(letter).collect::<String>(), (5..10).map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::code;
    use millwright_domain::contact::code_in;
    use std::collections::HashSet;

    #[test]
    fn codes_are_read_as_codes_and_differ() {
        let codes: HashSet<String> = (0..1_000).map(|_| code()).collect();
        assert_eq!(codes.len(), 1_000);
        assert!(codes.iter().all(|code| code_in(code) == Some(code)));
        for place in [5, 6, 9, 11, 15] {
            let seen: HashSet<u8> = codes.iter().map(|code| code.as_bytes()[place]).collect();
            assert!(seen.len() >= 30, "place {place}: {}", seen.len());
        }
    }
}
