//! A message from somebody's phone: a code that enrols, or an answer. Only from an address that a person has proved to be hers.

use super::{NotTakenIn, ask, door, first_site, partition};
use crate::state::{AppState, WAIT_FOR_POSITION};
use millwright_commands::{EnrolContact, ReceiveMessage, WantEffect};
use millwright_domain::{
    contact::{code_digest, code_in},
    effect::EffectWanted,
    envelope::Answer as Answered,
    ids::{ActorId, CaseId, CommandId, EffectId, SiteId, derived},
    message::{Answer, Message},
    ports::inbound::ChatMessage,
    position::PartitionId,
};
use millwright_projections::{actions, contacts, notices::outbox};

pub(super) async fn take_in(state: &AppState, message: ChatMessage) -> Result<(), NotTakenIn> {
    let channel = message.channel.as_str();
    if let Some(code) = code_in(&message.text) {
        return enrol(state, &message, &code_digest(code)).await;
    }
    let contact = state.book.whose(channel, &message.from).await?;
    let Some(contact) = contact.filter(|contact| contact.proved) else {
        // Neither the address nor the words: they are somebody's, and nobody has agreed to anything.
        tracing::info!(channel, "a message from an address that nobody has proved to be hers was left out; a person enrols at the page");
        return Ok(());
    };
    let answer = message.button.as_deref().and_then(Answer::of_button).unwrap_or_else(|| Answer::of_words(&message.text));
    let (site, case) = about(state, &message, &contact.person, &answer).await?;
    let words = state.vault.seal(&contact.person, &message.text)?;
    let id = CommandId(derived(&format!("{channel}/{}", message.delivery), "message", 0));
    let receive = ReceiveMessage { channel: message.channel, delivery: message.delivery.clone(), answer, words, case };
    ask(state, &partition(site.as_ref()), contact.person, id, receive).await?;
    if let Some(pressed) = &state.pressed {
        pressed.taken(&message, "Received").await;
    }
    Ok(())
}

/// Which site and case it is about: the action that a button names, the message that it answers, or what the person was told last.
async fn about(state: &AppState, message: &ChatMessage, person: &ActorId, answer: &Answer) -> Result<(Option<SiteId>, Option<CaseId>), NotTakenIn> {
    let db = state.projections.ledger();
    let target = format!("{}:{person}", message.channel);
    if let Answer::Yes { action: Some(action), .. } | Answer::No { action: Some(action) } = answer
        && let Some(row) = actions::find(&db, *action).await?
    {
        return Ok((Some(row.site), Some(row.case)));
    }
    if let Some(receipt) = &message.in_reply_to
        && let Some(row) = outbox::of_receipt(&db, receipt.rsplit(':').next().unwrap_or(receipt), Some(&target)).await?
    {
        return Ok((row.site, row.wanted.case));
    }
    let last = outbox::last_to(&db, &target).await?;
    let site = last.as_ref().and_then(|row| row.site.clone()).or_else(|| first_site(state));
    Ok((site, last.and_then(|row| row.wanted.case)))
}

/// The code says whose address it is.
async fn enrol(state: &AppState, message: &ChatMessage, digest: &str) -> Result<(), NotTakenIn> {
    let way = message.channel.to_string();
    let offered = contacts::offered(&state.projections.ledger(), digest).await?.filter(|row| row.way == way);
    let Some(row) = offered else {
        tracing::info!(way, "a code came that was not made, was used, or is for another way");
        return Ok(());
    };
    let address = state.vault.seal(&row.person, &message.from)?;
    let id = CommandId(derived(&format!("{way}/{}", message.delivery), "enrol", 0));
    let enrol = EnrolContact { person: row.person.clone(), way: way.clone(), address, digest: Some(digest.into()) };
    let answered = ask(state, &PartitionId::platform(), door(), id, enrol).await?;
    if matches!(answered.answer, Answered::Refused { .. }) {
        // Whoever sent it is nobody we know.
        return Ok(());
    }
    // The address has to be known by the time that the welcome is sent to it.
    drop(state.projections.reached(&answered.position, WAIT_FOR_POSITION).await);
    let text = "You are enrolled. Answers from here count: yes, no, seen, fixed …, false alarm.";
    let Some(site) = first_site(state) else { return Ok(()) };
    let target = format!("{way}:{}", row.person);
    let effect = EffectId(derived(&format!("{way}/{}", message.delivery), "welcome", 0));
    let welcome = Message::plain("Millwright", text);
    let (body, subject) = (welcome.body_for(&target), welcome.headline);
    let wanted = EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case: None, action: None, quotes: vec![] };
    let id = CommandId(derived(&effect.to_string(), "want", 0));
    ask(state, &PartitionId::site(&site), door(), id, WantEffect { wanted }).await.map(drop)
}
