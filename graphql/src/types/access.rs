//! Who may do what, as it is shown and asked for.

use crate::{
    scalars::{Position, id, time},
    types::answer::Answered,
};
use async_graphql::{Enum, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::access::{self, Grant};
use millwright_projections::principals::{PrincipalRow, TokenRow};

/// The least first; each may do all that those before it may.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "access::Role")]
pub enum Role {
    Viewer,
    Operator,
    Engineer,
    Admin,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "access::Deed")]
pub enum Deed {
    Look,
    /// Approve and reject, record outcomes, acknowledge.
    Answer,
    /// Propose, lock out, shelve, stop a site, try deliveries again.
    Operate,
    /// Join a site's crew, take tasks, deliver results, write letters.
    Work,
    /// Release a stopped site, limits, baselines, alarms out of service, other rules.
    Engineer,
    /// Roles, tokens, people, budgets.
    Administer,
}

/// A role and where it counts.
#[derive(SimpleObject)]
pub struct RoleGrant {
    role: Role,
    /// Null: at every site, and for what belongs to none.
    site: Option<ID>,
    /// ISA-95 area of that site; null: all of it.
    area: Option<String>,
}

impl From<&Grant> for RoleGrant {
    fn from(grant: &Grant) -> Self {
        Self { role: grant.role.into(), site: grant.site.as_ref().map(id), area: grant.area.clone() }
    }
}

#[derive(InputObject)]
pub struct RoleGrantInput {
    pub role: Role,
    /// Left out: at every site, and for what belongs to none.
    pub site: Option<ID>,
    /// ISA-95 area of that site; left out: all of it.
    pub area: Option<String>,
}

/// Whoever asks this.
#[derive(SimpleObject)]
pub struct Me {
    pub person: ID,
    /// Null for a program.
    pub name: Option<String>,
    /// `local`: whoever reaches the page is the one operator. `sign-in`: people sign in.
    pub mode: &'static str,
    pub roles: Vec<RoleGrant>,
    /// A token that was given for less than its holder may do.
    pub at_most: Option<Role>,
    /// What she may do at least somewhere.
    pub may: Vec<Deed>,
}

/// Somebody with a name or a role.
#[derive(SimpleObject)]
pub struct Principal {
    id: ID,
    /// Null for a program; `(forgotten)` once the person was forgotten.
    name: Option<String>,
    /// `agent-…`: may never approve.
    is_program: bool,
    roles: Vec<RoleGrant>,
    signed_in_at: Option<DateTime<Utc>>,
    /// `password`, or `oidc:<provider>`.
    signed_in_by: Option<String>,
    has_password: bool,
    #[graphql(complexity = "crate::query::times(5, child_complexity)")]
    tokens: Vec<AccessToken>,
}

impl Principal {
    pub fn of(row: PrincipalRow, name: Option<String>, has_password: bool, tokens: &[TokenRow]) -> Self {
        let tokens = tokens.iter().filter(|token| token.holder == row.principal).map(AccessToken::from).collect();
        let (signed_in_at, signed_in_by) = row.signed_in.map(|(at, how)| (time(at), how)).unzip();
        Self {
            id: id(&row.principal),
            name,
            is_program: row.principal.is_service(),
            roles: row.grants.iter().map(RoleGrant::from).collect(),
            signed_in_at,
            signed_in_by,
            has_password,
            tokens,
        }
    }
}

/// A token that was made; what it is stands nowhere.
#[derive(SimpleObject)]
pub struct AccessToken {
    id: ID,
    holder: ID,
    label: String,
    at_most: Role,
    expires_at: DateTime<Utc>,
    issued_by: ID,
    issued_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<&TokenRow> for AccessToken {
    fn from(row: &TokenRow) -> Self {
        Self {
            id: id(row.token),
            holder: id(&row.holder),
            label: row.label.clone(),
            at_most: row.at_most.into(),
            expires_at: time(row.expires_at),
            issued_by: id(&row.by),
            issued_at: time(row.issued_at),
            revoked_at: row.revoked.as_ref().map(|(_, at)| time(*at)),
        }
    }
}

/// A token, shown this once.
#[derive(SimpleObject)]
pub struct NewToken {
    pub answered: Answered,
    /// `mwt_…`, to be sent as `authorization: Bearer mwt_…`. Null if it was refused.
    pub token: Option<String>,
}

/// A password made for somebody, shown this once. It has to be changed at the first use.
#[derive(SimpleObject)]
pub struct NewPassword {
    pub password: String,
    pub position: Position,
}
