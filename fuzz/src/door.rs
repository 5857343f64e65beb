//! What outside services may send to the door, each in its own form, and the header fields that they sign with.
//!
//! Signatures are passed by: what follows them must hold against whoever has stolen a secret, and against the services' mistakes.

use crate::targets::{Target, owned};
use millwright_domain::{
    Timestamp,
    ports::inbound::{Knock, KnockRefused, News},
};
use millwright_infra::{
    inbound::{
        alertmanager, cloudevents,
        github::GithubHook,
        signature::{is_authorized, is_one_of, is_sha1_base64, is_sha256_hex, signed_id},
        standard::TicketHook,
        telegram,
        trello::TrelloHook,
        whatsapp::WhatsappHook,
    },
    secret::{Secret, SecretSource},
};
use std::collections::BTreeMap;

pub const TARGETS: &[Target] = &[
    Target { name: "door_github", run: github, seeds: github_seeds },
    Target { name: "door_trello", run: trello, seeds: trello_seeds },
    Target { name: "door_tickets", run: tickets, seeds: tickets_seeds },
    Target { name: "door_whatsapp", run: whatsapp, seeds: whatsapp_seeds },
    Target { name: "door_telegram", run: telegram, seeds: telegram_seeds },
    Target { name: "door_alertmanager", run: alertmanager, seeds: alertmanager_seeds },
    Target { name: "door_cloudevents", run: cloudevents, seeds: cloudevents_seeds },
    Target { name: "door_signature", run: signature, seeds: signature_seeds },
];

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Never read here.
fn secret() -> SecretSource {
    SecretSource::parse("env:NOBODY").expect("a place")
}

fn knock(headers: &[(&str, &str)], body: &[u8]) -> Knock {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Knock { source: String::new(), method: "POST".into(), query: vec![], headers, body: body.to_vec() }
}

/// The first line chooses, the rest is the body.
fn line_and_rest(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

/// What is let in is cleaned, cut and named.
fn holds(news: Result<Vec<News>, KnockRefused>) {
    let Ok(news) = news else { return };
    assert!(news.len() <= 1_000, "{} pieces of news at once", news.len());
    let is_text = |text: &str| text.chars().count() <= 4_096 && !text.chars().any(|c| c.is_control() && c != '\n');
    let is_line = |line: &str| line.chars().count() <= 600 && !line.chars().any(char::is_control);
    for news in news {
        match news {
            News::Ticket(deed) => {
                assert!(is_text(&deed.words) && is_line(&deed.account) && is_line(&deed.delivery) && is_line(&deed.ticket.id), "{deed:?}");
            }
            News::Message(message) => assert!(is_text(&message.text) && is_line(&message.delivery) && is_line(&message.from), "{message:?}"),
            // Names a site of the settings, and nothing that came.
            News::Board(_) => {}
            News::Read { receipt, .. } => assert!(is_line(&receipt)),
            News::NotDelivered { receipt, reason, .. } => assert!(is_line(&receipt) && is_line(&reason)),
            News::Alert(alert) => {
                assert!(is_line(&alert.summary) && is_line(&alert.delivery) && is_line(&alert.fingerprint), "{alert:?}");
                assert!(alert.labels.len() <= 64 && alert.labels.iter().all(|(name, value)| is_line(name) && is_line(value)), "{alert:?}");
            }
        }
    }
}

fn github(bytes: &[u8]) {
    let Some((event, body)) = line_and_rest(bytes) else { return };
    let hook = GithubHook { secret: secret(), repository: "a/p".into(), account: "millwright[bot]".into() };
    holds(hook.parse(&knock(&[("x-github-event", event), ("content-type", "application/json")], body)));
}
fn github_seeds() -> Vec<Vec<u8>> {
    let issue = r#""issue":{"number":42,"html_url":"https://github.com/a/p/issues/42","state_reason":"completed","updated_at":"2026-01-15T08:31:00Z","closed_at":"2026-01-15T08:30:00Z","labels":[{"name":"x"},{"name":"y"}]},"repository":{"full_name":"a/p"},"sender":{"login":"ann"}"#;
    let event = |event: &str, action: &str, more: &str| format!("{event}\n{{\"action\":\"{action}\",{issue}{more}}}").into_bytes();
    let comment = r#","comment":{"id":7,"body":"fixed\r\nbearing","user":{"login":"bob"}}"#;
    vec![event("issues", "closed", ""), event("issues", "labeled", ""), event("issues", "reopened", ""), event("issue_comment", "created", comment)]
}

fn trello(bytes: &[u8]) {
    let account = "millwright".to_string();
    let (repaired_list, false_alarm_list) = ("done".to_string(), "nothing".to_string());
    holds(TrelloHook { secret: secret(), callback_url: String::new(), account, repaired_list, false_alarm_list }.parse(bytes));
}
fn trello_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"action":{"id":"59bc","type":"commentCard","data":{"card":{"id":"5a","shortLink":"Xy"},"text":"fixed"},"memberCreator":{"username":"ann"}},"model":{"id":"b"}}"#,
        r#"{"action":{"id":"59bd","type":"updateCard","data":{"card":{"id":"5a","closed":true},"old":{"closed":false}},"memberCreator":{"username":"ann"}}}"#,
        r#"{"action":{"id":"59be","type":"updateCard","data":{"card":{"id":"5a"},"listBefore":{"id":"x"},"listAfter":{"id":"done"}},"memberCreator":{"username":"ann"}}}"#,
    ])
}

fn tickets(bytes: &[u8]) {
    let Some((id, body)) = line_and_rest(bytes) else { return };
    holds(TicketHook { secret: secret(), account: String::new() }.parse(id, body));
}
fn tickets_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "evt_1\n{\"type\":\"ticket.closed\",\"data\":{\"id\":\"4711\",\"account\":\"ann\",\"words\":\"done\",\"outcome\":\"repaired\"}}",
        "evt_2\n{\"type\":\"ticket.labelled\",\"data\":{\"id\":\"4711\",\"account\":\"ann\",\"labels\":[\"a\",\"b\"],\"url\":\"https://x\"}}",
    ])
}

fn whatsapp(bytes: &[u8]) {
    holds(WhatsappHook { app_secret: secret(), verify_token: secret(), phone_number_id: "1".into() }.parse(bytes));
}
fn whatsapp_seeds() -> Vec<Vec<u8>> {
    let update = |inside: &str| {
        let value = format!(r#"{{"messaging_product":"whatsapp","metadata":{{"phone_number_id":"1"}},{inside}}}"#);
        format!(r#"{{"object":"whatsapp_business_account","entry":[{{"changes":[{{"field":"messages","value":{value}}}]}}]}}"#).into_bytes()
    };
    vec![
        update(r#""messages":[{"id":"w1","from":"49","type":"text","text":{"body":"\u00d6l \ud83d\ude42"},"context":{"id":"w0"}}]"#),
        update(r#""messages":[{"id":"w2","from":"49","type":"button","button":{"payload":"n:1","text":"No"}}]"#),
        update(r#""messages":[{"id":"w3","from":"49","type":"interactive","interactive":{"button_reply":{"id":"y:1:2","title":"Yes"}}}]"#),
        update(
            r#""statuses":[{"id":"w4","status":"read"},{"id":"w5","status":"failed","errors":[{"code":131026,"title":"t","error_data":{"details":"d"}}]}]"#,
        ),
    ]
}

fn telegram(bytes: &[u8]) {
    holds(telegram::parse(bytes));
}
fn telegram_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"update_id":7,"message":{"message_id":12,"chat":{"id":55},"from":{"id":55,"is_bot":false},"text":"/start K7","reply_to_message":{"message_id":9}}}"#,
        r#"{"update_id":8,"callback_query":{"id":"43","from":{"id":55},"data":"seen","message":{"message_id":12,"chat":{"id":55},"reply_markup":{"inline_keyboard":[[{"text":"Seen","callback_data":"seen"}]]}}}}"#,
    ])
}

fn alertmanager(bytes: &[u8]) {
    holds(alertmanager::parse(bytes));
}
fn alertmanager_seeds() -> Vec<Vec<u8>> {
    owned(&[
        r#"{"version":"4","alerts":[{"status":"firing","fingerprint":"1a30","startsAt":"2026-01-15T08:30:00.828Z","labels":{"alertname":"T","severity":"warning","asset":"tank-1"},"annotations":{"summary":"low"}},{"status":"resolved","fingerprint":"1a31","startsAt":"2026-01-15T08:30:00+02:00"}]}"#,
    ])
}

/// The first line is the content type; with another than those of CloudEvents, also the attributes' value.
fn cloudevents(bytes: &[u8]) {
    let Some((kind, body)) = line_and_rest(bytes) else { return };
    let headers = [("content-type", kind), ("ce-specversion", "1.0"), ("ce-id", kind), ("ce-source", kind), ("ce-subject", kind)];
    holds(cloudevents::parse(&knock(&headers, body), NOW));
}
fn cloudevents_seeds() -> Vec<Vec<u8>> {
    let data = r#"{"asset":"pump-1","summary":"seal leaks","severity":"warning","fingerprint":"f","status":"firing","labels":{"a":"b"}}"#;
    let event = format!(r#"{{"specversion":"1.0","type":"t","source":"/scada","id":"17","time":"2026-01-15T08:30:00Z","data":{data}}}"#);
    vec![
        format!("application/cloudevents+json\n{event}").into_bytes(),
        format!("application/cloudevents-batch+json\n[{event},{event}]").into_bytes(),
        format!("%41%e2%82%ac\n{data}").into_bytes(),
    ]
}

/// The first line is every header field, the rest the body. Nobody knows the secret, so nothing may pass.
fn signature(bytes: &[u8]) {
    let Some((value, body)) = line_and_rest(bytes) else { return };
    let secrets = [Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
    let fields = ["webhook-id", "webhook-timestamp", "webhook-signature", "authorization"];
    let mut knock = knock(&[], body);
    knock.headers = fields.iter().map(|name| (name.to_string(), value.to_string())).collect::<BTreeMap<_, _>>();
    assert!(signed_id(&knock, &secrets, NOW).is_err());
    knock.headers.insert("webhook-id".into(), "a".into());
    knock.headers.insert("webhook-timestamp".into(), "1700000000".into());
    assert!(signed_id(&knock, &secrets, NOW).is_err());
    assert!(!is_authorized(&secrets, &knock) && !is_one_of(&secrets, value));
    assert!(!is_sha256_hex(&secrets, &[body], value) && !is_sha1_base64(&secrets, &[body], value));
}
fn signature_seeds() -> Vec<Vec<u8>> {
    owned(&[
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,AAAA\n{}",
        "Bearer whsec_\n{}",
        "Basic YW55Ym9keTpuZXc=\n{}",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\n{}",
        "1614265330\n{}",
    ])
}
