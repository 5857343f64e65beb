//! Under which address a person is known outside: sealed, and either proved by a one-time code or only written down. Facts on `_platform`.

use crate::{Timestamp, ids::ActorId, sealed::Sealed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A channel or a ticket system: `whatsapp`, `telegram`, `email`, `github`, `trello`, `salesforce`, `webhook`.
pub type Way = String;

/// A one-time code was made for a person. Whoever sends it from an address before it expires shows that the address is that person's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnrolmentOffered {
    pub person: ActorId,
    pub way: Way,
    /// Of the code; the code itself is on no log.
    pub digest: String,
    /// Wall time.
    pub expires_at: Timestamp,
}

/// The person is known under this address from now on, instead of any former one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactEnrolled {
    pub person: ActorId,
    pub way: Way,
    pub address: Sealed,
    /// By a code that came from there. Answers from a phone that is not proved change nothing; who is behind an account, its system knows.
    pub proved: bool,
}

/// The person is known that way no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactRemoved {
    pub person: ActorId,
    pub way: Way,
}

/// Hex. Codes have 50 bits of chance and live for minutes, so that a plain hash keeps them.
pub fn code_digest(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Sha256::digest(format!("millwright enrolment {plain}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the text is shaped like a code, as a person would send it: `JOIN-7K2QM-4XWPA`, perhaps behind `/start`.
pub fn code_in(text: &str) -> Option<&str> {
    let word = text.split_whitespace().find(|word| word.to_ascii_uppercase().starts_with("JOIN-"))?;
    let rest = word.get(5..)?;
    (rest.len() == 11 && rest.as_bytes()[5] == b'-' && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then_some(word)
}

/// All ways of all people, folded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contacts {
    known: BTreeMap<(ActorId, Way), Known>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    pub address: Option<(Sealed, bool)>,
    pub offer: Option<(String, Timestamp)>,
}

impl Contacts {
    pub fn offered(&mut self, fact: &EnrolmentOffered) {
        self.at(&fact.person, &fact.way).offer = Some((fact.digest.clone(), fact.expires_at));
    }
    pub fn enrolled(&mut self, fact: &ContactEnrolled) {
        let known = self.at(&fact.person, &fact.way);
        known.address = Some((fact.address.clone(), fact.proved));
        known.offer = None;
    }
    pub fn removed(&mut self, fact: &ContactRemoved) {
        self.known.remove(&(fact.person.clone(), fact.way.clone()));
    }
    pub fn forgotten(&mut self, person: &ActorId) {
        self.known.retain(|(known, _), _| known != person);
    }
    pub fn of(&self, person: &ActorId, way: &str) -> Option<&Known> {
        self.known.get(&(person.clone(), way.to_string()))
    }
    fn at(&mut self, person: &ActorId, way: &str) -> &mut Known {
        self.known.entry((person.clone(), way.to_string())).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_what_people_send_and_typed_in_any_case() {
        for text in ["JOIN-7K2QM-4XWPA", "/start join-7k2qm-4xwpa", " join-7K2QM-4XWPA please"] {
            let code = code_in(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(code_digest(code), code_digest("JOIN-7K2QM-4XWPA"));
        }
        for text in ["", "join", "JOIN-", "join-us-at-noon", "JOIN-7K2QM4XWPA", "JOIN-7K2QM-4XWPAX", "JOIN-äöüäö-äöüäö"] {
            assert_eq!(code_in(text), None, "{text}");
        }
    }
}
