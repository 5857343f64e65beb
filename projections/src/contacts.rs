//! Under which address is a person known, and when was she heard from there last? Addresses stay sealed here, too.

use crate::{
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{Event, Timestamp, ids::ActorId, sealed::Sealed};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A person and a way to know her.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactRow {
    pub person: ActorId,
    pub way: String,
    pub address: Option<Sealed>,
    pub proved: bool,
    /// Wall time of when a code came from there last.
    #[serde(default)]
    pub proved_at: Option<Timestamp>,
    /// Of a code that waits to be sent from there, and until when (wall time) it is good.
    pub offer: Option<(String, Timestamp)>,
    /// Wall time.
    pub changed_at: Timestamp,
}

static CONTACTS: Table = Table {
    name: "contacts",
    columns: &[
        ("id", Kind::Text),
        ("person", Kind::Text),
        ("way", Kind::Text),
        ("proved", Kind::Whole),
        ("code", Kind::Text),
        ("changed_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["way"]],
};

/// A site's own word on it, as each site has an order of its own.
static HEARD: Table = Table {
    name: "heard",
    columns: &[("person", Kind::Text), ("way", Kind::Text), ("partition", Kind::Text), ("at", Kind::Time)],
    key: 3,
    indexes: &[],
};

fn key(person: &ActorId, way: &str) -> String {
    format!("{person}/{way}")
}

impl Shelved for ContactRow {
    const TABLE: &'static Table = &CONTACTS;
    fn key(&self) -> String {
        key(&self.person, &self.way)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.person),
            Value::text(&self.way),
            Value::Whole(i64::from(self.proved)),
            Value::maybe(self.offer.as_ref(), |(digest, _)| Value::text(digest)),
            Value::Time(self.changed_at),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Contacts {
    contacts: Shelf<ContactRow>,
    heard: BTreeMap<(String, String, String), Timestamp>,
}

#[async_trait]
impl Projection for Contacts {
    fn name(&self) -> &'static str {
        "contacts"
    }
    fn version(&self) -> u32 {
        2
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&CONTACTS, &HEARD]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| match fact.event().ok()? {
            Event::EnrolmentOffered(fact) => Some(key(&fact.person, &fact.way)),
            Event::ContactEnrolled(fact) => Some(key(&fact.person, &fact.way)),
            Event::ContactRemoved(fact) => Some(key(&fact.person, &fact.way)),
            _ => None,
        });
        self.contacts.recall(named, db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let at = fact.recorded_at;
        match fact.event()? {
            Event::EnrolmentOffered(offered) => self.at(&offered.person, &offered.way, at).offer = Some((offered.digest.clone(), offered.expires_at)),
            Event::ContactEnrolled(enrolled) => {
                let row = self.at(&enrolled.person, &enrolled.way, at);
                row.address = Some(enrolled.address.clone());
                row.proved = enrolled.proved;
                row.proved_at = enrolled.proved.then_some(at);
                row.offer = None;
                // A code came from there.
                if enrolled.proved {
                    self.hear(&enrolled.person, &enrolled.way, fact);
                }
            }
            Event::ContactRemoved(removed) => {
                let row = self.at(&removed.person, &removed.way, at);
                (row.address, row.proved, row.proved_at, row.offer) = (None, false, None, None);
            }
            Event::MessageReceived(received) => self.hear(&received.by, received.channel.as_str(), fact),
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.contacts.drain(writes);
        let heard = std::mem::take(&mut self.heard);
        let rows = heard
            .into_iter()
            .map(|((person, way, partition), at)| vec![Value::Text(person), Value::Text(way), Value::Text(partition), Value::Time(at)]);
        writes.upsert(&HEARD, rows.collect());
    }
    fn forget(&mut self) {
        self.contacts.forget();
        self.heard.clear();
    }
}

impl Contacts {
    fn hear(&mut self, person: &ActorId, way: &str, fact: &Fact) {
        self.heard.insert((person.to_string(), way.to_string(), fact.partition.to_string()), fact.recorded_at);
    }
    fn at(&mut self, person: &ActorId, way: &str, now: Timestamp) -> &mut ContactRow {
        let key = key(person, way);
        if self.contacts.get(&key).is_none() {
            let (person, way) = (person.clone(), way.to_string());
            self.contacts.put(ContactRow { person, way, address: None, proved: false, proved_at: None, offer: None, changed_at: now });
        }
        let row = self.contacts.edit(&key).expect("it was put there above, if it was not there before");
        row.changed_at = now;
        row
    }
}

pub async fn find(db: &Db, person: &ActorId, way: &str) -> Result<Option<ContactRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM contacts WHERE id = $1").bind(Value::text(key(person, way))).doc(db).await?)
}

/// Everybody known that way: a plant's people are few, and addresses can only be compared once they are opened.
pub async fn known_by(db: &Db, way: &str) -> Result<Vec<ContactRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM contacts WHERE way = $1 ORDER BY id").bind(Value::text(way)).docs(db).await?)
}

pub async fn all(db: &Db) -> Result<Vec<ContactRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM contacts ORDER BY id").docs(db).await?)
}

/// For whom the code with this digest was made.
pub async fn offered(db: &Db, digest: &str) -> Result<Option<ContactRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM contacts WHERE code = $1").bind(Value::text(digest)).doc(db).await?)
}

/// Wall time of the last message from there.
pub async fn heard_at(db: &Db, person: &ActorId, way: &str) -> Result<Option<Timestamp>, NotRead> {
    let ask = Ask::new("SELECT at FROM heard WHERE person = $1 AND way = $2 ORDER BY at DESC LIMIT 1");
    let row = ask.bind(Value::text(person)).bind(Value::text(way)).row(db).await?;
    Ok(row.map(|row| row.time("at")).transpose()?)
}
