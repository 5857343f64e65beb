//! The program's log under names and requests that are made to forge it: each record stays one line, and nothing in it moves a terminal.

use crate::{
    program::Program,
    rude::{answered, get, status},
};
use serde_json::{Value, json};
use std::fs::File;

/// Begins as a record of either form does.
const FORGED: &str = "\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\n2026-01-01T00:00:00.000000Z ERROR forged\u{1b}[2J\u{1b}[31m";

fn in_address(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Everything that a stranger can say without being let in.
async fn says_everything(program: &Program) {
    let http = reqwest::Client::new();
    let address = in_address(FORGED);
    for path in
        [format!("/{address}"), format!("/webhooks/{address}"), format!("/access/oidc/{address}/back?error={address}"), format!("/?{address}")]
    {
        assert_ne!(status(&answered(program, &get(&path)).await), "none", "{path}");
    }
    let name = json!({ "person": format!("demo-operator{FORGED}"), "password": FORGED });
    let signs_in = http.post(format!("{}/access/sign-in", program.url)).header("x-millwright", "page").json(&name);
    assert_eq!(signs_in.send().await.unwrap().status(), 401);
    let marked = "GET /graphql HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\x1b[2J\r\nX-Forwarded-For: \x1b[31mforged\r\n";
    let marked = format!("{marked}Authorization: Bearer mwt_\x1b[2J\r\nConnection: close\r\n\r\n");
    assert_ne!(status(&answered(program, &marked).await), "200");
    let question = json!({ "query": format!("query {{ {FORGED} }}"), "operationName": FORGED });
    assert!(http.post(format!("{}/graphql", program.url)).json(&question).send().await.is_ok());
}

async fn log_of(format: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("log");
    let environment = [("MILLWRIGHT_LOGGING__FORMAT", format), ("MILLWRIGHT_ACCESS__MODE", "sign-in")];
    let log = File::create(&place).unwrap();
    let program = Program::demo_logging(&folder.path().join("data"), "debug", log, &["--speed", "1"], &environment).await;
    says_everything(&program).await;
    assert!(program.terminate());
    let log = String::from_utf8(std::fs::read(&place).unwrap()).expect("text");
    let moves = |c: char| c.is_control() && c != '\t' && c != '\n';
    assert_eq!(log.lines().find(|line| line.contains(moves)), None, "nothing in it moves a terminal");
    log
}

#[tokio::test]
async fn each_line_of_the_log_is_a_record_of_the_programs_own_in_json() {
    for line in log_of("json").await.lines() {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no record: {line}"));
        assert!(record["timestamp"].is_string() && record["target"].is_string(), "somebody else's: {line}");
    }
}

#[tokio::test]
async fn each_line_of_the_log_is_a_record_of_the_programs_own_in_text() {
    let log = log_of("text").await;
    let is_own = |line: &&str| {
        let (time, rest) = line.split_once(' ').unwrap_or_default();
        !time.starts_with("2026-01-01") && time.parse::<chrono::DateTime<chrono::Utc>>().is_ok() && rest.contains(": ")
    };
    assert_eq!(log.lines().find(|line| !is_own(line)), None, "somebody else's");
}
