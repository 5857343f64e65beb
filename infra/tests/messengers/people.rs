//! Whom the tests write to, what they say, and where secrets lie.

use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    effect::EffectWanted,
    ids::{ActionId, ActorId, AssetId, CaseId, EffectId, SiteId, derived},
    message::{Answer, Button, Channel, Link, Message},
    ports::{
        address_book::{AddressBook, AddressBookError, Contact},
        messenger::NotTaken,
    },
};
use millwright_infra::{
    ManualClock,
    messengers::Outside,
    outward::{Outward, OutwardSettings},
    secret::SecretSource,
};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub const NOW: Timestamp = Timestamp::from_secs(1_767_300_000);

/// One entry a person and channel.
#[derive(Clone, Default)]
pub struct Book(Arc<Mutex<Vec<(Channel, Contact)>>>);

impl Book {
    pub fn with(self, person: &str, channel: Channel, address: &str, heard: Option<TimeDelta>) -> Self {
        let heard_at = heard.map(|ago| NOW - ago);
        let contact = Contact { person: person.parse().unwrap(), address: address.into(), heard_at, proved: true };
        self.0.lock().unwrap().push((channel, contact));
        self
    }
}

#[async_trait]
impl AddressBook for Book {
    async fn contact(&self, person: &ActorId, channel: Channel) -> Result<Option<Contact>, AddressBookError> {
        if person.as_str() == "unlucky" {
            return Err(AddressBookError("the table is away".into()));
        }
        let book = self.0.lock().unwrap();
        Ok(book.iter().find(|(on, contact)| *on == channel && contact.person == *person).map(|(_, contact)| contact.clone()))
    }
    async fn whose(&self, way: &str, address: &str) -> Result<Option<Contact>, AddressBookError> {
        let book = self.0.lock().unwrap();
        Ok(book.iter().find(|(on, contact)| on.as_str() == way && contact.address == address).map(|(_, contact)| contact.clone()))
    }
    async fn holder(&self, _: &str, _: &str) -> Result<Option<ActorId>, AddressBookError> {
        Ok(None)
    }
    async fn may_answer_for(&self, _: &ActorId, _: &SiteId) -> Result<bool, AddressBookError> {
        Ok(true)
    }
    async fn may_answer(&self, _: &ActorId, _: &SiteId, _: Option<&AssetId>) -> Result<bool, AddressBookError> {
        Ok(true)
    }
}

/// Reaches this machine; whoever does not answer is waited for one second.
pub fn outside(book: Book) -> Outside {
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 1 }).unwrap();
    Outside { outward, book: Arc::new(book), clock: Arc::new(ManualClock::at(Now::both(NOW))) }
}

/// A file with this secret; it goes with the folder.
pub fn kept(secret: &str) -> (TempDir, SecretSource) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, secret).unwrap();
    (folder, SecretSource::parse(file.to_str().unwrap()).unwrap())
}

pub fn action() -> ActionId {
    ActionId(derived("messengers", "action", 0))
}
pub fn case() -> CaseId {
    CaseId(derived("messengers", "case", 0))
}

pub fn note() -> Message {
    let links = vec![Link { title: "Fall".into(), url: "https://mill.example/cases/1".into() }];
    let text = "Lagerschaden wahrscheinlich (82 %).\nSchwingung über Grenze seit 08:30. 🛠".into();
    Message { headline: "Pumpe 1: Ölverlust".into(), text, severity: None, buttons: vec![], links, repeat: false }
}
pub fn question() -> Message {
    let yes = Button { id: Answer::yes_button(action(), "0123456789abcdef0123"), title: "Yes".into() };
    let no = Button { id: Answer::no_button(action()), title: "No".into() };
    Message { headline: "Slow down pump 1?".into(), buttons: vec![yes, no], ..note() }
}

pub fn effect(target: &str, key: &str, message: &Message) -> EffectWanted {
    let body = serde_json::to_string(message).unwrap();
    let (effect, idempotency_key, target) = (EffectId(derived(key, "test", 0)), key.to_string(), target.to_string());
    EffectWanted { effect, idempotency_key, target, subject: message.headline.clone(), body, case: Some(case()), action: None, quotes: vec![] }
}

/// The name of a failure, and its words.
pub fn kind(not_taken: NotTaken) -> (String, String) {
    match not_taken {
        NotTaken::Away(why) => ("away".into(), why),
        NotTaken::Busy { reason, wait } => (format!("busy {}", wait.as_secs()), reason),
        NotTaken::ForNow(why) => ("for now".into(), why),
        NotTaken::Unknown(why) => ("unknown".into(), why),
        NotTaken::ForGood(why) => ("for good".into(), why),
    }
}
