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
use millwright_projections::{actions, contacts, notices::outbox, open_cases};

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
    if !may_answer(state, &contact.person, site.as_ref(), case).await? {
        tracing::warn!(person = %contact.person, channel, "{} has no role to answer with there, so what came by {channel} counts for nothing", contact.person);
        return Ok(());
    }
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

/// At the very machine that it is about, if it is about one.
async fn may_answer(state: &AppState, person: &ActorId, site: Option<&SiteId>, case: Option<CaseId>) -> Result<bool, NotTakenIn> {
    let Some(site) = site else { return Ok(true) };
    let row = match case {
        Some(case) => open_cases::find(&state.projections.ledger(), case).await?,
        None => None,
    };
    Ok(state.book.may_answer(person, site, row.as_ref().map(|row| &row.asset)).await?)
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

/// The code says whose address it is. What comes twice has been enrolled the first time; its welcome may be missing still.
async fn enrol(state: &AppState, message: &ChatMessage, digest: &str) -> Result<(), NotTakenIn> {
    let way = message.channel.to_string();
    let offered = contacts::offered(&state.projections.ledger(), digest).await?.filter(|row| row.way == way);
    let person = match offered {
        Some(row) => Some(row.person),
        None => state.book.whose(&way, &message.from).await?.filter(|contact| contact.proved).map(|contact| contact.person),
    };
    let Some(person) = person else {
        tracing::info!(way, "a code came that was not made, was used, or is for another way");
        return Ok(());
    };
    let address = state.vault.seal(&person, &message.from)?;
    let id = CommandId(derived(&format!("{way}/{}", message.delivery), "enrol", 0));
    let enrol = EnrolContact { person: person.clone(), way: way.clone(), address, digest: Some(digest.into()) };
    let answered = ask(state, &PartitionId::platform(), door(), id, enrol).await?;
    if matches!(answered.answer, Answered::Refused { .. }) {
        // Whoever sent it is nobody we know, or sent a code that was used before.
        return Ok(());
    }
    // The address has to be known by the time that the welcome is sent to it.
    if let Err(cause) = state.projections.reached(&answered.position, WAIT_FOR_POSITION).await {
        tracing::warn!(%person, way, %cause, "{person} is enrolled, and the welcome may find no address yet: {cause}");
    }
    let Some(site) = first_site(state) else { return Ok(()) };
    let wanted = welcome(&format!("{way}:{person}"), EffectId(derived(&format!("{way}/{}", message.delivery), "welcome", 0)));
    let id = CommandId(derived(&wanted.effect.to_string(), "want", 0));
    ask(state, &PartitionId::site(&site), door(), id, WantEffect { wanted }).await.map(drop)
}

fn welcome(target: &str, effect: EffectId) -> EffectWanted {
    let message = Message::plain("Millwright", "You are enrolled. Answers from here count: yes, no, seen, fixed …, false alarm.");
    let (body, subject, target) = (message.body_for(target), message.headline, target.to_string());
    EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case: None, action: None, quotes: vec![] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{House, NOW};
    use async_trait::async_trait;
    use millwright_commands::{Ask, OfferEnrolment};
    use millwright_domain::{
        ids::AssetId,
        message::Channel,
        ports::address_book::{AddressBook, AddressBookError, Contact},
    };
    use std::sync::Arc;

    const CODE: &str = "JOIN-7K2QM-4XWPA";

    /// Everybody is Ann, by a code.
    struct Anns;
    #[async_trait]
    impl AddressBook for Anns {
        async fn contact(&self, _: &ActorId, _: Channel) -> Result<Option<Contact>, AddressBookError> {
            Ok(None)
        }
        async fn whose(&self, _: &str, address: &str) -> Result<Option<Contact>, AddressBookError> {
            Ok(Some(Contact { person: "ann".parse().unwrap(), address: address.into(), heard_at: Some(NOW), proved: true }))
        }
        async fn holder(&self, _: &str, _: &str) -> Result<Option<ActorId>, AddressBookError> {
            Ok(None)
        }
        async fn may_answer_for(&self, _: &ActorId, _: &SiteId) -> Result<bool, AddressBookError> {
            Ok(true)
        }
        /// Of machines, at those whose names begin with an `o`.
        async fn may_answer(&self, _: &ActorId, _: &SiteId, asset: Option<&AssetId>) -> Result<bool, AddressBookError> {
            Ok(asset.is_none_or(|asset| asset.as_str().starts_with('o')))
        }
    }

    fn message(delivery: &str) -> ChatMessage {
        let (channel, from, text) = (Channel::Whatsapp, "+491701234567".to_string(), CODE.to_string());
        ChatMessage { channel, delivery: delivery.into(), from, text, button: None, in_reply_to: None, written_at: None }
    }

    async fn welcomes(state: &AppState) -> usize {
        let facts = state.log.read_ledger(&PartitionId::site(&first_site(state).unwrap()), 0, 1_000).await.unwrap();
        facts.iter().filter(|(_, fact)| String::from_utf8_lossy(&fact.bytes).contains("You are enrolled")).count()
    }

    #[tokio::test]
    async fn a_button_for_a_machine_that_is_not_hers_to_answer_for_counts_for_nothing() {
        let house = House::open().await;
        let case = house.case_awaiting_approval().await;
        let state = AppState { book: Arc::new(Anns), ..house.state.clone() };
        let site = first_site(&state).unwrap();
        let action = actions::of_case(&state.projections.ledger(), case).await.unwrap()[0].proposal.action;
        let yes = ChatMessage { button: Some(Answer::yes_button(action, "0123456789abcdef")), ..message("yes-to-a-pump") };
        take_in(&state, ChatMessage { text: "Yes".into(), ..yes }).await.unwrap();
        take_in(&state, ChatMessage { text: "seen".into(), ..message("about-nothing") }).await.unwrap();
        let facts = state.log.read_ledger(&PartitionId::site(&site), 0, 1_000).await.unwrap();
        let received: Vec<String> = facts.iter().map(|(_, fact)| String::from_utf8_lossy(&fact.bytes).into_owned()).collect();
        let came = |delivery: &str| received.iter().any(|fact| fact.contains("MessageReceived") && fact.contains(delivery));
        assert!(!came("yes-to-a-pump"), "about a pump");
        assert!(came("about-nothing"), "about no machine");
    }

    #[tokio::test]
    async fn who_was_enrolled_when_the_program_stopped_is_welcomed_when_the_message_comes_again() {
        let house = House::open().await;
        house.case_awaiting_approval().await;
        let state = AppState { book: Arc::new(Anns), ..house.state.clone() };
        state.commands.serve(PartitionId::platform()).await.unwrap();
        let person: ActorId = "ann".parse().unwrap();
        let digest = code_digest(CODE);
        let offer = OfferEnrolment { person: person.clone(), way: "whatsapp".into(), digest: digest.clone() };
        state.commands.ask(&PartitionId::platform(), Ask::new(person.clone(), offer)).await.unwrap();
        // What a run did that was killed before it could ask for the welcome.
        let address = state.vault.seal(&person, "+491701234567").unwrap();
        let enrol_it = EnrolContact { person, way: "whatsapp".into(), address, digest: Some(digest) };
        let id = CommandId(derived("whatsapp/d1", "enrol", 0));
        let enrolled = state.commands.ask(&PartitionId::platform(), Ask::new(door(), enrol_it).with_id(id)).await.unwrap();
        state.projections.reached(&enrolled.position, WAIT_FOR_POSITION).await.unwrap();
        for _ in 0..2 {
            take_in(&state, message("d1")).await.unwrap();
            assert_eq!(welcomes(&state).await, 1);
        }
        take_in(&state, message("d2")).await.unwrap();
        assert_eq!(welcomes(&state).await, 1, "the code was used");
    }
}
