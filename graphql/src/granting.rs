//! What an admin may ask about people, roles and tokens, and who one is oneself.

use crate::{
    access::{Admission, Door},
    errors::{bad_input, not_reached, storage},
    mutation::{Asking, text},
    notes::FORGOTTEN,
    query::present,
    scalars::{Position, id, parse},
    state::{AppState, WAIT_FOR_POSITION},
    types::{
        access::{Deed, Me, NewPassword, NewToken, Principal, Role, RoleGrant, RoleGrantInput},
        answer::Answered,
        setting::Setting,
    },
};
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use millwright_commands::{IssueToken, RevokeToken, SetGrants};
use millwright_domain::{
    access::{self, Access, DEEDS, Grant, Place},
    ids::{ActorId, TokenId},
    ports::credentials::{SetBy, Token},
    position::PartitionId,
};
use millwright_projections::principals;
use uuid::Uuid;

/// Tokens that ended are still shown for so long.
const SHOWN_AFTER: chrono::TimeDelta = chrono::TimeDelta::days(30);

#[derive(Default)]
pub struct People;

#[Object]
impl People {
    /// Whoever asks this, and what she may do.
    async fn me(&self, ctx: &Context<'_>) -> Result<Me> {
        let state = present(ctx, None, "who asks").await?;
        let caller = &state.caller;
        let row = principals::find(&state.projections.ledger(), &caller.who).await.map_err(storage)?;
        let name = row.and_then(|row| row.name).map(|name| state.vault.open(&name)).transpose().map_err(storage)?;
        let may = DEEDS.iter().map(|(deed, ..)| *deed).filter(|deed| somewhere(caller, *deed)).map(Deed::from).collect();
        Ok(Me {
            person: id(&caller.who),
            name: name.map(|name| name.unwrap_or_else(|| FORGOTTEN.into())),
            mode: if matches!(state.admission, Admission::Local) { "local" } else { "sign-in" },
            roles: caller.grants.iter().map(RoleGrant::from).collect(),
            at_most: caller.at_most.map(Role::from),
            may,
        })
    }

    /// How this program is set up, by key. For those who may operate everywhere.
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    async fn settings(&self, ctx: &Context<'_>) -> Result<Vec<Setting>> {
        let state = present(ctx, None, "how this program is set up").await?;
        state.allow(access::Deed::Operate, Place::default(), "settings").await?;
        Ok(state.settings.iter().map(Setting::from).collect())
    }

    /// Everybody with a name or a role, with their tokens. For admins.
    #[graphql(complexity = "crate::query::times(20, child_complexity)")]
    async fn principals(&self, ctx: &Context<'_>, at_least: Option<Position>) -> Result<Vec<Principal>> {
        let state = present(ctx, at_least, "who may do what").await?;
        state.allow(access::Deed::Administer, Place::default(), "principals").await?;
        let db = state.projections.ledger();
        let tokens = principals::tokens(&db, state.clock.now().wall - SHOWN_AFTER).await.map_err(storage)?;
        let rows = principals::all(&db).await.map_err(storage)?;
        let shown = rows.into_iter().map(|row| {
            let name = row.name.as_ref().map(|name| state.vault.open(name)).transpose().map_err(storage)?;
            let has_password = match &state.admission {
                Admission::Local => false,
                Admission::SignIn(door) => door.credentials.has_password(&row.principal).map_err(storage)?,
            };
            Ok(Principal::of(row, name.map(|name| name.unwrap_or_else(|| FORGOTTEN.into())), has_password, &tokens))
        });
        shown.collect()
    }
}

/// Whether it is allowed at any place at all.
fn somewhere(caller: &Access, deed: access::Deed) -> bool {
    let places = caller.grants.iter().map(|grant| Place { site: grant.site.as_ref(), area: grant.area.as_deref() });
    places.into_iter().any(|place| caller.may(deed, place).is_ok())
}

#[derive(Default)]
pub struct Granting;

#[Object]
impl Granting {
    /// The principal holds exactly these roles from now on; none takes all access away.
    async fn set_grants(&self, ctx: &Context<'_>, principal: ID, roles: Vec<RoleGrantInput>, command_id: Option<ID>) -> Result<Answered> {
        let grant = |input: RoleGrantInput| -> Result<Grant> {
            let site = input.site.map(|site| parse(&site, "site")).transpose()?;
            Ok(Grant { role: input.role.into(), site, area: input.area.map(|area| text("area", area)).transpose()? })
        };
        let grants = roles.into_iter().map(grant).collect::<Result<_>>()?;
        let set = SetGrants { principal: parse(&principal, "principal")?, grants };
        Asking::new(ctx, command_id.as_ref())?.ask(&PartitionId::platform(), None, set).await
    }

    /// Makes a token for a program (`agent-…`). It opens what its holder may do, up to `atMost`, until `expiresAt`. It is shown this once.
    async fn issue_token(&self, ctx: &Context<'_>, holder: ID, label: String, at_most: Role, expires_at: DateTime<Utc>) -> Result<NewToken> {
        let asking = Asking::new(ctx, None)?;
        let state = asking.state;
        let door = door(state)?;
        let token = Token { id: TokenId(Uuid::now_v7()), holder: parse(&holder, "holder")?, at_most: at_most.into(), expires_at: expires_at.into() };
        let Token { id, holder, at_most, expires_at } = token.clone();
        let answered = asking.ask(&PartitionId::platform(), None, IssueToken { token: id, holder, label, at_most, expires_at }).await?;
        // Kept only once it is on the log: a token that no fact speaks of must open nothing.
        if answered.code.is_some() {
            return Ok(NewToken { answered, token: None });
        }
        let shown = Some(door.credentials.keep_token(&token).map_err(storage)?);
        // It opens something once the fact can be seen, and whoever gets it uses it at once.
        until_seen(&answered, state).await?;
        Ok(NewToken { answered, token: shown })
    }

    /// The token opens nothing any more.
    async fn revoke_token(&self, ctx: &Context<'_>, token: ID, command_id: Option<ID>) -> Result<Answered> {
        let asking = Asking::new(ctx, command_id.as_ref())?;
        let token: TokenId = parse(&token, "token")?;
        let revoke = RevokeToken { token };
        let door = door(asking.state)?;
        asking.state.allow_command(&PartitionId::platform(), &revoke.clone().into(), None).await?;
        // First: what happens between the two must not leave it open.
        door.credentials.drop_token(token).map_err(storage)?;
        asking.ask(&PartitionId::platform(), None, revoke).await
    }

    /// Makes a password for somebody, who has to change it at the first use. All sessions of that person end.
    async fn reset_password(&self, ctx: &Context<'_>, person: ID) -> Result<NewPassword> {
        let asking = Asking::new(ctx, None)?;
        let state = asking.state;
        let door = door(state)?;
        let person: ActorId = parse(&person, "person")?;
        state.allow(access::Deed::Administer, Place::default(), "resetPassword").await?;
        if person.is_service() {
            return Err(bad_input("programs have tokens, not passwords; use issueToken"));
        }
        let password = made_up();
        let set = door.set_password(state, &person, &password, state.caller.who.clone(), SetBy::Another).await;
        set.map_err(|error| async_graphql::Error::new(error.to_string()))?;
        Ok(NewPassword { password, position: Position(state.projections.position()) })
    }
}

async fn until_seen(answered: &Answered, state: &AppState) -> Result<()> {
    state.projections.reached(&answered.position.0, WAIT_FOR_POSITION).await.map_err(not_reached)
}

fn door(state: &AppState) -> Result<&Door> {
    match &state.admission {
        Admission::SignIn(door) => Ok(door),
        Admission::Local => {
            Err(bad_input("nobody signs in here, so there are no passwords or tokens; `access.mode = \"sign-in\"` in millwright.toml changes that"))
        }
    }
}

/// 100 bits of chance, in letters that nobody mistakes, to be read out over the phone.
pub fn made_up() -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let chance = [Uuid::new_v4().as_u128(), Uuid::new_v4().as_u128()];
    // The last 60 bits of a version 4 UUID are all chance.
    let letter = |place: usize| char::from(LETTERS[usize::try_from((chance[place / 10] >> (5 * (place % 10))) & 31).unwrap_or(0)]);
    let group = |from: usize| (from..from + 5).map(letter).collect::<String>();
    [0, 5, 10, 15].map(group).join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn made_up_passwords_are_long_and_differ_at_every_place() {
        let made: HashSet<String> = (0..500).map(|_| super::made_up()).collect();
        assert_eq!(made.len(), 500);
        for place in (0..23).filter(|place| place % 6 != 5) {
            assert!(made.iter().map(|made| made.as_bytes()[place]).collect::<HashSet<u8>>().len() >= 30, "place {place}");
        }
    }
}
