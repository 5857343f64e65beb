//! Floods on the budget: many calls at once, huge prompts, servers that fail and stall, at the real purse on the real ledger.

use super::{judge::Success, recorded};
use crate::house::{House, start_of_time};
use millwright_agents::{
    gateway::{Around, Deployed, Gateway, GatewayRules, observer::Nobody, question::Question},
    ledger_purse::LedgerPurse,
};
use millwright_commands::SetBudget;
use millwright_domain::{
    budget::{BudgetSet, Lane, SITE, TokensReserved, Window},
    envelope::{Recorded, StreamId},
    ids::{ReservationId, derived},
    model_call::Prompt,
    site::Site,
    untrusted::{Nonce, Origin, Untrusted},
};
use millwright_infra::{
    models::{ModelSettings, Rules},
    outward::{Outward, OutwardSettings},
};
use millwright_standin::models::{ModelServer, Tongue};
use serde_json::json;
use std::{path::Path, sync::Arc};

const LIMIT: u64 = 60_000;

/// The ledger folded fact by fact: what was settled and held at each step.
fn passed(facts: &[Recorded], limit: u64) -> Vec<Success> {
    let mut site = Site::default();
    let mut found = vec![];
    for fact in facts {
        site.evolve_recorded(fact);
        let Some(account) = site.budgets.get(SITE) else { continue };
        let held = account.spent(Window::Day, fact.recorded_at).total();
        if held > limit {
            found.push(Success::BudgetPassed { held, limit });
        }
    }
    found
}

fn gateway(house: &House, server: &ModelServer, folder: &Path) -> Gateway {
    let key = folder.join("key");
    std::fs::write(&key, ModelServer::KEY).unwrap();
    let deployment = json!({ "speaks": "openai", "model": ModelServer::MODEL, "api": server.api(), "local": true, "key": key, "context": 1_000_000 });
    let settings: ModelSettings = serde_json::from_value(json!({ "deployments": { "one": deployment } })).unwrap();
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 5 }).unwrap();
    let models = settings.models(&outward).unwrap();
    let deployed = models.deployments.into_iter().map(|(deployment, model)| Deployed { deployment, model }).collect();
    let purse = Arc::new(LedgerPurse::of(house.site.clone(), house.log.clone(), house.commands.clone(), house.clock.clone()));
    let around = Around { plain: Arc::new(Rules), purse, observer: Arc::new(Nobody), clock: house.clock.clone() };
    Gateway::new(GatewayRules { attempts: 2, ..GatewayRules::default() }, deployed, models.prices, around)
}

fn question(number: u32) -> Question {
    // Some small, some larger than all that there is.
    let words = "overheated ".repeat([10, 200, 1_800][number as usize % 3]);
    let mut prompt = Prompt::new("You look at machines.", Nonce::of(number.into())).say("Why?");
    for _ in 0..[1, 1, 8][number as usize % 3] {
        prompt = prompt.show(Untrusted::new(Origin::Alarm, &words));
    }
    let prompt = prompt.at_most(500).or_plainly("The rules say bearing wear.", None);
    Question::new(derived("red", "flood", number), "svc-weaver".parse().unwrap(), "standard".parse().unwrap(), prompt)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_flood_of_calls_holds_one_token_more_than_there_is() {
    let (folder, server) = (tempfile::tempdir().unwrap(), ModelServer::start(Tongue::OpenAi).await.unwrap());
    let house = House::furnished(folder.path()).await;
    house.ask("ann", SetBudget { scope: SITE.into(), limits: BudgetSet::of(LIMIT, LIMIT) }).await;
    let gateway = gateway(&house, &server, folder.path());
    let asked = futures::future::join_all((0..96).map(|number| {
        let gateway = &gateway;
        async move { gateway.ask(&question(number)).await.unwrap().plainly.is_some() }
    }));
    let asked = asked.await;
    let by_rules = asked.iter().filter(|plainly| **plainly).count();
    assert!(by_rules > 0 && by_rules < asked.len(), "some had room, and the rules spoke for the others: {by_rules} of {}", asked.len());
    assert_eq!(passed(&house.facts().await, LIMIT), []);
}

#[test]
fn a_purse_that_gives_more_is_found_by_the_judge() {
    let at = start_of_time();
    let reserved = |number: u32| TokensReserved {
        reservation: ReservationId(derived("red", "hold", number)),
        agent: "svc-weaver".parse().unwrap(),
        tokens: 600,
        reserved_at: at,
        expires_at: at + chrono::TimeDelta::minutes(1),
        scopes: vec![],
        lane: Lane::Ordinary,
        about: None,
    };
    let facts: Vec<Recorded> = (0..2).map(|number| recorded(number.into(), StreamId::budget(SITE), reserved(number))).collect();
    assert_eq!(passed(&facts, 1_000), [Success::BudgetPassed { held: 1_200, limit: 1_000 }]);
}
