//! What a webhook tells and what is found by asking is the same deed under the same name, so it counts once whichever comes first.

use crate::outside::{SecretFile, case, outward, text};
use millwright_domain::{
    case::Outcome,
    ports::{
        inbound::{Heard, Knock, KnockRefused, News},
        ticket_system::{OutsideDeed, TicketSystem},
    },
};
use millwright_infra::{
    inbound::{github::GithubHook, trello::TrelloHook},
    secret::SecretSource,
    tickets::{
        github::{GithubIssues, GithubSettings},
        trello::{TrelloCards, TrelloSettings},
    },
};
use millwright_standin::{Fault, Faults, Seen, github::GithubServer, standard::WebhookServer, trello::TrelloServer};

fn knock(source: &str, seen: &Seen) -> Knock {
    let (method, headers) = (seen.method.clone(), seen.all_headers().into_iter().collect());
    Knock { source: source.into(), method, query: Vec::new(), headers, body: seen.body.to_vec() }
}

/// What was posted there, as our door reads it.
fn heard(letterbox: &Faults, source: &str, hear: impl Fn(&Knock) -> Result<Heard, KnockRefused>) -> Vec<OutsideDeed> {
    let mut deeds = Vec::new();
    for seen in letterbox.seen().iter().filter(|seen| seen.method == "POST") {
        let Heard::News(news) = hear(&knock(source, seen)).unwrap() else { panic!("{seen:?}") };
        deeds.extend(news.into_iter().filter_map(|news| if let News::Ticket(deed) = news { Some(deed) } else { None }));
    }
    deeds
}

#[tokio::test]
async fn a_deed_in_an_issue_has_one_name() {
    let (server, token) = (GithubServer::start().await.unwrap(), SecretFile::holding(GithubServer::TOKEN));
    let repository: String = GithubServer::REPOSITORY.into();
    let settings = GithubSettings { repository: repository.clone(), token: token.place(), api: server.url(), ..GithubSettings::default() };
    let adapter = GithubIssues::new(&settings, outward()).unwrap();
    let since = adapter.news("").await.unwrap().unwrap();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    server.person_comments(1, "ann", "looking at it");
    adapter.comment(&ticket, "k1", "ours").await.unwrap();
    server.person_labels(1, "ann", &["millwright", "night-shift"]);
    server.person_closes(1, "bob", "completed");
    server.person_comments(1, "ann", "not yet");
    server.person_reopens(1, "ann");
    server.person_closes(1, "bob", "not_planned");
    let asked = adapter.news(&since.next).await.unwrap().unwrap().deeds;
    // It refuses all of it, and keeps what it was sent.
    let letterbox = WebhookServer::start().await.unwrap();
    let sent = server.deliver_webhooks(&letterbox.url(), "hook secret").await.unwrap();
    let secret = SecretFile::holding("hook secret");
    let hook = GithubHook { secret: SecretSource::parse(&secret.place()).unwrap(), repository, account: GithubServer::ACCOUNT.into() };
    let told = heard(&letterbox.faults, "github", |knock| hook.hear(knock));
    assert_eq!((sent.len(), asked.len()), (10, 6), "{asked:#?}");
    // Two labels went and one came, all in one second: told three times, and the last tells how it is.
    let mut told_once = told.clone();
    told_once.dedup_by(|later, former| later.delivery == former.delivery);
    assert_eq!(told_once, asked);
}

#[tokio::test]
async fn a_deed_in_a_card_has_one_name() {
    let (server, token) = (TrelloServer::start().await.unwrap(), SecretFile::holding(TrelloServer::TOKEN));
    let (list, key, api) = (TrelloServer::LIST.into(), TrelloServer::KEY.into(), server.url());
    let (repaired_list, false_alarm_list): (String, String) = (TrelloServer::DONE_LIST.into(), TrelloServer::FALSE_ALARM_LIST.into());
    let account = TrelloServer::ACCOUNT.to_string();
    let lists = (repaired_list.clone(), false_alarm_list.clone());
    let settings = TrelloSettings { list, key, token: token.place(), account: account.clone(), repaired_list, false_alarm_list, api };
    let adapter = TrelloCards::new(&settings, outward()).unwrap();
    let since = adapter.news("").await.unwrap().unwrap();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    server.person_comments(&ticket.id, "ann", "looking at it");
    adapter.comment(&ticket, "k1", "ours").await.unwrap();
    server.person_moves(&ticket.id, "bob", TrelloServer::DONE_LIST);
    server.person_moves(&ticket.id, "ann", TrelloServer::LIST);
    server.person_archives(&ticket.id, "ann", true);
    adapter.close(&ticket, "k2", Outcome::FalseAlarm, "over").await.unwrap();
    let asked = adapter.news(&since.next).await.unwrap().unwrap().deeds;
    let letterbox = WebhookServer::start().await.unwrap();
    letterbox.faults.on("HEAD", "", 1, Fault::status(200));
    assert_eq!(server.register_webhook(&letterbox.url()).await.unwrap(), 200);
    let callback_url = "https://millwright.plant.example/webhooks/trello";
    server.deliver_webhooks(callback_url).await.unwrap();
    let secret = SecretFile::holding(TrelloServer::SECRET);
    let hook = TrelloHook {
        secret: SecretSource::parse(&secret.place()).unwrap(),
        callback_url: callback_url.into(),
        account,
        repaired_list: lists.0,
        false_alarm_list: lists.1,
    };
    let told = heard(&letterbox.faults, "trello", |knock| hook.hear(knock));
    assert_eq!(asked.len(), 4, "{asked:#?}");
    assert_eq!(told, asked);
}
