//! OfferEnrolment, EnrolContact, RemoveContact: under which address a person is known. Proved only by a one-time code that came from there.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use chrono::TimeDelta;
use millwright_domain::{
    contact::{ContactEnrolled, ContactRemoved, EnrolmentOffered, Way},
    envelope::StreamId,
    ids::ActorId,
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a code is good.
pub const CODE_GOOD_FOR: TimeDelta = TimeDelta::minutes(10);

const WAYS: [&str; 7] = ["whatsapp", "telegram", "email", "github", "salesforce", "trello", "webhook"];

/// A person at the page makes a code for somebody, herself or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferEnrolment {
    pub person: ActorId,
    pub way: Way,
    /// Of the code; only the one who asked ever sees the code itself.
    pub digest: String,
}

/// With the digest of a code that came from the address, or without: then the address is written down, and nothing from there counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnrolContact {
    pub person: ActorId,
    pub way: Way,
    pub address: Sealed,
    pub digest: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoveContact {
    pub person: ActorId,
    pub way: Way,
}

impl OfferEnrolment {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        circumstances.person("only a person can enrol somebody")?;
        real(&self.person, &self.way)?;
        let expires_at = circumstances.now.wall + CODE_GOOD_FOR;
        let offered = EnrolmentOffered { person: self.person.clone(), way: self.way.clone(), digest: self.digest.clone(), expires_at };
        Ok(Decision::one(StreamId::person(&self.person), offered))
    }
}

impl EnrolContact {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        real(&self.person, &self.way)?;
        if self.address.subject != self.person {
            return Err(senseless("another_subject", "an address is sealed under the key of the person whose it is"));
        }
        let proved = match &self.digest {
            None => {
                circumstances.person("only a person can write an address down; a code proves one")?;
                false
            }
            Some(digest) => {
                let offer = site.contacts.of(&self.person, &self.way).and_then(|known| known.offer.as_ref());
                let is_good = offer.is_some_and(|(offered, expires_at)| offered == digest && circumstances.now.wall < *expires_at);
                if !is_good {
                    return Err(senseless("no_such_code", "the code is wrong, was used, or is older than ten minutes; make a new one"));
                }
                true
            }
        };
        let enrolled = ContactEnrolled { person: self.person.clone(), way: self.way.clone(), address: self.address.clone(), proved };
        Ok(Decision::one(StreamId::person(&self.person), enrolled))
    }
}

impl RemoveContact {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        circumstances.person("only a person can take an address away")?;
        if site.contacts.of(&self.person, &self.way).is_none() {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::person(&self.person), ContactRemoved { person: self.person.clone(), way: self.way.clone() }))
    }
}

fn real(person: &ActorId, way: &str) -> Result<(), Refused> {
    if person.is_service() {
        return Err(senseless("not_a_person", "names that begin with svc- or agent- are for programs"));
    }
    if !WAYS.contains(&way) {
        return Err(senseless("unknown_way", format_args!("{way:?} is no way to know somebody; use one of {}", WAYS.join(", "))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{EnrolContact, OfferEnrolment, RemoveContact};
    use crate::testing::{Asking, plant, scene};
    use millwright_domain::contact::code_digest;

    fn offer(code: &str) -> Asking {
        plant::ask("ann", OfferEnrolment { person: "ann".parse().unwrap(), way: "whatsapp".into(), digest: code_digest(code) })
    }
    fn enrol(by: &str, code: Option<&str>) -> Asking {
        let (person, way) = ("ann".parse().unwrap(), "whatsapp".into());
        plant::ask(by, EnrolContact { person, way, address: plant::sealed(), digest: code.map(code_digest) })
    }

    #[test]
    fn a_code_proves_an_address_once_and_for_ten_minutes() {
        let scene = scene().when(offer("JOIN-AAAAA-BBBBB")).then_facts(["EnrolmentOffered"]);
        let scene = scene.when(enrol("svc-door", Some("JOIN-AAAAA-CCCCC"))).is_refused("no_such_code");
        scene.clone().later_s(600).when(enrol("svc-door", Some("JOIN-AAAAA-BBBBB"))).is_refused("no_such_code");
        let scene = scene.when(enrol("svc-door", Some("join-aaaaa-bbbbb"))).then_facts(["ContactEnrolled"]);
        scene.when(enrol("svc-door", Some("JOIN-AAAAA-BBBBB"))).is_refused("no_such_code");
    }

    #[test]
    fn a_program_cannot_write_an_address_down_and_a_newer_code_ends_the_older() {
        let scene = scene().when(enrol("svc-door", None)).is_refused("not_a_person").when(enrol("bob", None)).happens();
        let scene = scene.when(offer("JOIN-AAAAA-BBBBB")).happens().when(offer("JOIN-AAAAA-DDDDD")).happens();
        let scene = scene.when(enrol("svc-door", Some("JOIN-AAAAA-BBBBB"))).is_refused("no_such_code");
        let remove = || plant::ask("ann", RemoveContact { person: "ann".parse().unwrap(), way: "whatsapp".into() });
        scene.when(remove()).then_facts(["ContactRemoved"]).when(remove()).is_already_so();
    }
}
