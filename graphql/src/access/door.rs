//! Where people and programs are let in: passwords with a wait after wrong ones, sessions in a cookie, tokens in a header. Each decision is a fact.

use super::throttle::Throttle;
use crate::state::AppState;
use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, DOOR, NotAnswered, RecordPasswordSet, RecordSignIn, RecordSignInRefused, RecordSignOut};
use millwright_domain::{
    Timestamp,
    access::Access,
    ids::{ActorId, SiteId},
    ports::{
        credentials::{Credentials, CredentialsError, Session, SetBy},
        identity_provider::{IdentityProvider, NotIdentified},
    },
    position::PartitionId,
};
use millwright_projections::{NotRead, principals};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use thiserror::Error;

/// The same refusal of the same question is a fact no more often than this.
const REFUSAL_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);
const MOST_REFUSALS_KEPT: usize = 10_000;
/// Who set a password on the machine itself, in its fact.
const MACHINE: &str = "keys-folder";

pub struct DoorSettings {
    /// The cookie is sent over TLS alone.
    pub secure: bool,
    /// From a sign-in until the next.
    pub session: TimeDelta,
}

pub struct Door {
    pub credentials: Arc<dyn Credentials>,
    pub settings: DoorSettings,
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    throttle: Mutex<Throttle>,
    refusals: Mutex<HashMap<(ActorId, String), Timestamp>>,
    /// What the program itself shows when it looks at its page: in memory alone, and good for minutes.
    pub(super) passes: Mutex<HashMap<String, (SiteId, Timestamp)>>,
}

/// Why somebody is not let in.
#[derive(Debug, Error)]
pub enum SignInRefused {
    #[error("name or password is wrong; after {0} more wrong ones you have to wait")]
    Wrong(u32),
    #[error("too many wrong passwords; try again in {} s", .0.num_seconds().max(1))]
    TooMany(TimeDelta),
    #[error("{0} has no roles here; ask an admin for one")]
    NoRoles(ActorId),
    #[error("nothing that your identity provider says of you gives you a role here; ask an admin for one")]
    NoRolesThere,
    #[error(transparent)]
    Elsewhere(NotIdentified),
    #[error(transparent)]
    Unfit(CredentialsError),
    #[error("sign-ins are recorded, and this one cannot be at the moment; try again soon")]
    NotRecorded(#[source] NotAnswered),
    #[error("the store of credentials or roles cannot be read; the program's log says why")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a request shows.
pub enum Sought {
    Nobody,
    /// Signed in, with a password that has to be changed first.
    MustChange(ActorId),
    Known(Access),
}

impl Door {
    pub fn new(credentials: Arc<dyn Credentials>, settings: DoorSettings, providers: Vec<Arc<dyn IdentityProvider>>) -> Self {
        Self { credentials, settings, providers, throttle: Mutex::default(), refusals: Mutex::default(), passes: Mutex::default() }
    }

    /// `__Host-`: no other name of the domain may set it, and it goes over TLS alone.
    pub fn cookie_name(&self) -> &'static str {
        if self.settings.secure { "__Host-millwright" } else { "millwright" }
    }

    /// Who asks, by a token or a cookie.
    pub async fn look_at(&self, state: &AppState, headers: &HeaderMap) -> Result<Sought, SignInRefused> {
        let now = state.clock.now().wall;
        if let Some(shown) = bearer(headers) {
            if let Some(access) = self.by_pass(shown, now) {
                return Ok(Sought::Known(access));
            }
            let Some(token) = self.credentials.token(shown).map_err(broken)? else { return Ok(Sought::Nobody) };
            if token.expires_at <= now {
                self.tell_token(state, token.holder, "the token has expired", now).await;
                return Ok(Sought::Nobody);
            }
            // What the log says counts: a copy of the store may be older than a revocation.
            let row = principals::token(&state.projections.ledger(), token.id).await.map_err(unread)?;
            let Some(row) = row.filter(|row| row.revoked.is_none() && row.holder == token.holder) else {
                self.tell_token(state, token.holder, "the token was taken back", now).await;
                return Ok(Sought::Nobody);
            };
            return known(Access { at_most: Some(row.at_most), ..access(state, token.holder).await? });
        }
        let Some(shown) = self.cookie(headers) else { return Ok(Sought::Nobody) };
        if let Some(access) = self.by_pass(shown, now) {
            return Ok(Sought::Known(access));
        }
        let session = self.credentials.session(shown).map_err(broken)?.filter(|session| session.ends > now);
        match session {
            None => Ok(Sought::Nobody),
            Some(session) if session.must_change => Ok(Sought::MustChange(session.who)),
            Some(session) => known(access(state, session.who).await?),
        }
    }

    pub fn cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.cookie_named(self.cookie_name(), headers)
    }

    pub fn cookie_named<'a>(&self, wanted: &str, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == wanted).map(|(_, shown)| shown)
    }

    /// What the browser shows from now on, and whether it opens nothing but the door to a new password.
    pub async fn sign_in(&self, state: &AppState, name: &str, password: &str, from: Option<IpAddr>) -> Result<(String, Session), SignInRefused> {
        let now = state.clock.now().wall;
        self.throttle().begin(name, from, now).map_err(SignInRefused::TooMany)?;
        let person: Option<ActorId> = name.parse().ok().filter(|person: &ActorId| !person.is_service());
        let known = self.credentials.check_password(person.as_ref(), password).await.map_err(broken)?;
        let (Some(person), Some(known)) = (person.clone(), known) else {
            self.tell_refusal(state, person, "password", "wrong name or password").await?;
            return Err(SignInRefused::Wrong(self.throttle().left(name, from)));
        };
        self.throttle().was_right(name, from);
        if access(state, person.clone()).await?.grants.is_empty() {
            self.tell_refusal(state, Some(person.clone()), "password", "no roles").await?;
            return Err(SignInRefused::NoRoles(person));
        }
        if known.untold {
            let by = MACHINE.parse().map_err(|error| SignInRefused::Broken(Box::new(error)))?;
            tell(state, RecordPasswordSet { person: person.clone(), by }).await?;
            self.credentials.password_told(&person).map_err(broken)?;
        }
        self.begin(state, person, "password", known.must_change).await
    }

    /// For whoever has shown who she is.
    pub async fn begin(&self, state: &AppState, who: ActorId, how: &str, must_change: bool) -> Result<(String, Session), SignInRefused> {
        let now = state.clock.now().wall;
        tell(state, RecordSignIn { person: who.clone(), how: how.into() }).await?;
        let session = Session { who, how: how.into(), began: now, ends: now + self.settings.session, must_change };
        let shown = self.credentials.begin_session(&session).map_err(broken)?;
        Ok((shown, session))
    }

    /// A person's own new password, for the old one.
    pub async fn change_password(
        &self,
        state: &AppState,
        person: &ActorId,
        [old, new]: [&str; 2],
        from: Option<IpAddr>,
    ) -> Result<(String, Session), SignInRefused> {
        self.throttle().begin(person.as_str(), from, state.clock.now().wall).map_err(SignInRefused::TooMany)?;
        if self.credentials.check_password(Some(person), old).await.map_err(broken)?.is_none() {
            self.tell_refusal(state, Some(person.clone()), "password", "wrong password at a change").await?;
            return Err(SignInRefused::Wrong(self.throttle().left(person.as_str(), from)));
        }
        self.throttle().was_right(person.as_str(), from);
        self.set_password(state, person, new, person.clone(), SetBy::Herself).await?;
        self.begin(state, person.clone(), "password", false).await
    }

    pub async fn set_password(&self, state: &AppState, person: &ActorId, new: &str, by: ActorId, set: SetBy) -> Result<(), SignInRefused> {
        self.credentials.set_password(person, new, set).await.map_err(|error| match error {
            CredentialsError::BadLength { .. } | CredentialsError::TooPlain => SignInRefused::Unfit(error),
            CredentialsError::Store { .. } => broken(error),
        })?;
        tell(state, RecordPasswordSet { person: person.clone(), by }).await?;
        self.credentials.password_told(person).map_err(broken)
    }

    /// Whether a refusal is to be recorded, or has been of late.
    pub(super) fn is_worth_a_fact(&self, who: &ActorId, asked: &str, now: Timestamp) -> bool {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() >= MOST_REFUSALS_KEPT {
            refusals.retain(|_, at| now.since(*at) < REFUSAL_AGAIN_AFTER);
        }
        let told = refusals.insert((who.clone(), asked.to_string()), now);
        match told {
            Some(at) if now.since(at) < REFUSAL_AGAIN_AFTER => {
                refusals.insert((who.clone(), asked.to_string()), at);
                false
            }
            _ => true,
        }
    }

    /// What she had, if it was a session. It ends whether or not that can be recorded: nobody is kept in because the log is away.
    pub async fn sign_out(&self, state: &AppState, shown: &str) -> Result<Option<Session>, SignInRefused> {
        let session = self.credentials.session(shown).map_err(broken)?;
        self.credentials.end_session(shown).map_err(broken)?;
        if let Some(Session { who, how, .. }) = &session
            && let Err(error) = tell(state, RecordSignOut { person: who.clone(), how: how.clone() }).await
        {
            tracing::error!(%error, person = %who, "{who} signed out, and that could not be recorded");
        }
        Ok(session)
    }

    /// A name that is nobody's is not kept: it may have been a password, typed into the wrong field.
    pub(super) async fn tell_refusal(&self, state: &AppState, person: Option<ActorId>, how: &str, reason: &str) -> Result<(), SignInRefused> {
        let mut known = None;
        if let Some(person) = person {
            known = principals::find(&state.projections.ledger(), &person).await.map_err(unread)?.map(|row| row.principal);
        }
        let unread = self.throttle().take_unread();
        tell(state, RecordSignInRefused { person: known, how: how.into(), reason: reason.into(), unread }).await
    }

    /// A token of ours that opens nothing any more. A program shows it again and again: that is told once in a while.
    async fn tell_token(&self, state: &AppState, holder: ActorId, reason: &str, now: Timestamp) {
        if !self.is_worth_a_fact(&holder, reason, now) {
            return;
        }
        if let Err(error) = self.tell_refusal(state, Some(holder), "token", reason).await {
            tracing::warn!(%error, reason, "a refused token could not be recorded");
        }
    }

    pub(super) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who has lost every role is nobody here.
fn known(access: Access) -> Result<Sought, SignInRefused> {
    Ok(if access.grants.is_empty() { Sought::Nobody } else { Sought::Known(access) })
}

/// What somebody may do, by the roles that she has now.
pub(super) async fn access(state: &AppState, who: ActorId) -> Result<Access, SignInRefused> {
    let row = principals::find(&state.projections.ledger(), &who).await.map_err(unread)?;
    Ok(Access { who, grants: row.map(|row| row.grants).unwrap_or_default(), at_most: None })
}

pub(super) async fn tell(state: &AppState, what: impl Into<Command>) -> Result<(), SignInRefused> {
    let by: ActorId = DOOR.parse().map_err(|error| SignInRefused::Broken(Box::new(error)))?;
    state.commands.ask(&PartitionId::platform(), Ask::new(by, what)).await.map(drop).map_err(SignInRefused::NotRecorded)
}

/// The token that is shown, if one is.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| shown.trim())
}

pub(super) fn broken(cause: CredentialsError) -> SignInRefused {
    SignInRefused::Broken(Box::new(cause))
}

pub(super) fn unread(cause: NotRead) -> SignInRefused {
    SignInRefused::Broken(Box::new(cause))
}
