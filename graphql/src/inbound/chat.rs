//! A message from somebody's phone: a code that enrols, or an answer. Only from an address that a person has proved to be hers.

use super::{NotTakenIn, ask, door, first_site, message_of, partition};
use crate::state::{AppState, WAIT_FOR_POSITION};
use millwright_commands::{EnrolContact, ReceiveMessage, WantEffect};
use millwright_domain::{
    contact::{code_digest, code_in},
    effect::EffectWanted,
    envelope::Answer as Answered,
    ids::{ActorId, CaseId, CommandId, EffectId, SiteId, derived},
    message::{Answer, Message, RefersTo},
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
    let About { site, case, refers_to } = about(state, &message, &contact.person, &answer).await?;
    let words = state.vault.seal(&contact.person, &message.text)?;
    let id = CommandId(derived(&format!("{channel}/{}", message.delivery), "message", 0));
    let receive = ReceiveMessage {
        channel: message.channel,
        delivery: message.delivery.clone(),
        answer,
        words,
        case,
        refers_to,
        written_at: message.written_at,
    };
    ask(state, &partition(site.as_ref()), contact.person, id, receive).await?;
    if let Some(pressed) = &state.pressed {
        pressed.taken(&message, "Received").await;
    }
    Ok(())
}

struct About {
    site: Option<SiteId>,
    case: Option<CaseId>,
    refers_to: RefersTo,
}

/// What it is about: the action that a button names, the message that it answers, or what the person was told last.
///
/// Of several sites, what points at nothing is recorded at the first, so that it is recorded once however often it comes; nothing follows from it.
async fn about(state: &AppState, message: &ChatMessage, person: &ActorId, answer: &Answer) -> Result<About, NotTakenIn> {
    let db = state.projections.ledger();
    let target = format!("{}:{person}", message.channel);
    if let Answer::Yes { action: Some(action), .. } | Answer::No { action: Some(action) } = answer
        && let Some(row) = actions::find(&db, *action).await?
    {
        return Ok(About { site: Some(row.site), case: Some(row.case), refers_to: RefersTo::Nothing });
    }
    if let Some(receipt) = &message.in_reply_to {
        let found = message_of(state, receipt.rsplit(':').next().unwrap_or(receipt), Some(&target)).await?;
        return Ok(match found {
            Some(row) => About { site: row.site, case: row.wanted.case, refers_to: RefersTo::Message(row.wanted.effect) },
            None => About { site: first_site(state), case: None, refers_to: RefersTo::Unknown },
        });
    }
    let site = first_site(state);
    let last = outbox::last_to(&db, &target).await?.filter(|row| row.site == site);
    Ok(About { site, case: last.and_then(|row| row.wanted.case), refers_to: RefersTo::Nothing })
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
