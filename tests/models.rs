//! The gateway with real adapters against servers that fail, stall and lie at random: an answer in time each time, and an account that holds.

use futures::{StreamExt, stream};
use millwright_agents::gateway::{Around, Deployed, Gateway, GatewayRules, observer::Nobody, pocket::Pocket, question::Question};
use millwright_domain::{
    ids::derived,
    model_call::Prompt,
    untrusted::{Nonce, Origin, Untrusted},
};
use millwright_infra::{
    clock::SystemClock,
    models::{ModelSettings, Rules},
    outward::{Outward, OutwardSettings},
};
use millwright_standin::models::{ModelServer, Tongue};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc, time::Duration};

const QUESTIONS: u32 = 60;
/// For one question; each request gets a third of it.
const WITHIN: chrono::TimeDelta = chrono::TimeDelta::milliseconds(2_400);

fn schema() -> Value {
    json!({ "type": "object", "properties": { "cause": { "type": "string" } }, "required": ["cause"], "additionalProperties": false })
}

fn question(number: u32) -> Question {
    let prompt = Prompt::new("You look at machines.", Nonce::of(number.into()))
        .say("What is the cause?")
        .show(Untrusted::new(Origin::Alarm, "high vibration"))
        .wanting("diagnosis", schema())
        .at_most(200)
        .or_plainly("The rules say bearing wear.", Some(json!({ "cause": "bearing_wear" })));
    Question::new(derived("test", "moody", number), "svc-test".parse().unwrap(), "standard".parse().unwrap(), prompt)
}

fn gateway(folder: &Path, servers: &[(&str, &ModelServer)], purse: &Arc<Pocket>) -> Gateway {
    // Read at each call.
    let key = folder.join("key");
    std::fs::write(&key, ModelServer::KEY).unwrap();
    let deployment = |(speaks, server): &(&str, &ModelServer)| {
        (speaks.to_string(), json!({ "speaks": speaks, "model": ModelServer::MODEL, "api": server.api(), "local": true, "key": key }))
    };
    let deployments: serde_json::Map<String, Value> = servers.iter().map(deployment).collect();
    let settings: ModelSettings = serde_json::from_value(json!({ "deployments": deployments })).unwrap();
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
    let models = settings.models(&outward).unwrap();
    let deployed = models.deployments.into_iter().map(|(deployment, model)| Deployed { deployment, model }).collect();
    let around = Around { plain: Arc::new(Rules), purse: purse.clone(), observer: Arc::new(Nobody), clock: Arc::new(SystemClock) };
    Gateway::new(GatewayRules { within: WITHIN, ..GatewayRules::default() }, deployed, models.prices, around)
}

#[tokio::test]
async fn servers_that_fail_stall_and_lie_leave_an_answer_to_each_question_and_no_token_uncounted() {
    let servers = [ModelServer::start(Tongue::OpenAi).await.unwrap(), ModelServer::start(Tongue::Anthropic).await.unwrap()];
    for (seed, server) in (1..).zip(&servers) {
        server.is_moody(seed, 50);
    }
    let (purse, folder) = (Arc::new(Pocket::of(u64::MAX)), tempfile::tempdir().unwrap());
    let gateway = gateway(folder.path(), &[("openai", &servers[0]), ("anthropic", &servers[1])], &purse);
    let one = |number| {
        let gateway = &gateway;
        async move {
            let begun = std::time::Instant::now();
            let given = gateway.ask(&question(number)).await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
            assert!(given.answer.json.as_ref().is_some_and(|json| json["cause"].is_string()), "{given:?}");
            given.plainly.is_none()
        }
    };
    let by_models = stream::iter(0..QUESTIONS).map(one).buffer_unordered(4).filter(|by_model| std::future::ready(*by_model)).count().await;
    let billed: u64 = servers.iter().flat_map(ModelServer::bills).map(|bill| bill.total()).sum();
    assert_eq!(purse.held(), 0);
    assert!(purse.settled() >= billed && billed > 0, "{} settled, {billed} billed", purse.settled());
    assert!(by_models > 0, "none was answered by a model");
    let exact = purse.settled() - purse.estimated();
    assert!(exact <= billed, "{exact} told, {billed} billed");
}

#[tokio::test]
async fn a_provider_that_dies_is_gone_around() {
    let (dying, other) = (ModelServer::start(Tongue::OpenAi).await.unwrap(), ModelServer::start(Tongue::Anthropic).await.unwrap());
    let (purse, folder) = (Arc::new(Pocket::of(u64::MAX)), tempfile::tempdir().unwrap());
    let gateway = gateway(folder.path(), &[("openai", &dying), ("anthropic", &other)], &purse);
    drop(dying);
    for number in 0..20 {
        let given = gateway.ask(&question(number)).await.unwrap();
        assert_eq!((given.deployment.as_str(), given.plainly), ("anthropic", None));
    }
    assert_eq!(purse.settled(), other.bills().iter().map(|bill| bill.total()).sum::<u64>(), "exact, because all was told");
}
