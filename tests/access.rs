//! Signing in at the real program: the first password, roles, tokens, what is refused, and that all of it is in the audit and no secret on the log.

use crate::program::{Program, run, text};
use reqwest::{Client, Response, StatusCode, header};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};

const CHOSEN: &str = "three quiet pumps at night";

/// Somebody at a browser, or a program.
pub struct Visitor {
    http: Client,
    url: String,
    token: Option<String>,
    /// What the program had the browser keep.
    cookie: Mutex<String>,
}

impl Visitor {
    pub fn of(program: &Program) -> Self {
        Self { http: Client::new(), url: program.url.clone(), token: None, cookie: Mutex::default() }
    }
    pub fn with_token(program: &Program, token: &str) -> Self {
        Self { token: Some(token.into()), ..Self::of(program) }
    }
    async fn post(&self, path: &str, body: Value) -> Response {
        let asking = self.http.post(format!("{}{path}", self.url)).json(&body);
        let asking = match &self.token {
            Some(token) => asking.bearer_auth(token),
            None => asking.header("x-millwright", "page").header(header::COOKIE, self.cookie()),
        };
        let response = asking.send().await.unwrap();
        if let Some(kept) = response.headers().get(header::SET_COOKIE) {
            let kept = kept.to_str().unwrap();
            assert!(kept.contains("HttpOnly; SameSite=Strict"), "{kept}");
            *self.cookie.lock().unwrap() = kept.split(';').next().unwrap().to_string();
        }
        response
    }
    fn cookie(&self) -> String {
        self.cookie.lock().unwrap().clone()
    }
    async fn sign_in(&self, person: &str, password: &str) -> (u16, Value) {
        told(self.post("/access/sign-in", json!({ "person": person, "password": password })).await).await
    }
    async fn choose(&self, old: &str, new: &str) -> (u16, Value) {
        told(self.post("/access/password", json!({ "old": old, "new": new })).await).await
    }
    /// Data, or the code of the first error.
    pub async fn ask(&self, query: &str) -> Result<Value, String> {
        let (_, answer) = told(self.post("/graphql", json!({ "query": query })).await).await;
        match answer.pointer("/errors/0/extensions/code") {
            Some(code) => Err(code.as_str().unwrap_or_default().into()),
            None => Ok(answer["data"].clone()),
        }
    }
    async fn me(&self) -> Value {
        self.http.get(format!("{}/access/me", self.url)).header(header::COOKIE, self.cookie()).send().await.unwrap().json().await.unwrap()
    }
}

async fn told(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

pub async fn house(data: &Path) -> (Program, Visitor) {
    house_with(data, &[]).await
}

pub async fn house_with(data: &Path, settings: &[(&str, &str)]) -> (Program, Visitor) {
    let program = Program::demo_with(data, &[], &[settings, &[("MILLWRIGHT_ACCESS__MODE", "sign-in")]].concat()).await;
    let first: String = serde_json::from_slice(&fs::read(data.join("keys/access/first-password.json")).unwrap()).unwrap();
    let admin = Visitor::of(&program);
    assert_eq!(admin.ask("{ me { person } }").await, Err("NOT_SIGNED_IN".into()));
    assert_eq!(admin.sign_in("demo-operator", &first).await, (200, json!({ "mustChangePassword": true })));
    assert_eq!(admin.ask("{ me { person } }").await, Err("MUST_CHANGE_PASSWORD".into()), "the first password opens the door to another alone");
    assert_eq!(admin.choose(&first, "short").await.0, 400);
    assert_eq!(admin.choose(&first, CHOSEN).await.0, 204);
    assert!(!data.join("keys/access/first-password.json").exists());
    (program, admin)
}

pub fn holds(folder: &Path, secret: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { holds(&path, secret) } else { text(&fs::read(path).unwrap()).contains(secret) }
    })
}

#[tokio::test]
async fn roles_decide_and_the_audit_has_every_decision_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    let me = admin.ask("{ me { person mode roles { role site } may } }").await.unwrap();
    assert_eq!(me["me"]["roles"], json!([{ "role": "ADMIN", "site": null }]));

    let grant = "mutation { setGrants(principal: \"olga\", roles: [{ role: OPERATOR, site: \"demo\" }]) { kind reason } }";
    assert_eq!(admin.ask(grant).await.unwrap()["setGrants"]["kind"], "DONE");
    let made = admin.ask("mutation { resetPassword(person: \"olga\") { password } }").await.unwrap();
    let made = made["resetPassword"]["password"].as_str().unwrap();
    let olga = Visitor::of(&program);
    assert_eq!(olga.sign_in("olga", made).await.0, 200);
    assert_eq!(olga.choose(made, "another long night shift").await.0, 204);
    assert_eq!(olga.me().await["roles"], json!([{ "role": "operator", "site": "demo" }]));

    let stop = "mutation { engageKillSwitch(site: \"demo\", reason: \"a try\") { kind } }";
    assert_eq!(olga.ask(stop).await.unwrap()["engageKillSwitch"]["kind"], "DONE");
    for refused in [
        "mutation { releaseKillSwitch(site: \"demo\") { kind } }",
        "mutation { engageKillSwitch(site: \"elsewhere\", reason: \"a try\") { kind } }",
        "mutation { setBudget(scope: \"platform\", tokensPerHour: 1, tokensPerDay: 1) { kind } }",
        "mutation { setGrants(principal: \"olga\", roles: [{ role: ADMIN }]) { kind } }",
        "mutation { forgetPerson(person: \"demo-operator\") { kind } }",
        "{ principals { id } }",
        "{ cases(site: \"elsewhere\") { nodes { id } } }",
        "{ audit(filter: { partition: \"ledger/_platform\" }) { nodes { id } } }",
    ] {
        assert_eq!(olga.ask(refused).await, Err("NOT_ALLOWED".into()), "{refused}");
    }
    let past = format!("{{ cases(site: \"elsewhere\", asOf: \"{}\") {{ nodes {{ id }} }} }}", chrono::Utc::now().to_rfc3339());
    assert_eq!(olga.ask(&past).await, Err("NOT_ALLOWED".into()), "looking back takes the same roles");
    assert!(olga.ask("{ plants { site } cases { nodes { site } } }").await.is_ok(), "who may look at one site alone need not name it");
    let facts = admin.ask("{ audit(filter: { partition: \"ledger/_platform\" }, first: 100) { nodes { kind actor summary } } }").await.unwrap();
    let kinds: Vec<&str> = facts["audit"]["nodes"].as_array().unwrap().iter().map(|fact| fact["kind"].as_str().unwrap()).collect();
    for kind in ["GrantsSet", "PasswordSet", "SignedIn", "AccessRefused"] {
        assert!(kinds.contains(&kind), "{kind} is missing among {kinds:?}");
    }
    assert!(!holds(&folder.path().join("log"), made) && !holds(&folder.path().join("log"), CHOSEN));
    assert!(program.terminate());
}

#[tokio::test]
async fn a_token_opens_what_it_was_given_for_until_it_is_taken_back_and_a_program_never_approves() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    admin.ask("mutation { setGrants(principal: \"agent-coder\", roles: [{ role: OPERATOR }]) { kind } }").await.unwrap();
    let issue = |most: &str| {
        format!(
            "mutation {{ issueToken(holder: \"agent-coder\", label: \"nightly\", atMost: {most}, expiresAt: \"{}\") {{ token answered {{ reason subject }} }} }}",
            (chrono::Utc::now() + chrono::TimeDelta::days(30)).to_rfc3339()
        )
    };
    let viewing = admin.ask(&issue("VIEWER")).await.unwrap();
    let shown = viewing["issueToken"]["token"].as_str().unwrap().to_string();
    let viewer = Visitor::with_token(&program, &shown);
    assert_eq!(viewer.ask("{ me { person atMost } }").await.unwrap()["me"], json!({ "person": "agent-coder", "atMost": "VIEWER" }));
    let stop = "mutation { engageKillSwitch(site: \"demo\", reason: \"a try\") { kind code reason } }";
    assert_eq!(viewer.ask(stop).await, Err("NOT_ALLOWED".into()));

    let working = admin.ask(&issue("OPERATOR")).await.unwrap();
    let worker = Visitor::with_token(&program, working["issueToken"]["token"].as_str().unwrap());
    assert_eq!(worker.ask(stop).await.unwrap()["engageKillSwitch"]["kind"], "DONE", "anybody who may operate may stop a site");
    let tag = "mutation { lockOutAsset(site: \"demo\", asset: \"pump-1\", tag: \"a try\") { kind code } }";
    assert_eq!(worker.ask(tag).await.unwrap()["lockOutAsset"]["kind"], "DONE");
    let give_back = "mutation { returnAssetToService(site: \"demo\", asset: \"pump-1\") { kind code } }";
    let answer = worker.ask(give_back).await.unwrap()["returnAssetToService"].clone();
    assert_eq!((answer["kind"].as_str(), answer["code"].as_str()), (Some("REFUSED"), Some("not_a_person")), "{answer}");

    let take = format!("mutation {{ revokeToken(token: {}) {{ kind }} }}", viewing["issueToken"]["answered"]["subject"]);
    assert_eq!(admin.ask(&take).await.unwrap()["revokeToken"]["kind"], "DONE");
    assert_eq!(viewer.ask("{ me { person } }").await, Err("NOT_SIGNED_IN".into()));
    assert!(!holds(&folder.path().join("log"), &shown) && !holds(&folder.path().join("keys"), &shown));
    assert!(program.terminate());
}

#[tokio::test]
async fn forged_cookies_other_sites_and_guesses_are_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    let graphql = format!("{}/graphql", program.url);
    let question = json!({ "query": "{ me { person } }" });
    let forged = Client::new().post(&graphql).header("x-millwright", "page").header(header::COOKIE, "millwright=forged").json(&question);
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let forged = Client::new().post(&graphql).bearer_auth("mwt_forged").json(&question).send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::UNAUTHORIZED);
    // What another site makes a browser send: the cookie goes along, our header does not.
    let lured = admin.http.post(&graphql).header(header::COOKIE, admin.cookie()).json(&question).send().await.unwrap();
    assert_eq!(told(lured).await.1["errors"][0]["extensions"]["code"], "NOT_OUR_PAGE");
    let elsewhere = admin
        .http
        .post(&graphql)
        .header(header::COOKIE, admin.cookie())
        .header("x-millwright", "page")
        .header(header::ORIGIN, "http://localhost:1")
        .json(&question);
    assert_eq!(elsewhere.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    for path in ["/metrics", "/review/false-positives", "/scenario/status", "/graphql/ws"] {
        let asked = Client::new().get(format!("{}{path}", program.url));
        let asked = asked.header("connection", "upgrade").header("upgrade", "websocket").header("sec-websocket-version", "13");
        let asked = asked.header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==").header("sec-websocket-protocol", "graphql-transport-ws");
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let guesser = Visitor::of(&program);
    let mut codes = vec![];
    for guess in 0..7 {
        codes.push(guesser.sign_in("demo-operator", &format!("a wrong guess {guess}")).await.0);
    }
    assert_eq!(codes, [401, 401, 401, 401, 401, 429, 429]);
    let late = guesser.post("/access/sign-in", json!({ "person": "demo-operator", "password": CHOSEN })).await;
    assert!(late.headers().contains_key(header::RETRY_AFTER), "the right one has to wait, too");
    assert!(admin.ask("{ me { person } }").await.is_ok(), "who is signed in already is not thrown out by a stranger's guesses");
    let left_with = admin.cookie();
    assert_eq!(admin.post("/access/sign-out", json!({})).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(admin.me().await["signedIn"], false);
    // Again, with the cookie of before and with none: nobody leaves twice, and nobody who was not in.
    *admin.cookie.lock().unwrap() = left_with;
    assert_eq!(admin.post("/access/sign-out", json!({})).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(guesser.post("/access/sign-out", json!({})).await.status(), StatusCode::NO_CONTENT);
    assert!(program.terminate());
    let out = run(&["audit", "export", "--data", folder.path().to_str().unwrap()], folder.path());
    let exported = text(&out.stdout);
    let facts = exported.lines().filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["record"].take()));
    let left: Vec<Value> = facts.filter(|fact| fact["type"] == "SignedOut").collect();
    assert_eq!(left.len(), 1, "{}", text(&out.stderr));
    assert_eq!(left[0]["data"], json!({ "person": "demo-operator", "how": "password" }));
}

#[tokio::test]
async fn over_tls_the_page_and_the_command_line_reach_the_program_and_the_cookie_goes_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["c.pem", "k.pem"].map(|file| folder.path().join(file));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    assert!(made.unwrap().status.success(), "openssl makes a certificate");
    let tls = [("MILLWRIGHT_HTTP__TLS_CERTIFICATE", certificate.to_str().unwrap()), ("MILLWRIGHT_HTTP__TLS_KEY", key.to_str().unwrap())];
    let data = folder.path().join("data");
    let program = Program::demo_with(&data, &[], &[&tls[..], &[("MILLWRIGHT_ACCESS__MODE", "sign-in")]].concat()).await;
    let port = program.url.strip_prefix("https://localhost:").expect("a page over TLS").to_string();

    let trusted = reqwest::Certificate::from_pem(&fs::read(&certificate).unwrap()).unwrap();
    let http = Client::builder().add_root_certificate(trusted).build().unwrap();
    let first: String = serde_json::from_slice(&fs::read(data.join("keys/access/first-password.json")).unwrap()).unwrap();
    let asked = http.post(format!("{}/access/sign-in", program.url)).header("x-millwright", "page");
    let let_in = asked.json(&json!({ "person": "demo-operator", "password": first })).send().await.unwrap();
    let cookie = let_in.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-millwright=") && cookie.ends_with("; Secure"), "{cookie}");

    let mut health = crate::program::millwright();
    let told = health.arg("health").arg("--listen").arg(format!("127.0.0.1:{port}")).envs(tls).output().unwrap();
    assert!(text(&told.stdout).contains("\"ok\""), "{}", text(&told.stderr));
    assert!(program.terminate());
}

/// A person with one role in one area of the demo, who has chosen her password.
async fn operator(program: &Program, admin: &Visitor, name: &str, area: &str) -> Visitor {
    let grant =
        format!("mutation {{ setGrants(principal: \"{name}\", roles: [{{ role: OPERATOR, site: \"demo\", area: \"{area}\" }}]) {{ kind }} }}");
    assert_eq!(admin.ask(&grant).await.unwrap()["setGrants"]["kind"], "DONE");
    let made = admin.ask(&format!("mutation {{ resetPassword(person: \"{name}\") {{ password }} }}")).await.unwrap();
    let made = made["resetPassword"]["password"].as_str().unwrap();
    let visitor = Visitor::of(program);
    assert_eq!(visitor.sign_in(name, made).await.0, 200);
    assert_eq!(visitor.choose(made, "another long night shift").await.0, 204);
    visitor
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_one_area_answers_and_locks_out_there_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    let (hers, elsewhere) = (operator(&program, &admin, "olga", "utilities").await, operator(&program, &admin, "pia", "ovens").await);
    let begun = Instant::now();
    let action = loop {
        let pending = elsewhere.ask("{ pendingApprovals { id binding } }").await.expect("who may look at a site sees what waits there");
        if let Some(first) = pending["pendingApprovals"].get(0) {
            break first.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "nothing waits for a yes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let no = format!("mutation {{ rejectAction(action: {}) {{ kind reason }} }}", action["id"]);
    let yes = format!("mutation {{ approveAction(action: {}, binding: {}) {{ kind reason }} }}", action["id"], action["binding"]);
    let tag = "mutation { lockOutAsset(site: \"demo\", asset: \"pump-1\", tag: \"a try\") { kind } }";
    let other = "mutation { lockOutAsset(site: \"demo\", asset: \"nowhere\", tag: \"a try\") { kind } }";
    let stop = "mutation { engageKillSwitch(site: \"demo\", reason: \"a try\") { kind } }";
    for refused in [no.as_str(), &yes, tag, other, stop] {
        assert_eq!(elsewhere.ask(refused).await, Err("NOT_ALLOWED".into()), "{refused}");
    }
    for refused in [other, stop] {
        assert_eq!(hers.ask(refused).await, Err("NOT_ALLOWED".into()), "what is of no area takes a role for the whole site: {refused}");
    }
    assert_eq!(hers.ask(&no).await.unwrap()["rejectAction"]["kind"], "DONE");
    assert_eq!(hers.ask(tag).await.unwrap()["lockOutAsset"]["kind"], "DONE");
    assert!(program.terminate());
}
