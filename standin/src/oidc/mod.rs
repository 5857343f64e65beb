//! An OpenID Connect provider: discovery, a page that answers at once for whoever is there, tokens with real signatures, and every way to get them wrong.

mod keys;

pub use keys::Signs;

use crate::{Faults, Served, Time, serve};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use keys::{Key, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    io,
};

const GOOD_FOR_S: i64 = 300;

/// How the next token is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twist {
    OtherNonce,
    NoNonce,
    OtherAudience,
    /// Ours beside one that we know nothing of.
    MoreAudiences,
    Expired,
    OtherIssuer,
    /// One letter of the claims is another than was signed.
    Changed,
    /// By a key of the same name that is not in the list.
    OtherKey,
    AlgNone,
    /// With the client's secret.
    Hs256,
    NoToken,
}

/// Who is at the provider's page, with what is said of them.
#[derive(Debug, Clone, Default)]
struct Person {
    subject: String,
    claims: Value,
}

/// What a code is for.
struct Asked {
    person: Person,
    nonce: Option<String>,
    challenge: String,
    redirect: String,
}

struct Inner {
    url: String,
    signs: Signs,
    key: Key,
    keys_made: u32,
    person: Person,
    refusal: Option<&'static str>,
    twists: Vec<Twist>,
    codes: BTreeMap<String, Asked>,
    codes_made: u32,
}

type Shared = crate::shared::Shared<Inner>;

pub struct OidcServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
    pub time: Time,
}

impl OidcServer {
    pub const CLIENT_ID: &str = "millwright";
    pub const CLIENT_SECRET: &str = "secret-of-the-stand-in";

    pub async fn start(signs: Signs) -> io::Result<Self> {
        let time = Time::default();
        let faults = Faults::new(time.clone());
        let inner = Inner {
            url: String::new(),
            signs,
            key: Key::make(signs, "key-1")?,
            keys_made: 1,
            person: Person::default(),
            refusal: None,
            twists: vec![],
            codes: BTreeMap::new(),
            codes_made: 0,
        };
        let shared = Shared::new(inner, time.clone());
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(key_list))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(shared.clone());
        let served = serve(routes, faults.clone()).await?;
        shared.state().url = served.url();
        Ok(Self { served, shared, faults, time })
    }

    /// The issuer.
    pub fn url(&self) -> String {
        self.served.url()
    }
    /// Whoever comes to its page from now on is this one.
    pub fn is_there(&self, subject: &str, claims: Value) {
        self.shared.state().person = Person { subject: subject.into(), claims };
    }
    /// The next who comes to its page is sent back with an error.
    pub fn refuses(&self, error: &'static str) {
        self.shared.state().refusal = Some(error);
    }
    pub fn twists(&self, twist: Twist) {
        self.shared.state().twists.push(twist);
    }
    /// Signs with another key from now on, and lists only that.
    pub fn rotates(&self) -> io::Result<()> {
        let mut state = self.shared.state();
        state.keys_made += 1;
        state.key = Key::make(state.signs, &format!("key-{}", state.keys_made))?;
        Ok(())
    }
}

async fn discovery(State(shared): State<Shared>) -> Json<Value> {
    let state = shared.state();
    let at = |path: &str| format!("{}/{path}", state.url);
    Json(json!({
        "issuer": state.url,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "jwks_uri": at("keys"),
        "end_session_endpoint": at("logout"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }))
}

async fn key_list(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({ "keys": [shared.state().key.public()] }))
}

/// The page where somebody would sign in; whoever is there has done so already.
async fn authorize(State(shared): State<Shared>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let is_right = field("response_type") == "code"
        && field("client_id") == OidcServer::CLIENT_ID
        && field("scope").split(' ').any(|scope| scope == "openid")
        && field("code_challenge_method") == "S256"
        && !field("state").is_empty();
    if !is_right {
        return (StatusCode::BAD_REQUEST, "this is no request for a code with PKCE and state").into_response();
    }
    let mut state = shared.state();
    let said = match state.refusal.take() {
        Some(error) => format!("error={error}"),
        None => {
            state.codes_made += 1;
            let code = format!("code-{}", state.codes_made);
            let (person, redirect) = (state.person.clone(), field("redirect_uri").into());
            let asked = Asked { person, nonce: asked.get("nonce").cloned(), challenge: field("code_challenge").into(), redirect };
            state.codes.insert(code.clone(), asked);
            format!("code={code}")
        }
    };
    let back = format!("{}?{said}&state={}", field("redirect_uri"), field("state"));
    (StatusCode::FOUND, [(header::LOCATION, back)]).into_response()
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn token(State(shared): State<Shared>, headers: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let shown = headers.get(header::AUTHORIZATION).and_then(|shown| shown.to_str().ok()).and_then(|shown| shown.strip_prefix("Basic "));
    let known = format!("{}:{}", OidcServer::CLIENT_ID, OidcServer::CLIENT_SECRET);
    if shown.and_then(|shown| STANDARD.decode(shown).ok()) != Some(known.into_bytes()) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let now = shared.time.now();
    let mut state = shared.state();
    // Good once.
    let Some(asked) = state.codes.remove(field("code")) else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    let challenge = text(Sha256::digest(field("code_verifier")));
    if field("grant_type") != "authorization_code" || challenge != asked.challenge || field("redirect_uri") != asked.redirect {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let twist = state.twists.pop();
    match said(&state, asked, twist, now) {
        Ok(token) => Json(json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": GOOD_FOR_S, "id_token": token })).into_response(),
        Err(_no_key) => refused(StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}

fn said(state: &Inner, asked: Asked, twist: Option<Twist>, now: i64) -> io::Result<Option<String>> {
    let mut claims = asked.person.claims;
    let audience = match twist {
        Some(Twist::OtherAudience) => json!("another-program"),
        Some(Twist::MoreAudiences) => json!([OidcServer::CLIENT_ID, "another-program"]),
        _ => json!(OidcServer::CLIENT_ID),
    };
    let issuer = if twist == Some(Twist::OtherIssuer) { "https://login.elsewhere.example" } else { &state.url };
    let ends = if twist == Some(Twist::Expired) { now - 1 } else { now + GOOD_FOR_S };
    let nonce = match twist {
        Some(Twist::OtherNonce) => json!("another-nonce"),
        Some(Twist::NoNonce) => Value::Null,
        _ => json!(asked.nonce),
    };
    let all = [
        ("iss", json!(issuer)),
        ("sub", json!(asked.person.subject)),
        ("aud", audience),
        ("exp", json!(ends)),
        ("iat", json!(now)),
        ("nonce", nonce),
    ];
    for (name, value) in all {
        claims[name] = value;
    }
    Ok(Some(match twist {
        Some(Twist::NoToken) => return Ok(None),
        Some(Twist::AlgNone) => state.key.token_of_nobody(&claims),
        Some(Twist::Hs256) => state.key.token_by_secret(&claims, OidcServer::CLIENT_SECRET),
        Some(Twist::OtherKey) => Key::make(state.signs, &state.key.id)?.token(&claims)?,
        Some(Twist::Changed) => {
            let signed = state.key.token(&claims)?;
            claims["sub"] = json!("somebody-else");
            let mut parts: Vec<String> = signed.split('.').map(str::to_string).collect();
            parts[1] = text(claims.to_string());
            parts.join(".")
        }
        _ => state.key.token(&claims)?,
    }))
}
