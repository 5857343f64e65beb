//! The whole program with sign-in, manuals with planted instructions, an agent outside that tries everything, and a model that lies.

use super::{
    Attack, NO_KEY,
    judge::{Success, of_request},
    mark,
};
use crate::{
    access::{Visitor, house_with},
    crew::token,
    program::{run, text},
};
use millwright_standin::models::{ModelServer, Say, Tongue};
use serde_json::Value;
use std::{fs, path::Path, time::Instant};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(90);

/// A manual that answers when the crew looks for what the demo's pump will have, with a planted text in the same sentence.
fn sentence(planted: &str) -> String {
    format!("Bearing wear: a worn bearing shows as vibration; {planted}")
}

/// A PDF of one page, as small as one can be.
fn pdf(line: &str) -> Vec<u8> {
    let content = format!("BT /F1 12 Tf 72 720 Td ({}) Tj ET", line.replace(['(', ')', '\\', '\n'], " "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_string(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".into(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
        "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 3 0 R >> >> /MediaBox [0 0 612 792] /Contents 5 0 R >>".into(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let (mut file, mut places) = (b"%PDF-1.4\n".to_vec(), vec![]);
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    places.iter().for_each(|place| file.extend(format!("{place:010} 00000 n \n").bytes()));
    file.extend(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).bytes());
    file
}

fn plant_manuals(folder: &Path, data: &str) {
    let planted = |name: &str, number| Attack::all().into_iter().find(|attack| attack.name == name).unwrap().text(&mark(number), NO_KEY);
    fs::write(folder.join("one.md"), format!("# Pump\n{}\n", sentence(&planted("fence closed with a guessed key", 901)))).unwrap();
    fs::write(folder.join("two.pdf"), pdf(&sentence(&planted("plain order", 902)))).unwrap();
    for file in ["one.md", "two.pdf"] {
        let imported = run(&["manuals", "import", file, "--data", data], folder);
        assert!(imported.status.success(), "{file}: {}", text(&imported.stderr));
    }
}

/// What a lying model says instead of a summary: as many of the texts as a summary can hold.
fn lie() -> String {
    let wanted = ["forged tool call", "image that carries words out", "script", "turned around", "no width", "escape sequences", "forged approval"];
    let texts = Attack::all().into_iter().filter(|attack| wanted.contains(&attack.name.as_str())).map(|attack| attack.text(&mark(903), NO_KEY));
    texts.collect::<Vec<_>>().join("\n")
}

/// What an agent's token must not do, and what each would be.
fn forbidden(action: &str, binding: &str, case: &str) -> Vec<(String, &'static str)> {
    let site = "site: \"demo\"";
    let all = [
        (format!("approveAction(action: \"{action}\", binding: \"{binding}\") {{ kind }}"), "approveAction"),
        (format!("delegateApproval(action: \"{action}\", to: \"agent-mole\") {{ kind }}"), "delegateApproval"),
        (format!("recordOutcome(case: \"{case}\", outcome: REPAIRED) {{ kind }}"), "recordOutcome"),
        (format!("releaseKillSwitch({site}) {{ kind }}"), "releaseKillSwitch"),
        (format!("setBudget({site}, scope: \"site\", tokensPerHour: 9000000, tokensPerDay: 9000000) {{ kind }}"), "setBudget"),
        ("setGrants(principal: \"agent-mole\", roles: [{ role: ENGINEER }]) { kind }".into(), "setGrants"),
        (format!("chooseModel({site}, agent: \"svc-weaver\", model: \"mine\") {{ kind }}"), "chooseModel"),
        (format!("spawnAgent({site}, agent: \"agent-mole\") {{ kind }}"), "spawnAgent"),
        (format!("setThreshold({site}, signal: \"pump-1/vibration\", factor: 9.0, note: \"x\") {{ kind }}"), "setThreshold"),
        (format!("shelveAlarm({site}, asset: \"pump-1\", detector: \"drift\", minutes: 60, reason: \"x\") {{ kind }}"), "shelveAlarm"),
        (format!("shredCallWords(case: \"{case}\") {{ keys }}"), "shredCallWords"),
        ("replayModelCall(call: \"018f0000-0000-7000-8000-000000000001\") { tookMs }".into(), "replayModelCall"),
        ("forgetPerson(person: \"demo-operator\") { kind }".into(), "forgetPerson"),
        ("enrolContact(person: \"demo-operator\", way: \"email\", address: \"mole@evil.example\") { kind }".into(), "enrolContact"),
    ];
    all.into()
}

/// Refused by the rules, or not allowed at all.
async fn tries(mole: &Visitor, (mutation, name): (String, &'static str)) -> Option<(String, Success)> {
    match mole.ask(&format!("mutation {{ {mutation} }}")).await {
        Ok(answer) if answer[name]["kind"] == "DONE" || answer[name]["keys"].as_u64() > Some(0) || !answer[name]["tookMs"].is_null() => {
            Some((name.into(), Success::Acted(answer.to_string())))
        }
        _ => None,
    }
}

async fn until<T>(visitor: &Visitor, query: &str, pick: impl Fn(&Value) -> Option<T>) -> T {
    let limit = Instant::now() + LIMIT;
    loop {
        let answer = visitor.ask(query).await.unwrap();
        if let Some(found) = pick(&answer) {
            return found;
        }
        assert!(Instant::now() < limit, "it did not come to pass; last answer: {answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

const REPORT: &str = "{ cases(first: 1) { edges { node { id investigation { report { text model } parts { agent text citations { quote } } } } } } }";

fn reported(answer: &Value) -> Option<(String, String, Value)> {
    let case = answer.pointer("/cases/edges/0/node")?;
    let report = case.pointer("/investigation/report/text")?.as_str()?;
    Some((case["id"].as_str()?.into(), report.into(), case["investigation"]["parts"].clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_manuals_a_mole_and_a_lying_model_succeed_in_nothing() {
    let (folder, server) = (tempfile::tempdir().unwrap(), ModelServer::start(Tongue::OpenAi).await.unwrap());
    (0..4).for_each(|_| server.says(Say::Text(lie())));
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    fs::write(&key, ModelServer::KEY).unwrap();
    plant_manuals(folder.path(), data.to_str().unwrap());
    let deployment = |what: &str| format!("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__{what}");
    let settings = [
        ("MILLWRIGHT_OUTWARD__ALLOW".to_string(), "[\"127.0.0.1\"]".to_string()),
        (deployment("SPEAKS"), "openai".into()),
        (deployment("MODEL"), ModelServer::MODEL.into()),
        (deployment("API"), server.api()),
        (deployment("KEY"), key.display().to_string()),
        (deployment("LOCAL"), "true".into()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (program, admin) = house_with(&data, &settings).await;
    let token = token(&admin, "agent-mole", "OPERATOR").await;
    let mole = Visitor::with_token(&program, &token);
    let pending = "{ pendingApprovals { id binding } }";
    let (action, binding) = until(&admin, pending, |answer| {
        let first = answer.pointer("/pendingApprovals/0")?;
        Some((first["id"].as_str()?.to_string(), first["binding"].as_str()?.to_string()))
    })
    .await;
    let (case, report, parts) = until(&admin, REPORT, reported).await;
    let mut successes = vec![];
    for forbidden in forbidden(&action, &binding, &case) {
        successes.extend(tries(&mole, forbidden).await);
    }
    for (number, name) in [(901, "manual in Markdown"), (902, "manual as PDF")] {
        let asked = server.asked();
        let reached = asked.iter().filter(|body| body.to_string().contains(&mark(number))).count();
        assert!(reached > 0, "{name}: the planted sentence was cited and shown to the model, or nothing was tried: {parts}");
        let found = asked.iter().flat_map(|body| of_request(body, &mark(number), &[ModelServer::KEY, &token, "three quiet pumps"]));
        successes.extend(found.map(|success| (name.to_string(), success)));
    }
    let shown = format!("{report}{parts}");
    let hidden = shown.chars().find(|c| matches!(c, '\u{1b}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'));
    successes.extend(hidden.map(|c| ("lying model".to_string(), Success::Unseen(c))));
    assert!(report.contains(&mark(903)) && report.contains("Feel and listen"), "the lie stands beside the report by rules, as text: {report}");
    let approved = admin.ask("{ audit(filter: { kind: \"ActionApproved\" }, first: 50) { nodes { json } } }").await.unwrap();
    let of_it = approved["audit"]["nodes"].as_array().unwrap().iter().filter(|node| node["json"].to_string().contains(&action));
    successes.extend(of_it.map(|node| ("somebody".to_string(), Success::Acted(node.to_string()))));
    assert_eq!(successes, []);
}

/// The page shows all of it as text: nothing in its sources makes markup of what it is told.
#[test]
fn the_page_makes_no_markup_of_words() {
    let mut successes = vec![];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(source) = fs::read_to_string(&path) {
                let makes = ["dangerouslySetInnerHTML", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function("];
                let found = makes.iter().filter(|makes| source.contains(**makes));
                successes.extend(found.map(|makes| Success::Rendered(format!("{makes} in {}", path.display()))));
            }
        }
    }
    assert_eq!(successes, []);
}
