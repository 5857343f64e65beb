//! RecordSignIn, RecordSignOut, RecordSignInRefused, RecordPasswordSet, RecordAccessRefused: what the door decided, for the auditor. The door
//! itself is in the program that serves the page; only it may say so.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    access::{AccessRefused, Deed, PasswordSet, SignInRefused, SignedIn, SignedOut},
    envelope::StreamId,
    ids::{ActorId, SiteId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part of the program that lets people in.
pub const DOOR: &str = "svc-access";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordSignIn {
    pub person: ActorId,
    pub how: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordSignOut {
    pub person: ActorId,
    /// How she had come in.
    pub how: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordSignInRefused {
    /// Whose name it was, if it is one that is known.
    pub person: Option<ActorId>,
    pub how: String,
    pub reason: String,
    pub unread: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordPasswordSet {
    pub person: ActorId,
    pub by: ActorId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordAccessRefused {
    pub who: ActorId,
    pub deed: Deed,
    pub site: Option<SiteId>,
    pub asked: String,
}

fn door(circumstances: Circumstances<'_>) -> Result<(), Refused> {
    if circumstances.by.as_str() == DOOR { Ok(()) } else { Err(senseless("not_the_door", "only the program that lets people in says who came")) }
}

impl RecordSignIn {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        door(circumstances)?;
        Ok(Decision::one(StreamId::person(&self.person), SignedIn { person: self.person.clone(), how: self.how.clone() }))
    }
}

impl RecordSignOut {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        door(circumstances)?;
        Ok(Decision::one(StreamId::person(&self.person), SignedOut { person: self.person.clone(), how: self.how.clone() }))
    }
}

impl RecordSignInRefused {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        door(circumstances)?;
        let stream = self.person.as_ref().map_or_else(StreamId::partition, StreamId::person);
        let refused = SignInRefused { person: self.person.clone(), how: self.how.clone(), reason: self.reason.clone(), unread: self.unread };
        Ok(Decision::one(stream, refused))
    }
}

impl RecordPasswordSet {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        door(circumstances)?;
        Ok(Decision::one(StreamId::person(&self.person), PasswordSet { person: self.person.clone(), by: self.by.clone() }))
    }
}

impl RecordAccessRefused {
    pub(crate) fn decide(&self, _: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        door(circumstances)?;
        let refused = AccessRefused { who: self.who.clone(), deed: self.deed, site: self.site.clone(), asked: self.asked.clone() };
        Ok(Decision::one(StreamId::person(&self.who), refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asking, plant, scene};

    fn came(by: &str) -> Asking {
        plant::ask(by, RecordSignIn { person: "ann".parse().unwrap(), how: "password".into() })
    }

    #[test]
    fn only_the_door_says_who_came_and_who_left() {
        let scene = scene().when(came("ann")).is_refused("not_the_door").when(came("svc-replies")).is_refused("not_the_door");
        let left = |by: &str| plant::ask(by, RecordSignOut { person: "ann".parse().unwrap(), how: "password".into() });
        let scene = scene.when(came(DOOR)).then_facts(["SignedIn"]).when(left("ann")).is_refused("not_the_door");
        scene.when(left(DOOR)).then_facts(["SignedOut"]);
    }

    #[test]
    fn what_was_turned_away_is_a_fact_also_where_the_name_is_nobodys() {
        let turned = |person: Option<&str>| RecordSignInRefused {
            person: person.map(|person| person.parse().unwrap()),
            how: "password".into(),
            reason: "wrong name or password".into(),
            unread: 2,
        };
        let scene = scene().when(plant::ask(DOOR, turned(Some("ann")))).then_facts(["SignInRefused"]);
        let scene = scene.when(plant::ask(DOOR, turned(None))).then_facts(["SignInRefused"]);
        let refused = RecordAccessRefused { who: "ann".parse().unwrap(), deed: Deed::Operate, site: None, asked: "SetBudget".into() };
        let scene = scene.when(plant::ask(DOOR, refused)).then_facts(["AccessRefused"]);
        let set = RecordPasswordSet { person: "ann".parse().unwrap(), by: "ann".parse().unwrap() };
        scene.when(plant::ask(DOOR, set)).then_facts(["PasswordSet"]);
    }
}
