//! Against a provider that signs for real: who is taken for whom, and everything that is not taken.

use super::*;
use crate::outward::OutwardSettings;
use chrono::TimeDelta;
use millwright_domain::access::{Grant, Role};
use millwright_standin::oidc::{OidcServer, Signs, Twist};
use serde_json::json;

/// As the stand-in's own time begins.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
const HOME: &str = "https://millwright.plant.example";

struct Scene {
    server: OidcServer,
    provider: Provider,
    _secrets: tempfile::TempDir,
}

/// A browser that has been to the provider's page.
struct Back {
    kept: String,
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

impl Back {
    fn came(&self) -> CameBack<'_> {
        CameBack { kept: Some(&self.kept), state: self.state.as_deref(), code: self.code.as_deref(), error: self.error.as_deref() }
    }
}

impl Scene {
    async fn of(signs: Signs, id: &str, change: impl FnOnce(&mut OidcSettings)) -> Self {
        let server = OidcServer::start(signs).await.unwrap();
        server.is_there("u-1", json!({ "name": "Olga Petrova", "groups": ["shift-leads"] }));
        let secrets = tempfile::tempdir().unwrap();
        let place = secrets.path().join("client");
        std::fs::write(&place, OidcServer::CLIENT_SECRET).unwrap();
        let grant = ClaimGrant { claim: "groups".into(), value: "shift-leads".into(), role: Role::Operator, site: None, area: None };
        let mut settings = OidcSettings {
            name: "Works account".into(),
            issuer: server.url(),
            client_id: OidcServer::CLIENT_ID.into(),
            client_secret: place.to_str().unwrap().parse().unwrap(),
            scopes: vec!["profile".into()],
            name_claim: "name".into(),
            grants: vec![grant],
        };
        change(&mut settings);
        let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
        Self { server, provider: Provider::new(id, settings, HOME, outward, [7; 32]).unwrap(), _secrets: secrets }
    }
    async fn usual() -> Self {
        Self::of(Signs::EdDsa, "works", |_| ()).await
    }

    /// To the provider's page and back, as far as our door.
    async fn goes_there(&self) -> Back {
        let away = self.provider.send_away(NOW).await.unwrap();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = browser.get(&away.to).send().await.unwrap();
        assert_eq!(answer.status(), 302, "{}", away.to);
        let back = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(&format!("{HOME}/access/oidc/{}/back?", self.provider.id)), "{back}");
        let said = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        Back { kept: away.kept, state: said("state"), code: said("code"), error: said("error") }
    }
    async fn identifies(&self) -> Result<Identified, NotIdentified> {
        let back = self.goes_there().await;
        self.provider.identify(back.came(), NOW).await
    }
}

#[tokio::test]
async fn whoever_the_provider_knows_comes_with_her_name_and_roles_however_it_signs() {
    for signs in [Signs::Rs256, Signs::Es256, Signs::EdDsa] {
        let scene = Scene::of(signs, "works", |_| ()).await;
        let olga = scene.identifies().await.unwrap_or_else(|error| panic!("{signs:?}: {}", in_words(&error)));
        assert_eq!(olga.who, Subject { issuer: scene.server.url(), subject: "u-1".into() });
        assert_eq!(olga.name.as_deref(), Some("Olga Petrova"));
        assert_eq!(olga.grants, Some(vec![Grant { role: Role::Operator, site: None, area: None }]));
    }
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_nobodys() {
    let scene = Scene::usual().await;
    for (twist, why) in [
        (Twist::OtherNonce, "nonce"),
        (Twist::NoNonce, "nonce"),
        (Twist::OtherAudience, "audience"),
        (Twist::MoreAudiences, "audience"),
        (Twist::Expired, "xpired"),
        (Twist::OtherIssuer, "issuer"),
        (Twist::Changed, "Signature"),
        (Twist::OtherKey, "Signature"),
        (Twist::AlgNone, "Signature"),
        (Twist::Hs256, "Signature"),
        (Twist::NoToken, "id_token"),
    ] {
        scene.server.twists(twist);
        let refused = scene.identifies().await.expect_err(&format!("{twist:?} was taken"));
        assert!(matches!(refused, NotIdentified::DoesNotHold(_)), "{twist:?}: {refused:?}");
        assert!(in_words(&refused).contains(why), "{twist:?}: {}", in_words(&refused));
        assert!(!refused.to_string().contains(why), "the reason is for the log alone");
    }
    assert!(scene.identifies().await.is_ok(), "a good one after all these is taken");
}

#[tokio::test]
async fn who_comes_back_twice_late_or_with_what_another_browser_began_begins_again() {
    let scene = Scene::usual().await;
    let (hers, his) = (scene.goes_there().await, scene.goes_there().await);
    let is_stale = |result: Result<Identified, NotIdentified>| matches!(result, Err(NotIdentified::Stale));
    let swapped = CameBack { kept: Some(&his.kept), ..hers.came() };
    assert!(is_stale(scene.provider.identify(swapped, NOW).await), "her code, pushed into his browser");
    assert!(is_stale(scene.provider.identify(CameBack { kept: None, ..hers.came() }, NOW).await));
    assert!(is_stale(scene.provider.identify(CameBack { kept: Some("forged"), ..hers.came() }, NOW).await));
    assert!(is_stale(scene.provider.identify(CameBack { state: None, ..hers.came() }, NOW).await));
    assert!(is_stale(scene.provider.identify(hers.came(), NOW + TimeDelta::minutes(10)).await));
    assert!(scene.provider.identify(hers.came(), NOW + TimeDelta::minutes(4)).await.is_ok());
    assert!(is_stale(scene.provider.identify(hers.came(), NOW + TimeDelta::minutes(4)).await), "good once");
    let asked = scene.server.faults.count("POST", "/token");
    assert_eq!(asked, 1, "none of these was worth a question to the provider");
}

#[tokio::test]
async fn a_code_that_was_used_and_a_verifier_that_is_not_its_own_are_not_taken() {
    let scene = Scene::usual().await;
    let (first, second) = (scene.goes_there().await, scene.goes_there().await);
    scene.provider.identify(first.came(), NOW).await.unwrap();
    let replayed = CameBack { code: first.code.as_deref(), ..second.came() };
    assert!(matches!(scene.provider.identify(replayed, NOW).await, Err(NotIdentified::DoesNotHold(_))));
    let (hers, his) = (scene.goes_there().await, scene.goes_there().await);
    let stolen = CameBack { code: hers.code.as_deref(), ..his.came() };
    assert!(matches!(scene.provider.identify(stolen, NOW).await, Err(NotIdentified::DoesNotHold(_))), "PKCE");
}

#[tokio::test]
async fn a_new_key_is_looked_for_once_and_the_rest_is_kept() {
    let scene = Scene::usual().await;
    scene.identifies().await.unwrap();
    scene.identifies().await.unwrap();
    assert_eq!(scene.server.faults.count("GET", "/keys"), 1);
    scene.server.rotates().unwrap();
    scene.identifies().await.unwrap();
    assert_eq!(scene.server.faults.count("GET", "/keys"), 2);
}

#[tokio::test]
async fn a_provider_that_says_no_is_heard_and_one_that_is_away_is_not_asked_by_everybody() {
    let scene = Scene::usual().await;
    scene.server.refuses("access_denied");
    assert!(matches!(scene.identifies().await, Err(NotIdentified::Refused(why)) if why == "access_denied"));

    let away = Scene::usual().await;
    away.server.faults.on("GET", "openid-configuration", 1, millwright_standin::Fault::status(503));
    for _ in 0..3 {
        assert!(matches!(away.provider.send_away(NOW).await, Err(NotIdentified::Away(_))));
    }
    assert_eq!(away.server.faults.count("GET", "openid-configuration"), 1);
    assert!(away.provider.send_away(NOW + TimeDelta::seconds(6)).await.is_ok());
}

#[tokio::test]
async fn what_is_asked_for_is_a_code_with_pkce_and_our_own_address_to_come_back_to() {
    let scene = Scene::usual().await;
    let away = scene.provider.send_away(NOW).await.unwrap();
    for part in ["response_type=code", "code_challenge_method=S256", "scope=openid+profile", "redirect_uri=https%3A%2F%2Fmillwright.plant.example%2F"]
    {
        assert!(away.to.contains(part), "{part} is missing in {}", away.to);
    }
    let out = scene.provider.sign_out(NOW).await.unwrap();
    assert!(out.starts_with(&format!("{}/logout?", scene.server.url())) && out.contains("client_id=millwright"), "{out}");
}

#[tokio::test]
async fn without_rules_for_claims_roles_are_left_to_those_who_give_them_here() {
    let scene = Scene::of(Signs::EdDsa, "works", |settings| settings.grants.clear()).await;
    assert_eq!(scene.identifies().await.unwrap().grants, None);
    scene.server.is_there("u-2", json!({ "name": "Bob" }));
    let with_rules = Scene::usual().await;
    with_rules.server.is_there("u-2", json!({ "name": "Bob" }));
    assert_eq!(with_rules.identifies().await.unwrap().grants, Some(vec![]));
}
