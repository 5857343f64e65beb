//! Signing in at the real program through an identity provider that signs for real: roles follow its claims, and what does not hold lets nobody in.

use crate::{
    access::{Visitor, holds, house_with},
    program::Program,
};
use millwright_standin::oidc::{OidcServer, Signs, Twist};
use reqwest::{Client, Response, header, redirect::Policy};
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeMap, path::Path};

/// Where the settings say that the page is; a test's program is on a port of its own, and this browser knows.
const PUBLIC: &str = "http://127.0.0.1:7410";

struct Browser {
    http: Client,
    url: String,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    fn at(program: &Program) -> Self {
        Self { http: Client::builder().redirect(Policy::none()).build().unwrap(), url: program.url.clone(), cookies: RefCell::default() }
    }

    async fn get(&self, place: &str) -> Response {
        let cookies: Vec<String> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let response = self.http.get(place).header(header::COOKIE, cookies.join("; ")).send().await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly; SameSite="), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.borrow_mut().insert(name.into(), value.into());
        }
        response
    }

    async fn sent_on(&self, place: &str) -> String {
        let response = self.get(place).await;
        assert!(response.status().is_redirection(), "{place}: {}", response.status());
        response.headers()[header::LOCATION].to_str().unwrap().replace(PUBLIC, &self.url)
    }

    /// To the provider's page; returns the address at which it comes back.
    async fn leaves(&self) -> String {
        let there = self.sent_on(&format!("{}/access/oidc/works", self.url)).await;
        self.sent_on(&there).await
    }

    /// All the way; returns where it ends.
    async fn signs_in(&self) -> String {
        let back = self.leaves().await;
        self.sent_on(&back).await
    }

    async fn me(&self) -> Value {
        self.get(&format!("{}/access/me", self.url)).await.json().await.unwrap()
    }
}

async fn works(folder: &Path) -> (OidcServer, Program, Visitor) {
    let server = OidcServer::start(Signs::EdDsa).await.unwrap();
    server.time.turn_to(chrono::Utc::now().timestamp());
    let secret = folder.join("oidc-secret");
    std::fs::write(&secret, OidcServer::CLIENT_SECRET).unwrap();
    let grants = "[{claim=\"groups\",value=\"leads\",role=\"operator\",site=\"demo\"},{claim=\"groups\",value=\"staff\",role=\"viewer\"}]";
    let url = server.url();
    let settings = [
        ("MILLWRIGHT_HTTP__PUBLIC_URL", PUBLIC),
        ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]"),
        ("MILLWRIGHT_ACCESS__OIDC__WORKS__NAME", "Works account"),
        ("MILLWRIGHT_ACCESS__OIDC__WORKS__ISSUER", &url),
        ("MILLWRIGHT_ACCESS__OIDC__WORKS__CLIENT_ID", OidcServer::CLIENT_ID),
        ("MILLWRIGHT_ACCESS__OIDC__WORKS__CLIENT_SECRET", secret.to_str().unwrap()),
        ("MILLWRIGHT_ACCESS__OIDC__WORKS__GRANTS", grants),
    ];
    let (program, admin) = house_with(&folder.join("data"), &settings).await;
    (server, program, admin)
}

fn is_there(server: &OidcServer, groups: &[&str]) {
    server.is_there("u-4711", json!({ "name": "Olga Petrova", "groups": groups }));
}

#[tokio::test]
async fn a_person_comes_by_her_works_account_and_her_roles_follow_it() {
    let folder = tempfile::tempdir().unwrap();
    let (server, program, admin) = works(folder.path()).await;
    let olga = Browser::at(&program);
    assert_eq!(olga.me().await["oidc"], json!([{ "id": "works", "name": "Works account" }]));
    is_there(&server, &["leads", "staff"]);
    assert_eq!(olga.signs_in().await, "/");
    let me = olga.me().await;
    assert_eq!(me["name"], "Olga Petrova");
    assert_eq!(me["roles"], json!([{ "role": "viewer" }, { "role": "operator", "site": "demo" }]));
    let person = me["person"].as_str().unwrap().to_string();

    is_there(&server, &["staff"]);
    let elsewhere = Browser::at(&program);
    assert_eq!(elsewhere.signs_in().await, "/");
    assert_eq!((elsewhere.me().await["person"].as_str(), &elsewhere.me().await["roles"]), (Some(person.as_str()), &json!([{ "role": "viewer" }])));
    assert_eq!(olga.me().await["roles"], json!([{ "role": "viewer" }]), "a session from before has the roles of now");

    is_there(&server, &[]);
    assert_eq!(Browser::at(&program).signs_in().await, "/?sign-in=no-role");
    assert_eq!(olga.me().await["signedIn"], false, "who has lost every role is nobody here");

    refusals_are_on_the_audit(&admin, 1).await;
    let facts = admin.ask("{ audit(filter: { partition: \"ledger/_platform\" }, first: 100) { nodes { kind actor json } } }").await.unwrap();
    let facts = facts["audit"]["nodes"].as_array().unwrap();
    let by_works = |kind: &str| facts.iter().filter(|fact| fact["kind"] == kind && fact["json"].to_string().contains("oidc:works")).count();
    assert_eq!((by_works("SignedIn"), by_works("SignInRefused")), (2, 1));
    assert_eq!(facts.iter().filter(|fact| fact["kind"] == "GrantsSet" && fact["actor"] == "svc-oidc").count(), 3);
    let log = folder.path().join("data/log");
    assert!(["Olga", "u-4711", OidcServer::CLIENT_SECRET].iter().all(|secret| !holds(&log, secret)));
    assert!(program.terminate());
}

/// What is shown is a moment behind what was decided.
async fn refusals_are_on_the_audit(admin: &Visitor, least: usize) {
    let asked = "{ audit(filter: { partition: \"ledger/_platform\", kind: \"SignInRefused\" }, first: 100) { nodes { kind } } }";
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let facts = admin.ask(asked).await.unwrap();
        if facts["audit"]["nodes"].as_array().unwrap().len() >= least {
            return;
        }
        assert!(std::time::Instant::now() < limit, "{least} refusals: {facts}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_does_not_hold_or_was_begun_elsewhere_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let (server, program, admin) = works(folder.path()).await;
    is_there(&server, &["leads"]);
    for twist in [Twist::OtherNonce, Twist::AlgNone, Twist::OtherAudience, Twist::Expired] {
        server.twists(twist);
        let browser = Browser::at(&program);
        assert_eq!(browser.signs_in().await, "/?sign-in=invalid", "{twist:?}");
        assert_eq!(browser.me().await["signedIn"], false);
    }
    server.refuses("access_denied");
    assert_eq!(Browser::at(&program).signs_in().await, "/?sign-in=refused");

    let (attacker, victim) = (Browser::at(&program), Browser::at(&program));
    let his_way_back = attacker.leaves().await;
    assert_eq!(victim.sent_on(&his_way_back).await, "/?sign-in=stale", "a link that another made signs nobody in");
    victim.leaves().await;
    assert_eq!(victim.sent_on(&his_way_back).await, "/?sign-in=stale", "not while she is on her own way, either");
    assert_eq!(attacker.sent_on(&his_way_back).await, "/");
    let again = attacker.sent_on(&his_way_back).await;
    assert_eq!(again, "/?sign-in=stale", "good once");

    refusals_are_on_the_audit(&admin, 8).await;
    assert_eq!(Browser::at(&program).sent_on(&format!("{}/access/oidc/nobody", program.url)).await, "/?sign-in=unknown");

    let out = attacker.http.post(format!("{}/access/sign-out", program.url)).header("x-millwright", "page");
    let cookie = format!("millwright={}", attacker.cookies.borrow()["millwright"]);
    let out: Value = out.header(header::COOKIE, cookie).send().await.unwrap().json().await.unwrap();
    assert!(out["goTo"].as_str().is_some_and(|place| place.starts_with(&format!("{}/logout?", server.url()))), "{out}");
    assert!(program.terminate());
}
