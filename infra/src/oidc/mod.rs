//! Sign-in through an OpenID Connect provider: authorization code with PKCE, state and nonce. What its token says counts only once signature,
//! issuer, audience, nonce and time hold.

mod claims;
mod metadata;
mod road;
mod settings;
mod travel;

pub use settings::{BadOidc, ClaimGrant, OidcSettings, public_address};

use crate::{credentials::CredentialFolder, outward::Outward};
use async_trait::async_trait;
use metadata::{Metadata, in_words};
use millwright_domain::plain::cleaned;
use millwright_domain::{
    Timestamp,
    ports::identity_provider::{CameBack, Identified, IdentityProvider, NotIdentified, SentAway, Subject},
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, LogoutRequest, Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
        CoreTokenType,
    },
};
use road::{Road, RoadError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    error::Error as StdError,
    sync::Arc,
};
use travel::{GOOD_FOR, Travel, Used};

/// Signed by the provider's own key. Neither `none` nor what is signed with the secret that both know.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Those that the standard does not name: groups, roles.
#[derive(Debug, Serialize, Deserialize)]
struct OwnClaims {
    #[serde(flatten)]
    all: HashMap<String, Value>,
}
impl AdditionalClaims for OwnClaims {}

type OwnFields = IdTokenFields<OwnClaims, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Answer = StandardTokenResponse<OwnFields, CoreTokenType>;
type Refusal = StandardErrorResponse<CoreErrorResponseType>;
type Registered = Client<
    OwnClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    Refusal,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub struct Provider {
    id: String,
    settings: OidcSettings,
    /// Where browsers come back to.
    back: RedirectUrl,
    /// Where they go when they have signed out there.
    home: PostLogoutRedirectUrl,
    metadata: Metadata,
    road: Road,
    key: [u8; 32],
    used: Used,
}

/// In the order of their ids. None of them is asked before somebody comes.
pub fn providers(
    settings: &BTreeMap<String, OidcSettings>,
    public_url: &str,
    outward: &Outward,
    credentials: &CredentialFolder,
) -> Result<Vec<Arc<dyn IdentityProvider>>, Box<dyn StdError + Send + Sync>> {
    let mut all: Vec<Arc<dyn IdentityProvider>> = vec![];
    for (id, settings) in settings {
        all.push(Arc::new(Provider::new(id, settings.clone(), public_url, outward.clone(), credentials.travel_key()?)?));
    }
    Ok(all)
}

impl Provider {
    pub fn new(id: &str, settings: OidcSettings, public_url: &str, outward: Outward, key: [u8; 32]) -> Result<Self, BadOidc> {
        settings.check(id)?;
        let address = public_address(public_url)?;
        let back = RedirectUrl::new(format!("{address}/access/oidc/{id}/back")).map_err(|_no_address| BadOidc::PublicUrl)?;
        let home = PostLogoutRedirectUrl::new(format!("{address}/")).map_err(|_no_address| BadOidc::PublicUrl)?;
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_no_address| BadOidc::Issuer(id.into()))?;
        Ok(Self { id: id.into(), settings, back, home, metadata: Metadata::of(issuer), road: Road(outward), key, used: Used::default() })
    }

    fn registered(&self, metadata: &ProviderMetadataWithLogout) -> Result<Registered, NotIdentified> {
        let secret = self.settings.client_secret.active().map_err(|cause| NotIdentified::Away(cause.into()))?;
        let (id, secret) = (ClientId::new(self.settings.client_id.clone()), ClientSecret::new(secret.expose().to_string()));
        let client = Registered::from_provider_metadata(metadata.clone(), id, Some(secret)).set_redirect_uri(self.back.clone());
        let takes = |method| metadata.token_endpoint_auth_methods_supported().is_some_and(|all| all.contains(&method));
        let by_form = takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic);
        Ok(if by_form { client.set_auth_type(AuthType::RequestBody) } else { client })
    }

    /// Everything that the provider says of whoever this code is for.
    async fn claims_for(&self, code: &str, travel: Travel, now: Timestamp) -> Result<Value, NotIdentified> {
        let client = self.registered(&*self.metadata.at(&self.road, now).await?)?;
        let asking = client.exchange_code(AuthorizationCode::new(code.into())).map_err(|cause| NotIdentified::Away(cause.into()))?;
        let asking = asking.set_pkce_verifier(PkceCodeVerifier::new(travel.verifier));
        let answer = asking.request_async(&self.road).await.map_err(not_exchanged)?;
        let nonce = Nonce::new(travel.nonce);
        match verified(&client, &answer, &nonce, now) {
            Err(Unverified::Signature(_)) => {
                let client = self.registered(&*self.metadata.anew(&self.road, now).await?)?;
                verified(&client, &answer, &nonce, now).map_err(Into::into)
            }
            verified => verified.map_err(Into::into),
        }
    }
}

enum Unverified {
    /// The key may be newer than what we know of the provider.
    Signature(String),
    Other(String),
}

impl From<Unverified> for NotIdentified {
    fn from(unverified: Unverified) -> Self {
        let (Unverified::Signature(why) | Unverified::Other(why)) = unverified;
        Self::DoesNotHold(why.into())
    }
}

/// The access token beside it is used for nothing, so its hash is not looked at.
fn verified(client: &Registered, answer: &Answer, nonce: &Nonce, now: Timestamp) -> Result<Value, Unverified> {
    use openidconnect::ClaimsVerificationError::SignatureVerification;
    let other = |why: &str| Unverified::Other(why.into());
    let token = answer.id_token().ok_or_else(|| other("there is no id_token in the answer"))?;
    let wall = now.to_datetime().ok_or_else(|| other("the clock is out of range"))?;
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(move || wall);
    let claims = token.claims(&verifier, nonce).map_err(|error| match error {
        SignatureVerification(_) => Unverified::Signature(in_words(&error)),
        _ => Unverified::Other(in_words(&error)),
    })?;
    serde_json::to_value(claims).map_err(|cause| Unverified::Other(cause.to_string()))
}

fn not_exchanged(error: RequestTokenError<RoadError, Refusal>) -> NotIdentified {
    match error {
        RequestTokenError::Request(cause) => NotIdentified::Away(cause.into()),
        RequestTokenError::ServerResponse(refusal) => {
            let why = format!("the code was not taken: {}", cleaned(refusal.error().as_ref(), 80));
            match refusal.error() {
                // Ours to mend, not hers.
                CoreErrorResponseType::InvalidClient | CoreErrorResponseType::UnauthorizedClient => NotIdentified::Away(why.into()),
                _ => NotIdentified::DoesNotHold(why.into()),
            }
        }
        // Its bytes may hold a token.
        RequestTokenError::Parse(cause, _) => NotIdentified::DoesNotHold(format!("the answer to the code cannot be read at {}", cause.path()).into()),
        RequestTokenError::Other(why) => NotIdentified::DoesNotHold(why.into()),
    }
}

#[async_trait]
impl IdentityProvider for Provider {
    fn id(&self) -> &str {
        &self.id
    }
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn send_away(&self, now: Timestamp) -> Result<SentAway, NotIdentified> {
        let client = self.registered(&*self.metadata.at(&self.road, now).await?)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let asking = client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random);
        let (to, state, nonce) = asking.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let travel = Travel {
            provider: self.id.clone(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            ends: now + GOOD_FOR,
        };
        let kept = travel.sealed(&self.key).ok_or_else(|| NotIdentified::Away("what the browser is to keep cannot be sealed".into()))?;
        Ok(SentAway { to: to.into(), kept })
    }

    async fn identify(&self, came: CameBack<'_>, now: Timestamp) -> Result<Identified, NotIdentified> {
        let travel = came.kept.and_then(|kept| Travel::opened(&self.key, kept)).ok_or(NotIdentified::Stale)?;
        let is_its_own = travel.provider == self.id && came.state == Some(travel.state.as_str()) && now < travel.ends;
        if !is_its_own || !self.used.is_first(&travel, now) {
            return Err(NotIdentified::Stale);
        }
        if let Some(error) = came.error {
            return Err(NotIdentified::Refused(cleaned(error, 80)));
        }
        let claims = self.claims_for(came.code.ok_or(NotIdentified::Stale)?, travel, now).await?;
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::to_string);
        let (Some(issuer), Some(subject)) = (text("iss"), text("sub").filter(|subject| !subject.is_empty())) else {
            return Err(NotIdentified::DoesNotHold("the token names nobody".into()));
        };
        let rules = &self.settings.grants;
        let grants = (!rules.is_empty()).then(|| claims::grants(rules, &claims));
        Ok(Identified { who: Subject { issuer, subject }, name: claims::name(&claims, &self.settings.name_claim), grants })
    }

    async fn sign_out(&self, now: Timestamp) -> Option<String> {
        let metadata = self.metadata.at(&self.road, now).await.ok()?;
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let asking = LogoutRequest::from(endpoint).set_client_id(ClientId::new(self.settings.client_id.clone()));
        Some(asking.set_post_logout_redirect_uri(self.home.clone()).http_get_url().into())
    }
}

#[cfg(test)]
mod tests;
