//! What a model was asked about a case is kept, asked again of another model, held against each other, and destroyed, with the running program.

use crate::{
    house::House,
    program::{Program, run, text},
};
use chrono::TimeDelta;
use millwright_agents::{
    call_keeper::CallKeeper,
    gateway::{
        observer::{Nobody, Observer, Spoken},
        question::Question,
    },
    shredder::Shredder,
};
use millwright_domain::{
    Event,
    ids::{ActorId, derived},
    kept_call::{KeptWords, ModelCallKept},
    model_call::{Answer, Ending, Prompt, Said, Spent, Usage},
    ports::{
        event_log::EventLog,
        vault::{Vault, VaultError},
    },
    sealed::Sealed,
    untrusted::{Nonce, Origin, Untrusted},
};
use millwright_infra::KeyFolder;
use millwright_projections::Projections;
use millwright_standin::models::{ModelServer, Say, Tongue};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Two models in the house, each a server of its own.
fn settings(servers: [(&str, &ModelServer); 2], key: &Path) -> Vec<(String, String)> {
    let mut settings = vec![("MILLWRIGHT_OUTWARD__ALLOW".into(), "[\"127.0.0.1\"]".into())];
    for (name, server) in servers {
        let set = |what: &str, value: String| (format!("MILLWRIGHT_MODELS__DEPLOYMENTS__{name}__{what}"), value);
        settings.extend([set("SPEAKS", "openai".into()), set("MODEL", ModelServer::MODEL.into()), set("API", server.api())]);
        settings.extend([set("KEY", key.display().to_string()), set("LOCAL", "true".into())]);
    }
    settings
}

/// As each of the crew wants it.
fn point(says: &str) -> Say {
    Say::Text(json!({ "points": [{ "says": says, "from": [1] }] }).to_string())
}

const REPORTED: &str = "{ cases(first: 1) { edges { node { id investigation { report { text model } } } } } modelCalls(answered: true) { call caseId agent state deployment } }";

fn reported(answer: &Value) -> Option<(String, String, String)> {
    let case = answer.pointer("/cases/edges/0/node")?;
    case.pointer("/investigation/report/text")?.as_str()?;
    // Whoever is asked last is shown what the others said, and so invents nothing by saying it again.
    let is_first = |call: &&serde_json::Value| call["agent"] == "svc-triage" && call["caseId"] == case["id"] && call["state"] == "KEPT";
    let call = answer["modelCalls"].as_array()?.iter().find(is_first)?;
    Some((case["id"].as_str()?.into(), call["call"].as_str()?.into(), call["deployment"].as_str()?.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_kept_asked_again_of_another_model_and_destroyed() {
    let servers = [ModelServer::start(Tongue::OpenAi).await.unwrap(), ModelServer::start(Tongue::OpenAi).await.unwrap()];
    servers.iter().for_each(|server| server.keeps_saying(point("The bearing wears; see page 99 of the handbook.")));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, ModelServer::KEY).unwrap();
    let environment = settings([("ONE", &servers[0]), ("TWO", &servers[1])], &key);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let data = folder.path().join("data");
    let program = Program::demo_with(&data, &[], &environment).await;
    let (case, call, first) = program.until(REPORTED, reported).await;
    let listen = program.url.trim_start_matches("http://").to_string();
    let cli = |arguments: &[&str]| {
        let output = run(&[arguments, &["--listen", listen.as_str()]].concat(), folder.path());
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    };
    let list = cli(&["models", "list"]);
    assert!(list.contains("one  openai") && list.contains("may be asked") && list.contains("costs nothing"), "{list}");
    assert!(cli(&["models", "calls"]).contains(&call));
    let other = if first == "one" { "two" } else { "one" };
    let replayed = cli(&["models", "replay", &call, "--with", other]);
    assert!(replayed.contains("answered then") && replayed.contains(&format!("answered now by {other}")), "{replayed}");
    assert_eq!(replayed.matches("INVENTED: page 99").count(), 2, "both have made it up: {replayed}");
    servers.iter().for_each(|server| server.keeps_saying(point("I would say bearing wear.")));
    let replayed = cli(&["models", "replay", &call]);
    assert!(replayed.contains("see page 99") && replayed.contains("I would say bearing wear."), "{replayed}");
    let compared: Value = serde_json::from_str(&cli(&["models", "compare", "--cases", "1", "--json"])).unwrap();
    let rows = compared["rows"].as_array().unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row["answered"] == 1 && row["tokens"].as_u64() > Some(0)), "{compared}");
    // Each was held for and settled; the tables are a moment behind the ledger.
    let settled = |answer: &Value| {
        let replays = answer["budgets"].as_array()?.iter().find(|budget| budget["scope"] == "agent/svc-replay")?;
        (replays["calls"] == 4 && replays["held"] == json!([])).then_some(())
    };
    program.until("{ budgets { scope calls held { tokens } } }", settled).await;
    assert!(cli(&["models", "shred", &case]).contains("can never be read again"));
    let read = run(&["models", "replay", &call, "--listen", listen.as_str()], folder.path());
    assert!(!read.status.success() && text(&read.stderr).contains("were destroyed"), "{}", text(&read.stderr));
    assert!(program.terminate());
    let verified = run(&["audit", "verify", "--data", data.to_str().unwrap()], folder.path());
    assert!(verified.status.success(), "the chain does not need the words: {}{}", text(&verified.stdout), text(&verified.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_running_program_the_command_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["models", "list", "--listen", "127.0.0.1:9"], folder.path());
    assert!(!output.status.success() && text(&output.stderr).contains("is millwright running"), "{}", text(&output.stderr));
}

fn question(number: u32) -> Question {
    let prompt = Prompt::new("You look at pumps.", Nonce::of(number.into())).say("Why?").show(Untrusted::new(Origin::Alarm, "high vibration"));
    Question::new(derived("test", "kept", number), "svc-weaver".parse().unwrap(), "standard".parse().unwrap(), prompt)
}

fn answer() -> Answer {
    let said = Said { text: "It is the bearing.".into(), calls: vec![] };
    Answer { said, json: None, ending: Ending::Done, spent: Spent::told(Usage::default()), model: "m-1".into() }
}

async fn kept(house: &House) -> Vec<ModelCallKept> {
    let facts = house.facts().await.into_iter().filter_map(|fact| match fact.event {
        Event::ModelCallKept(kept) => Some(kept),
        _ => None,
    });
    facts.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_older_than_they_are_kept_lose_their_key_and_the_newer_ones_and_every_hash_stay() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let vault = Arc::new(KeyFolder::open(folder.path().join("keys")).unwrap());
    let projections = Projections::open(&folder.path().join("views")).await.unwrap();
    let stop = CancellationToken::new();
    let following = (projections.clone(), house.log.clone(), stop.clone());
    let following = tokio::spawn(async move { following.0.run(following.1, following.2).await });
    let (commands, clock, partition) = (house.commands.clone(), house.clock.clone(), house.site.clone());
    let keeper = CallKeeper::of(Arc::new(Nobody), commands.clone(), vault.clone(), clock.clone(), partition);
    let (deployment, answer) = ("small".parse().unwrap(), answer());
    for number in 1..=2 {
        keeper.spoken(&Spoken { question: &question(number), attempt: 1, deployment: &deployment, said: Ok(&answer) }).await;
        house.later(TimeDelta::days(4));
    }
    let [old, new] = &kept(&house).await[..] else { panic!("two were kept: {:?}", house.story().await) };
    for kept in [old, new] {
        let text = vault.open(kept.words.as_ref().unwrap()).unwrap().unwrap();
        assert_eq!((hex::encode(Sha256::digest(&text)), text.len() as u64), (kept.digest.clone(), kept.bytes));
        assert_eq!(KeptWords::from_text(&text).unwrap().answer.unwrap().said.text, "It is the bearing.");
    }
    let head = house.log.head().await.unwrap();
    projections.reached(&head, std::time::Duration::from_secs(20)).await.unwrap();
    let (site, keep) = ("demo".parse().unwrap(), Some(TimeDelta::days(6)));
    let shredder = Shredder { commands, vault: vault.clone(), projections, clock, site, keep };
    let shredding = tokio::spawn(shredder.run(stop.clone()));
    house.until_story("CallWordsShredded").await;
    assert_eq!(vault.open(old.words.as_ref().unwrap()).unwrap(), None, "nobody reads it any more");
    assert!(vault.open(new.words.as_ref().unwrap()).unwrap().is_some());
    assert_eq!(kept(&house).await[0].digest, old.digest);
    stop.cancel();
    shredding.await.unwrap().unwrap();
    following.await.unwrap().unwrap();
}

/// Seals only once it is told to.
struct SlowVault {
    keys: KeyFolder,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Vault for SlowVault {
    fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
        self.go_on.lock().unwrap().recv().unwrap();
        self.keys.seal(subject, text)
    }
    fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
        self.keys.open(sealed)
    }
    fn forget(&self, subject: &ActorId) -> Result<(), VaultError> {
        self.keys.forget(subject)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_paid_for_does_not_wait_for_a_slow_disk_and_its_words_are_kept_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let (go_on, wait) = mpsc::channel();
    let vault = Arc::new(SlowVault { keys: KeyFolder::open(folder.path().join("keys")).unwrap(), go_on: Mutex::new(wait) });
    let keeper = CallKeeper::of(Arc::new(Nobody), house.commands.clone(), vault.clone(), house.clock.clone(), house.site.clone());
    let (question, deployment, answer) = (question(1), "small".parse().unwrap(), answer());
    let time_passes = async {
        loop {
            house.later(TimeDelta::milliseconds(50));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let spoken = Spoken { question: &question, attempt: 1, deployment: &deployment, said: Ok(&answer) };
    tokio::select! {
        went_on = tokio::time::timeout(Duration::from_secs(20), keeper.spoken(&spoken)) => went_on.expect("it goes on"),
        () = time_passes => {}
    }
    assert_eq!(kept(&house).await, []);
    go_on.send(()).unwrap();
    house.until_story("ModelCallKept").await;
    let [kept] = &kept(&house).await[..] else { panic!("one was kept") };
    assert!(vault.open(kept.words.as_ref().unwrap()).unwrap().unwrap().contains("It is the bearing."));
}
