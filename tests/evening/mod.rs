//! An evening in a plant, with the program killed and started at each step: alert, ticket, message, yes, write, ticket closed, "fixed bearing",
//! and the next alert that says what helped.

mod house;
mod machines;

use house::{House, until};
use machines::Machines;
use millwright_standin::{
    github::GithubServer,
    whatsapp::{Sent, WhatsappServer},
};
use serde_json::{Value, json};

const ANN: &str = "491701234711";
const HOOK_SECRET: &str = "what GitHub signs with";

const POLICY: &str = r#"
require_approval: [slow_pump_to_75pct]
actions:
  slow_pump_to_75pct:
    write: { kind: speed_setpoint, to: { percent_of_rated: 75.0 }, interlock: ["flow > 10"] }
"#;

const ROSTER: &str = r#"
groups: { operators: [ann] }
people: { ann: { by: [whatsapp] } }
alerts: { to: operators }
tickets: [github]
links:
  page: https://mill.example.org
  grafana: https://grafana.example.org/d/plc-health?var-sensor={signal}&from={from}&to={to}
"#;

fn settings(github: &GithubServer, whatsapp: &WhatsappServer) -> String {
    let [github_api, whatsapp_api] = [github.url(), whatsapp.url()];
    let (repository, account) = (GithubServer::REPOSITORY, GithubServer::ACCOUNT);
    let number = WhatsappServer::PHONE_NUMBER_ID;
    format!(
        r#"
policy = "policy.yaml"
roster = "roster.yaml"
rules = "rules"
[logging]
format = "text"
[monitor]
learning_s = 40
[outward]
allow = ["127.0.0.1"]
timeout_s = 5
[tickets.github]
repository = "{repository}"
token = "secrets/github"
api = "{github_api}"
[messages.whatsapp]
token = "secrets/whatsapp"
phone_number_id = "{number}"
api = "{whatsapp_api}"
[inbound.github]
secret = "secrets/github-hook"
repository = "{repository}"
account = "{account}"
[inbound.whatsapp]
app_secret = "secrets/whatsapp-app"
verify_token = "secrets/whatsapp-verify"
phone_number_id = "{number}"
"#
    )
}

fn furnish(house: &House, machines: &Machines, github: &GithubServer, whatsapp: &WhatsappServer) {
    house.write("millwright.toml", &settings(github, whatsapp));
    house.write("plant.toml", &machines.described());
    house.write("policy.yaml", POLICY);
    house.write("roster.yaml", ROSTER);
    house.write("rules/machine.yaml", include_str!("../../config/rules/machine.yaml"));
    house.write("secrets/github", GithubServer::TOKEN);
    house.write("secrets/github-hook", HOOK_SECRET);
    house.write("secrets/whatsapp", WhatsappServer::TOKEN);
    house.write("secrets/whatsapp-app", WhatsappServer::APP_SECRET);
    house.write("secrets/whatsapp-verify", "made-up");
}

/// What Ann has on her phone that holds these words.
fn on_the_phone(whatsapp: &WhatsappServer, words: &str) -> Option<Sent> {
    whatsapp.sent().into_iter().find(|sent| sent.text().contains(words))
}

const CASES: &str = "{ cases(first: 10) { edges { node { id assetId status stage diagnosis { cause } outcome { outcome by note } tickets { system ticket } actions { name stage readBack sent decidedBy } } } } }";

fn case_of(answer: &Value, asset: &str) -> Option<Value> {
    let edges = answer["cases"]["edges"].as_array()?;
    edges.iter().map(|edge| &edge["node"]).find(|case| case["assetId"] == asset).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_evening_with_a_kill_at_every_step_ends_with_one_of_each_and_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let (machines, github, whatsapp) = (Machines::start().await, GithubServer::start().await.unwrap(), WhatsappServer::start().await.unwrap());
    let mut house = House::in_folder(folder.path());
    furnish(&house, &machines, &github, &whatsapp);
    house.start().await;
    whatsapp.has(ANN);
    assert_eq!(whatsapp.subscribe(&house.webhook("whatsapp"), "made-up").await.unwrap(), 200);

    // Ann shows whose phone it is; her account in GitHub is written down.
    let offer = house.ask(r#"mutation { offerEnrolment(person: "ann", way: "whatsapp") { code position } }"#).await;
    let (code, position) = (offer["offerEnrolment"]["code"].as_str().unwrap(), offer["offerEnrolment"]["position"].as_str().unwrap());
    house.ask(&format!(r#"{{ contacts(atLeast: "{position}") {{ person }} }}"#)).await;
    assert_eq!(whatsapp.writes(&house.webhook("whatsapp"), ANN, code, None).await.unwrap(), 200);
    house.until("{ contacts { way proved } }", |answer| answer["contacts"][0]["proved"].as_bool().filter(|proved| *proved)).await;
    house.ask(r#"mutation { enrolContact(person: "ann", way: "github", address: "ann-maintains") { kind reason } }"#).await;
    until("the welcome", || on_the_phone(&whatsapp, "You are enrolled")).await;

    // What is normal is learned; then a bearing goes.
    let learned = r#"{ plant(site: "works") { assets { signals { id baseline { version } } } } }"#;
    house
        .until(learned, |answer| {
            let assets = answer["plant"]["assets"].as_array()?;
            let signals = assets.iter().flat_map(|asset| asset["signals"].as_array().into_iter().flatten());
            let mut measured =
                signals.filter(|signal| signal["id"].as_str().is_some_and(|id| id.ends_with("vibration") || id.ends_with("temperature")));
            measured.all(|signal| signal["baseline"].is_object()).then_some(())
        })
        .await;
    machines.wear(1);
    house.until(CASES, |answer| case_of(answer, "pump-1")).await;
    house.kill_and_start().await;

    // The ticket, once.
    until("the ticket", || github.issues().first().cloned()).await;
    house.kill_and_start().await;

    // The message, with cause, buttons and links.
    let asked = until("the question", || on_the_phone(&whatsapp, "slow_pump_to_75pct?")).await;
    for words in ["bearing_wear", "% sure", "pump-1/vibration", "https://grafana.example.org/d/plc-health?var-sensor=pump-1%2F", "is a no"] {
        assert!(asked.text().contains(words), "{words}: {}", asked.text());
    }
    // A "Y" that points at nothing is only to what surely arrived.
    let arrived = "{ notices(last: 50) { edges { node { subject stage } } } }";
    house
        .until(arrived, |answer| {
            let mut notices = answer["notices"]["edges"].as_array()?.iter().map(|edge| &edge["node"]);
            notices
                .find(|notice| notice["subject"].as_str().is_some_and(|subject| subject.contains("slow_pump_to_75pct?")) && notice["stage"] == "DONE")
                .cloned()
        })
        .await;
    assert_eq!(asked.form["interactive"]["action"]["buttons"].as_array().map(Vec::len), Some(2), "{:#}", asked.form);
    house.kill_and_start().await;

    // The yes, from her phone and from nobody else's; twice, as services send what they sent.
    whatsapp.time.turn_to(chrono::Utc::now().timestamp());
    assert_eq!(whatsapp.writes(&house.webhook("whatsapp"), "491700000000", "Y", None).await.unwrap(), 200);
    assert_eq!(whatsapp.writes(&house.webhook("whatsapp"), ANN, "Y", None).await.unwrap(), 200);
    house.kill_and_start().await;
    assert_eq!(whatsapp.repeats(&house.webhook("whatsapp")).await.unwrap(), 200);

    // The write, once, read back, with its bytes.
    let written = house
        .until(CASES, |answer| {
            let case = case_of(answer, "pump-1")?;
            case["actions"].as_array()?.iter().find(|action| action["stage"] == "COMPLETED").cloned()
        })
        .await;
    assert_eq!((&written["decidedBy"], &written["readBack"]), (&json!("ann"), &json!(1_110.0)), "{written}");
    assert!(written["sent"].as_str().unwrap().contains(&format!("{:04x}", 1_110)), "{written}");
    assert_eq!(machines.written(), [(1, 1_110)]);
    house.kill_and_start().await;

    // Ann closes the ticket, and the case with it.
    let number = github.issues()[0].number;
    github.person_closes(number, "ann-maintains", "completed");
    let statuses = github.deliver_webhooks(&house.webhook("github"), HOOK_SECRET).await.unwrap();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    house.kill_and_start().await;
    let closed = |answer: &Value| case_of(answer, "pump-1").filter(|case| case["status"] == "CLOSED");
    assert_eq!(house.until(CASES, closed).await["outcome"]["by"], "ann");

    // And says what it was.
    whatsapp.time.turn_to(chrono::Utc::now().timestamp());
    assert_eq!(whatsapp.writes(&house.webhook("whatsapp"), ANN, "fixed bearing", None).await.unwrap(), 200);
    house.kill_and_start().await;
    let noted = |answer: &Value| closed(answer).filter(|case| case["outcome"]["note"] == "fixed bearing");
    assert_eq!(house.until(CASES, noted).await["outcome"]["outcome"], "REPAIRED");

    // The next one like it says so.
    machines.wear(2);
    let next = until("the next question", || on_the_phone(&whatsapp, "pump-2: slow_pump_to_75pct?")).await;
    assert!(next.text().contains("repaired, \"fixed bearing\""), "{}", next.text());

    // One of each, after all of it.
    assert_eq!(whatsapp.sent().iter().filter(|sent| sent.text().contains("pump-1: slow_pump_to_75pct?")).count(), 1);
    assert_eq!(github.issues().iter().filter(|issue| issue.title.starts_with("pump-1")).count(), 1);
    assert_eq!(github.issues()[0].state, "closed");
    assert_eq!(machines.written(), [(1, 1_110)], "nothing was written to anybody else");
}
