//! SetGrants, IssueToken, RevokeToken: who may do what. Somebody can always give roles.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    access::{Grant, GrantsSet, Role, TokenIssued, TokenRevoked},
    envelope::StreamId,
    ids::{ActorId, TokenId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A token opens nothing for longer than this.
pub const LONGEST_TOKEN: TimeDelta = TimeDelta::days(400);
const MOST_GRANTS: usize = 50;
const LONGEST_LABEL: usize = 60;
/// An outside identity provider says who belongs to which group.
pub const PROVIDER: &str = "svc-oidc";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetGrants {
    pub principal: ActorId,
    pub grants: Vec<Grant>,
}

/// Asked once the store of tokens has its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssueToken {
    pub token: TokenId,
    pub holder: ActorId,
    pub label: String,
    pub at_most: Role,
    /// Wall time.
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevokeToken {
    pub token: TokenId,
}

impl SetGrants {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.by;
        if by.is_service() && !by.is_settings() && by.as_str() != PROVIDER {
            return Err(senseless("not_a_person", "a program gives no roles"));
        }
        // The configuration makes the first admin. Once somebody gives roles, it gives none.
        if by.is_settings() && site.principals.admins().next().is_some() {
            return Ok(Decision::AlreadySo);
        }
        if self.principal.is_part() {
            return Err(senseless("not_a_principal", "names that begin with svc- are parts of Millwright and take no roles"));
        }
        if self.grants.len() > MOST_GRANTS {
            return Err(senseless("too_many_grants", format_args!("give at most {MOST_GRANTS} roles; one without a site counts everywhere")));
        }
        if self.grants.iter().any(|grant| grant.area.is_some() && grant.site.is_none()) {
            return Err(senseless("area_without_site", "an area is one of a site; say which"));
        }
        if self.principal.is_service() && self.grants.iter().any(|grant| grant.role == Role::Admin) {
            return Err(senseless("program_as_admin", "a program cannot be an admin: it would give roles to itself"));
        }
        let mut grants = self.grants.clone();
        grants.sort();
        grants.dedup();
        if site.principals.grants.get(&self.principal).map_or(&[][..], Vec::as_slice) == grants {
            return Ok(Decision::AlreadySo);
        }
        let stays_admin = grants.iter().any(|grant| grant.role == Role::Admin && grant.site.is_none());
        let admins: Vec<&ActorId> = site.principals.admins().collect();
        if !stays_admin && admins == [&self.principal] {
            return Err(senseless(
                "last_admin",
                format_args!("{} is the last who can give roles; make somebody else an admin first", self.principal),
            ));
        }
        let set = GrantsSet { principal: self.principal.clone(), grants, by: by.clone() };
        Ok(Decision::one(StreamId::person(&self.principal), set))
    }
}

impl IssueToken {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person makes tokens")?;
        let now = circumstances.now.wall;
        if self.expires_at <= now || self.expires_at > now + LONGEST_TOKEN {
            let most = LONGEST_TOKEN.num_days();
            return Err(senseless("bad_expiry", format_args!("a token is good for up to {most} days from now; make a new one before it ends")));
        }
        let label_fits = (1..=LONGEST_LABEL).contains(&self.label.len()) && self.label.bytes().all(is_plain);
        if !label_fits {
            return Err(senseless("bad_label", format_args!("say what it is for in 1 to {LONGEST_LABEL} letters, digits, spaces and -_.")));
        }
        // A token is shown by whoever has it: a person's would speak, and say yes, in her name.
        if !self.holder.is_service() || self.holder.is_part() {
            return Err(senseless("not_a_program", "tokens are for programs, whose names begin with agent-; people sign in"));
        }
        if !site.principals.grants.contains_key(&self.holder) {
            return Err(senseless("no_roles", format_args!("{} has no roles, so a token would open nothing; give roles first", self.holder)));
        }
        let issued = TokenIssued {
            token: self.token,
            holder: self.holder.clone(),
            label: self.label.clone(),
            at_most: self.at_most,
            expires_at: self.expires_at,
            by: by.clone(),
        };
        Ok(Decision::one(StreamId::person(&self.holder), issued).about(self.token))
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" -_.".contains(&byte)
}

impl RevokeToken {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person takes tokens back")?;
        let Some(known) = site.principals.tokens.get(&self.token) else { return Ok(Decision::AlreadySo) };
        Ok(Decision::one(StreamId::person(&known.holder), TokenRevoked { token: self.token, by: by.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Asking, plant, scene};
    use uuid::Uuid;

    fn grant(by: &str, to: &str, role: Option<Role>) -> Asking {
        let grants = role.into_iter().map(|role| Grant { role, site: None, area: None }).collect();
        plant::ask(by, SetGrants { principal: to.parse().unwrap(), grants })
    }
    fn token(by: &str, holder: &str, days: i64) -> Asking {
        let expires_at = plant::now().wall + TimeDelta::days(days);
        let (token, holder) = (TokenId(Uuid::from_u128(7)), holder.parse().unwrap());
        plant::ask(by, IssueToken { token, holder, label: "nightly build".into(), at_most: Role::Viewer, expires_at })
    }

    #[test]
    fn the_configuration_makes_the_first_admin_and_the_last_one_stays() {
        let scene = scene().when(grant("svc-monitor", "ann", Some(Role::Admin))).is_refused("not_a_person");
        let scene = scene.when(grant("svc-settings", "ann", Some(Role::Admin))).then_facts(["GrantsSet"]);
        let scene = scene.when(grant("ann", "ann", Some(Role::Admin))).is_already_so();
        let scene = scene.when(grant("ann", "ann", None)).is_refused("last_admin");
        let scene =
            scene.when(grant("ann", "bob", Some(Role::Admin))).happens().when(grant("svc-settings", "carl", Some(Role::Admin))).is_already_so();
        scene.when(grant("bob", "ann", None)).then_facts(["GrantsSet"]);
    }

    #[test]
    fn a_program_can_hold_a_role_but_never_give_one() {
        let scene = scene().when(grant("ann", "svc-door", Some(Role::Viewer))).is_refused("not_a_principal");
        let scene = scene.when(grant("ann", "agent-coder", Some(Role::Admin))).is_refused("program_as_admin");
        let scene = scene.when(grant("ann", "agent-coder", Some(Role::Operator))).happens();
        scene.when(grant("agent-coder", "bob", Some(Role::Viewer))).is_refused("not_a_person");
    }

    #[test]
    fn an_area_belongs_to_a_site() {
        let grants = vec![Grant { role: Role::Viewer, site: None, area: Some("pumps".into()) }];
        scene().when(plant::ask("ann", SetGrants { principal: "bob".parse().unwrap(), grants })).is_refused("area_without_site");
    }

    #[test]
    fn a_token_ends_and_is_for_somebody_with_roles() {
        let scene = scene().when(token("ann", "agent-coder", 30)).is_refused("no_roles");
        let scene = scene.when(grant("ann", "agent-coder", Some(Role::Viewer))).happens();
        let scene =
            scene.when(token("ann", "agent-coder", 401)).is_refused("bad_expiry").when(token("ann", "agent-coder", -1)).is_refused("bad_expiry");
        let scene = scene.when(token("ann", "bob", 30)).is_refused("not_a_program");
        let scene = scene.when(token("svc-door", "agent-coder", 30)).is_refused("not_a_person");
        let scene = scene.when(token("ann", "agent-coder", 30)).then_facts(["TokenIssued"]);
        let revoke = || plant::ask("ann", RevokeToken { token: TokenId(Uuid::from_u128(7)) });
        scene.when(revoke()).then_facts(["TokenRevoked"]).when(revoke()).is_already_so();
    }
}
