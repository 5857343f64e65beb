//! Signing in by another house's word: who somebody is there decides who she is here, and what she is there what she may do here.

use super::door::{Door, SignInRefused, access, broken, tell, unread};
use crate::state::{AppState, WAIT_FOR_POSITION};
use millwright_commands::{Answered, Ask, Command, IntroducePerson, PROVIDER, SetGrants};
use millwright_domain::{
    access::Grant,
    envelope::Answer,
    ids::ActorId,
    ports::{
        credentials::Session,
        identity_provider::{CameBack, Identified, IdentityProvider, NotIdentified},
    },
    position::PartitionId,
};
use millwright_projections::principals;
use std::{net::IpAddr, sync::Arc};

impl Door {
    pub fn provider(&self, id: &str) -> Option<&Arc<dyn IdentityProvider>> {
        self.providers.iter().find(|provider| provider.id() == id)
    }

    /// What the browser shows from now on.
    pub async fn sign_in_by(
        &self,
        state: &AppState,
        provider: &dyn IdentityProvider,
        came: CameBack<'_>,
        from: Option<IpAddr>,
    ) -> Result<(String, Session), SignInRefused> {
        let (now, how) = (state.clock.now().wall, format!("oidc:{}", provider.id()));
        // Nobody shares a state, so what counts is the address alone.
        let name = came.state.unwrap_or_default();
        self.throttle().begin(name, from, now).map_err(SignInRefused::TooMany)?;
        let identified = match provider.identify(came, now).await {
            Ok(identified) => identified,
            Err(why) => {
                let why = SignInRefused::Elsewhere(why);
                match reason(&why) {
                    Some(reason) => self.tell_refusal(state, None, &how, reason).await?,
                    None => self.throttle().was_right(name, from),
                }
                return Err(why);
            }
        };
        self.throttle().was_right(name, from);
        let Some(person) = self.person_behind(&identified)? else {
            self.tell_refusal(state, None, &how, "no roles").await?;
            return Err(SignInRefused::NoRolesThere);
        };
        introduce(state, &person, identified.name.as_deref()).await?;
        if let Some(grants) = &identified.grants {
            follow(state, &person, grants).await?;
        }
        // Somebody whom her house gives nothing any more gets nothing, also where she is the last admin and keeps her roles.
        let by_claims = identified.grants.is_none_or(|grants| !grants.is_empty());
        if !by_claims || access(state, person.clone()).await?.grants.is_empty() {
            self.tell_refusal(state, Some(person.clone()), &how, "no roles").await?;
            return Err(if by_claims { SignInRefused::NoRoles(person) } else { SignInRefused::NoRolesThere });
        }
        self.begin(state, person, &how, false).await
    }

    /// A stranger to whom no claim gives a role leaves nothing here; where roles are given by hand, an admin has to see whom to give them to.
    fn person_behind(&self, identified: &Identified) -> Result<Option<ActorId>, SignInRefused> {
        if let Some(known) = self.credentials.person_of(&identified.who).map_err(broken)? {
            return Ok(Some(known));
        }
        if identified.grants.as_ref().is_some_and(Vec::is_empty) {
            return Ok(None);
        }
        self.credentials.pseudonym_for(&identified.who).map(Some).map_err(broken)
    }
}

/// As the fact of it says; `None` where nothing was decided. What the provider said in its own words is not kept.
fn reason(why: &SignInRefused) -> Option<&'static str> {
    match why {
        SignInRefused::Elsewhere(NotIdentified::Stale) => Some("begun elsewhere, too long ago, or used before"),
        SignInRefused::Elsewhere(NotIdentified::Refused(_)) => Some("the provider refused"),
        SignInRefused::Elsewhere(NotIdentified::DoesNotHold(_)) => Some("what the provider said does not hold"),
        _ => None,
    }
}

/// Once; later changes of a name are the people's screen's.
async fn introduce(state: &AppState, person: &ActorId, name: Option<&str>) -> Result<(), SignInRefused> {
    let row = principals::find(&state.projections.ledger(), person).await.map_err(unread)?;
    let Some(name) = name.filter(|_| row.is_none_or(|row| row.name.is_none())) else { return Ok(()) };
    let name = state.vault.seal(person, name).map_err(|cause| SignInRefused::Broken(Box::new(cause)))?;
    tell(state, IntroducePerson { person: person.clone(), name }).await
}

/// A fact only where something changed. The last admin's roles cannot be taken away.
async fn follow(state: &AppState, person: &ActorId, grants: &[Grant]) -> Result<(), SignInRefused> {
    let set = SetGrants { principal: person.clone(), grants: grants.to_vec() };
    let answered = ask_as_provider(state, set).await?;
    if let Answer::Refused { reason, .. } = &answered.answer {
        tracing::warn!(%person, reason, "roles do not follow what the identity provider says of {person}: {reason}");
    }
    // She is let in by what can be read of her.
    let reached = state.projections.reached(&answered.position, WAIT_FOR_POSITION).await;
    reached.map_err(|cause| SignInRefused::Broken(Box::new(cause)))
}

async fn ask_as_provider(state: &AppState, what: impl Into<Command>) -> Result<Answered, SignInRefused> {
    let by: ActorId = PROVIDER.parse().map_err(|error| SignInRefused::Broken(Box::new(error)))?;
    state.commands.ask(&PartitionId::platform(), Ask::new(by, what)).await.map_err(SignInRefused::NotRecorded)
}
