//! IntroducePerson and ForgetPerson: who stands behind a pseudonym, sealed; and that the key to it was destroyed.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::ActorId,
    sealed::{PersonForgotten, PersonIntroduced, Sealed},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IntroducePerson {
    pub person: ActorId,
    pub name: Sealed,
}

/// Asked after the vault has destroyed the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ForgetPerson {
    pub person: ActorId,
}

impl IntroducePerson {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if self.person.is_service() {
            return Err(senseless("not_a_person", "names that begin with svc- or agent- are for programs"));
        }
        if site.people.contains(&self.person) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::person(&self.person), PersonIntroduced { person: self.person.clone(), name: self.name.clone() }))
    }
}

impl ForgetPerson {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let has_access = site.principals.grants.contains_key(&self.person);
        if !site.people.contains(&self.person) && !has_access {
            return Ok(Decision::AlreadySo);
        }
        if site.principals.admins().eq([&self.person]) {
            return Err(senseless("last_admin", "this is the last who can give roles; make somebody else an admin first"));
        }
        Ok(Decision::one(StreamId::person(&self.person), PersonForgotten { person: self.person.clone() }))
    }
}
