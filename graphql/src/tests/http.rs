//! What is let in, and what strangers and bad input are told.

use crate::testing::House;
use reqwest::header::{HOST, ORIGIN};
use serde_json::{Value, json};

async fn code(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_this_machine_under_its_own_name_is_served() {
    let house = House::open().await;
    let url = format!("http://{}/graphql", house.address);
    let ask = || reqwest::Client::new().post(&url).json(&json!({ "query": "{ health { ok } }" }));
    assert_eq!(code(ask().header(HOST, "rebound.example.org").send().await.unwrap()).await, (403, "NOT_LOCAL".into()));
    assert_eq!(code(ask().header(ORIGIN, "https://example.org").send().await.unwrap()).await, (403, "NOT_LOCAL".into()));
    assert_eq!(code(ask().header(ORIGIN, "null").send().await.unwrap()).await, (403, "NOT_LOCAL".into()));
    assert_eq!(code(ask().header(ORIGIN, "http://localhost:5173").send().await.unwrap()).await, (403, "NOT_LOCAL".into()), "another port's page");
    assert_eq!(ask().header(ORIGIN, format!("http://{}", house.address)).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_forbids_framing_sniffing_and_keeping() {
    let house = House::open().await;
    let response = reqwest::get(format!("http://{}/health", house.address)).await.unwrap();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_string();
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scraper_of_this_machine_gets_the_figures_and_a_strangers_page_does_not() {
    let house = House::open().await;
    let url = format!("http://{}/metrics", house.address);
    let scraped = reqwest::get(&url).await.unwrap();
    assert_eq!(scraped.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(scraped.text().await.unwrap(), (house.state.metrics)());
    let stranger = reqwest::Client::new().get(&url).header(HOST, "rebound.example.org").send().await.unwrap();
    assert_eq!(code(stranger).await, (403, "NOT_LOCAL".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_ten_megabytes_is_told_that_it_is_too_large() {
    let house = House::open().await;
    let huge = format!("{{ health {{ ok }} }} #{}", "x".repeat(10_000_000));
    let (status, body) = house.post("/graphql", &json!({ "query": huge })).await;
    assert_eq!((status, body["errors"][0]["extensions"]["code"].as_str()), (413, Some("TOO_LARGE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_too_deep_too_wide_or_too_costly_are_refused() {
    let house = House::open().await;
    let refused = async |query: String| {
        let answer = house.graphql_raw(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "TOO_MANY", "{answer}");
        answer["errors"][0]["message"].to_string()
    };
    let deep = |times: usize| (0..times).fold("id".to_string(), |inner, _| format!("case {{ actions {{ {inner} }} }}"));
    for times in [9, 50] {
        // What is deep enough has lists in lists, and may be told as either.
        let told = refused(format!("{{ pendingApprovals {{ {} }} }}", deep(times))).await;
        assert!(told.contains("nested too deep") || told.contains("too complex"), "{told}");
    }
    let wide: String = (0..1_100).map(|name| format!("h{name}: logExtent {{ facts }} ")).collect();
    assert!(refused(format!("{{ {wide} }}")).await.contains("1000 at most"));
    let costly: String = (0..50).map(|name| format!("c{name}: cases(first: 500) {{ nodes {{ id stage }} }} ")).collect();
    assert!(refused(format!("{{ {costly} }}")).await.contains("too complex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_as_a_question_has_a_code_like_every_error() {
    let house = House::open().await;
    for query in ["{ plants { site }", "{ plants { colour } }", "query($at: DateTime!) { plants(asOf: $at) { site } }", "{ case(id: 7) { id } }"] {
        let answer = house.graphql_raw(query, json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_INPUT", "{query}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_sent_once_is_known_by_its_hash() {
    let house = House::open().await;
    // SHA-256 of the text below.
    let hash = "9e13422457902791542bd7d6396f948a7d6223354c1a3775892e5695bb4b92db";
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let unknown = house.post("/graphql", &json!({ "extensions": extensions })).await.1;
    let told = |part: &str| unknown["errors"][0].pointer(part).cloned();
    assert_eq!([told("/message"), told("/extensions/code")], [Some("PersistedQueryNotFound".into()), Some("PERSISTED_QUERY_NOT_FOUND".into())]);
    house.post("/graphql", &json!({ "query": "{ me { person } }", "extensions": extensions })).await;
    let known = house.post("/graphql", &json!({ "extensions": extensions })).await.1;
    assert_eq!(known["data"]["me"]["person"], "local-operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_told_so() {
    let house = House::open().await;
    let url = format!("http://{}/graphql", house.address);
    let send = |kind: &'static str, body: &'static str| reqwest::Client::new().post(&url).header("content-type", kind).body(body).send();
    assert_eq!(code(send("application/json", "{ \"query\": ").await.unwrap()).await, (400, "BAD_JSON".into()));
    assert_eq!(code(send("application/json", "[{\"query\": \"{ health { ok } }\"}]").await.unwrap()).await, (400, "BAD_JSON".into()));
    assert_eq!(code(send("text/plain", "{}").await.unwrap()).await, (415, "NOT_JSON".into()));
    let wrong = house.graphql_raw("{ nothing", json!({})).await;
    assert!(wrong["errors"][0]["message"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_simulator_the_scenario_endpoints_say_how_to_get_one() {
    let house = House::open().await;
    let status = reqwest::get(format!("http://{}/scenario/status", house.address)).await.unwrap();
    assert_eq!(code(status).await, (404, "NO_SIMULATOR".into()));
    let (status, body) = house.post("/scenario/load", &json!("normal")).await;
    assert_eq!((status, body["errors"][0]["extensions"]["code"].as_str()), (404, Some("NO_SIMULATOR")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_and_the_page_or_how_to_build_it_are_served() {
    let house = House::open().await;
    let text = |path: &str| {
        let url = format!("http://{}{path}", house.address);
        async move { reqwest::get(url).await.unwrap().text().await.unwrap() }
    };
    assert!(text("/schema.graphql").await.contains("type Subscription"));
    assert!(text("/").await.to_lowercase().contains("<!doctype html>"));
    let nowhere = reqwest::get(format!("http://{}/no/such.js", house.address)).await.unwrap();
    assert_eq!(nowhere.status(), 404);
}
