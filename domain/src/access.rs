//! Who may do what, and where: roles, the deeds that each allows, and the facts by which they are given, used and refused. Facts on `_platform`.
//!
//! Roles contain each other: an engineer may do all that an operator may. What an action's policy asks of its approvers comes on top.

use crate::{
    Timestamp,
    ids::{ActorId, SiteId, TokenId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use thiserror::Error;

/// What somebody is to a site, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Engineer,
    Admin,
}

/// A role and where it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    pub role: Role,
    /// Left out: at every site, and for what belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// ISA-95 area of that site; left out: all of it. Whoever may look at a part of a site sees the whole site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

/// What can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Look,
    Answer,
    Operate,
    Work,
    Engineer,
    Administer,
}

/// Every deed with the least role that may do it, and in words.
pub const DEEDS: [(Deed, Role, &str); 6] = [
    (Deed::Look, Role::Viewer, "look at a site"),
    (Deed::Answer, Role::Operator, "approve and reject actions, record outcomes, acknowledge alarms"),
    (Deed::Operate, Role::Operator, "propose actions, lock machines out, shelve alarms, stop a site, try deliveries again"),
    (Deed::Work, Role::Operator, "join a site's crew, take its tasks, deliver results, write letters"),
    (
        Deed::Engineer,
        Role::Engineer,
        "release a stopped site, change limits and baselines, take alarms out of service, try other rules, read what models were asked and ask again",
    ),
    (Deed::Administer, Role::Admin, "give roles and tokens, enrol and forget people, destroy what models were asked, set budgets"),
];

impl Deed {
    pub fn needs(self) -> Role {
        DEEDS.iter().find(|(deed, ..)| *deed == self).map_or(Role::Admin, |(_, role, _)| *role)
    }
    pub fn words(self) -> &'static str {
        DEEDS.iter().find(|(deed, ..)| *deed == self).map_or("do that", |(.., words)| words)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::Admin => "admin",
        })
    }
}

/// Where a deed would be done. Without a site: on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place<'a> {
    pub site: Option<&'a SiteId>,
    /// `None` where it is about the whole site.
    pub area: Option<&'a str>,
}

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub who: ActorId,
    pub grants: Vec<Grant>,
    /// A token may be given for less than its holder may do.
    pub at_most: Option<Role>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("to {} takes the role {needs}{}; you are signed in as {who}; ask an admin for it", .deed.words(), at(.site.as_ref(), .area.as_deref()))]
pub struct NotAllowed {
    pub who: ActorId,
    pub deed: Deed,
    pub needs: Role,
    pub site: Option<SiteId>,
    pub area: Option<String>,
}

fn at(site: Option<&SiteId>, area: Option<&str>) -> String {
    match (site, area) {
        (Some(site), Some(area)) => format!(" for {area} at {site}"),
        (Some(site), None) => format!(" at {site}"),
        (None, _) => " for every site".into(),
    }
}

impl Access {
    /// Of the one person at the page of a program that only its own machine reaches.
    pub fn to_everything(who: ActorId) -> Self {
        Self { who, grants: vec![Grant { role: Role::Admin, site: None, area: None }], at_most: None }
    }

    /// # Errors
    /// With the role that it takes.
    pub fn may(&self, deed: Deed, place: Place<'_>) -> Result<(), NotAllowed> {
        let needs = deed.needs();
        let within = self.at_most.is_none_or(|most| most >= needs);
        if within && self.grants.iter().any(|grant| grant.role >= needs && grant.counts_for(deed, place)) {
            return Ok(());
        }
        Err(NotAllowed { who: self.who.clone(), deed, needs, site: place.site.cloned(), area: place.area.map(str::to_string) })
    }

    pub fn sees(&self, site: &SiteId) -> bool {
        self.may(Deed::Look, Place { site: Some(site), area: None }).is_ok()
    }

    /// Whether no site and nothing of the platform is hidden.
    pub fn sees_all(&self) -> bool {
        self.may(Deed::Look, Place::default()).is_ok()
    }
}

impl Grant {
    fn counts_for(&self, deed: Deed, place: Place<'_>) -> bool {
        let at_site = self.site.is_none() || (place.site.is_some() && self.site.as_ref() == place.site);
        let in_area = self.area.is_none() || deed == Deed::Look || self.area.as_deref() == place.area;
        at_site && in_area
    }
}

/// A principal holds exactly these roles from now on; none takes all access away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantsSet {
    pub principal: ActorId,
    pub grants: Vec<Grant>,
    pub by: ActorId,
}

/// A token was made for a program or a person. The token itself is on no log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenIssued {
    pub token: TokenId,
    pub holder: ActorId,
    /// What it is for: a few letters, no person's name.
    pub label: String,
    /// It does no more than this role may, whatever its holder may.
    pub at_most: Role,
    /// Wall time.
    pub expires_at: Timestamp,
    pub by: ActorId,
}

/// The token opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRevoked {
    pub token: TokenId,
    pub by: ActorId,
}

/// Somebody showed who she is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    pub person: ActorId,
    /// `password`, or `oidc:<provider>`.
    pub how: String,
}

/// Somebody ended her session here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedOut {
    pub person: ActorId,
    /// How she had come in: `password`, or `oidc:<provider>`.
    pub how: String,
}

/// Somebody did not. What was typed for a name is not kept unless it is one: it may have been a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignInRefused {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ActorId>,
    pub how: String,
    pub reason: String,
    /// Tries since the last such fact that were turned away unread, because they came too fast.
    pub unread: u32,
}

/// A person has a new password. The password itself is on no log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasswordSet {
    pub person: ActorId,
    /// `keys-folder`: on the machine itself, by whoever may read the keys.
    pub by: ActorId,
}

/// Somebody who is signed in asked for what her roles do not allow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessRefused {
    pub who: ActorId,
    pub deed: Deed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// The command or the question, as it is called.
    pub asked: String,
}

/// Who may do what, folded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Principals {
    pub grants: BTreeMap<ActorId, Vec<Grant>>,
    pub tokens: BTreeMap<TokenId, TokenIssued>,
}

impl Principals {
    pub fn granted(&mut self, fact: &GrantsSet) {
        if fact.grants.is_empty() {
            self.grants.remove(&fact.principal);
        } else {
            self.grants.insert(fact.principal.clone(), fact.grants.clone());
        }
    }
    pub fn issued(&mut self, fact: &TokenIssued) {
        self.tokens.insert(fact.token, fact.clone());
    }
    pub fn revoked(&mut self, fact: &TokenRevoked) {
        self.tokens.remove(&fact.token);
    }
    pub fn forgotten(&mut self, person: &ActorId) {
        self.grants.remove(person);
        self.tokens.retain(|_, token| token.holder != *person);
    }
    /// Persons who may give roles everywhere.
    pub fn admins(&self) -> impl Iterator<Item = &ActorId> {
        let is_admin = |grants: &[Grant]| grants.iter().any(|grant| grant.role == Role::Admin && grant.site.is_none());
        self.grants.iter().filter(move |(who, grants)| !who.is_service() && is_admin(grants)).map(|(who, _)| who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn site(name: &str) -> SiteId {
        name.parse().unwrap()
    }
    fn access(grants: Vec<Grant>) -> Access {
        Access { who: "ann".parse().unwrap(), grants, at_most: None }
    }
    fn at<'a>(site: &'a SiteId, area: Option<&'a str>) -> Place<'a> {
        Place { site: Some(site), area }
    }

    #[test]
    fn a_role_counts_at_its_site_and_in_its_area_and_nowhere_else() {
        let (north, south) = (site("north"), site("south"));
        let ann = access(vec![Grant { role: Role::Engineer, site: Some(north.clone()), area: Some("pumps".into()) }]);
        assert!(ann.may(Deed::Engineer, at(&north, Some("pumps"))).is_ok());
        assert!(ann.may(Deed::Operate, at(&north, Some("ovens"))).is_err());
        assert!(ann.may(Deed::Operate, at(&north, None)).is_err(), "what is about the whole site takes a role for the whole site");
        assert!(ann.may(Deed::Operate, at(&south, Some("pumps"))).is_err());
        assert!(ann.may(Deed::Administer, Place::default()).is_err());
        assert!(ann.sees(&north) && !ann.sees(&south) && !ann.sees_all());
    }

    #[test]
    fn a_refusal_says_which_role_is_missing_and_where() {
        let refused = access(vec![]).may(Deed::Answer, at(&site("north"), None)).unwrap_err().to_string();
        assert!(refused.contains("role operator at north") && refused.contains("ann"), "{refused}");
    }

    #[test]
    fn a_token_does_no_more_than_it_was_given_for() {
        let token = Access { at_most: Some(Role::Viewer), ..Access::to_everything("ann".parse().unwrap()) };
        assert!(token.sees_all() && token.may(Deed::Answer, Place::default()).is_err());
    }

    #[test]
    fn every_deed_is_in_the_table_once() {
        for deed in [Deed::Look, Deed::Answer, Deed::Operate, Deed::Work, Deed::Engineer, Deed::Administer] {
            assert_eq!(DEEDS.iter().filter(|(known, ..)| *known == deed).count(), 1, "{deed:?}");
        }
    }

    fn grant() -> impl Strategy<Value = Grant> {
        let role = prop::sample::select(vec![Role::Viewer, Role::Operator, Role::Engineer, Role::Admin]);
        let place = prop::sample::select(vec![(None, None), (Some("north"), None), (Some("north"), Some("pumps")), (Some("south"), None)]);
        (role, place).prop_map(|(role, (at, area))| Grant { role, site: at.map(site), area: area.map(str::to_string) })
    }

    proptest! {
        #[test]
        fn more_grants_never_take_anything_away_and_no_grant_allows_nothing(grants in prop::collection::vec(grant(), 0..4), more in grant()) {
            let (north, deeds) = (site("north"), DEEDS.map(|(deed, ..)| deed));
            let places = [Place::default(), at(&north, None), at(&north, Some("pumps"))];
            let before = access(grants.clone());
            let after = access(grants.iter().cloned().chain([more]).collect());
            for (deed, place) in deeds.into_iter().flat_map(|deed| places.map(|place| (deed, place))) {
                prop_assert!(before.may(deed, place).is_err() || after.may(deed, place).is_ok());
                prop_assert!(!grants.is_empty() || before.may(deed, place).is_err());
            }
        }
    }
}
