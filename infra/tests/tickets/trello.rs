//! Trello: the contract, lists and labels, and what people do there.

use crate::{
    keeps_the_contract,
    outside::{Held, Outside, Route, SecretFile, case, labels, outward, text},
};
use millwright_domain::{
    case::Outcome,
    ports::ticket_system::{Deed, TicketSystem},
};
use millwright_infra::{
    outward::Outward,
    tickets::trello::{TrelloCards, TrelloSettings},
};
use millwright_standin::{
    Faults,
    trello::{Card, TrelloServer},
};
use std::sync::Arc;

struct Trello {
    server: TrelloServer,
    token: SecretFile,
}

async fn started() -> Trello {
    Trello { server: TrelloServer::start().await.unwrap(), token: SecretFile::holding(TrelloServer::TOKEN) }
}

impl Trello {
    fn settings(&self, url: &str) -> TrelloSettings {
        let (list, key, token) = (TrelloServer::LIST.into(), TrelloServer::KEY.into(), self.token.place());
        let (repaired_list, false_alarm_list) = (TrelloServer::DONE_LIST.into(), TrelloServer::FALSE_ALARM_LIST.into());
        TrelloSettings { list, key, token, repaired_list, false_alarm_list, api: url.into(), account: String::new() }
    }
    fn card(&self) -> Card {
        self.server.cards().remove(0)
    }
}

impl Outside for Trello {
    fn adapter(&self) -> Arc<dyn TicketSystem> {
        self.adapter_at(&self.url(), outward())
    }
    fn adapter_at(&self, url: &str, outward: Outward) -> Arc<dyn TicketSystem> {
        Arc::new(TrelloCards::new(&self.settings(url), outward).unwrap())
    }
    fn url(&self) -> String {
        self.server.url()
    }
    fn faults(&self) -> &Faults {
        &self.server.faults
    }
    fn tickets(&self) -> Vec<Held> {
        let held = |card: Card| Held {
            labels: Some(card.labels.iter().filter_map(|id| self.server.label_name(id)).collect()),
            comments: self.server.comments(&card.id),
            is_open: !card.closed && card.list == TrelloServer::LIST && !card.due_complete,
            id: card.id,
            title: card.name,
            body: card.desc,
        };
        self.server.cards().into_iter().map(held).collect()
    }
    fn opening(&self) -> Route {
        ("POST", "/1/cards")
    }
    fn commenting(&self) -> Route {
        ("POST", "/actions/comments")
    }
    fn longest_body(&self) -> usize {
        15_000
    }
    fn secret(&self) -> &SecretFile {
        &self.token
    }
    fn takes_only(&self, secret: &str) {
        self.server.token_is_now(secret);
    }
    fn new_secret(&self) -> &'static str {
        "ATTAanother1234567890"
    }
}

keeps_the_contract!(started());

#[tokio::test]
async fn a_closed_card_lies_in_the_list_for_what_came_of_it_and_comes_back() {
    let trello = started().await;
    let adapter = trello.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    for (key, outcome, list) in [("1", Outcome::Repaired, TrelloServer::DONE_LIST), ("2", Outcome::FalseAlarm, TrelloServer::FALSE_ALARM_LIST)] {
        adapter.close(&ticket, key, outcome, "over").await.unwrap();
        assert_eq!((trello.card().list.as_str(), trello.card().due_complete, trello.card().closed), (list, true, false));
        adapter.reopen(&ticket, &format!("re{key}"), "it is back").await.unwrap();
        assert_eq!((trello.card().list.as_str(), trello.card().due_complete), (TrelloServer::LIST, false));
    }
}

#[tokio::test]
async fn without_a_list_for_it_a_closed_card_is_archived() {
    let trello = started().await;
    let settings = TrelloSettings { repaired_list: String::new(), ..trello.settings(&trello.url()) };
    let adapter = TrelloCards::new(&settings, outward()).unwrap();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    adapter.close(&ticket, "k", Outcome::Repaired, "over").await.unwrap();
    assert_eq!((trello.card().list.as_str(), trello.card().closed), (TrelloServer::LIST, true));
    // An archived card is still the case's.
    assert_eq!(adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap(), ticket);
    adapter.reopen(&ticket, "r", "it is back").await.unwrap();
    assert!(!trello.card().closed);
}

#[tokio::test]
async fn labels_are_made_once_and_those_of_people_stay() {
    let trello = started().await;
    let adapter = trello.adapter();
    let texts = [text("pump-1 wears out", "the bearing"), text("pump-2 wears out", "the bearing")];
    let (one, two) = tokio::join!(adapter.open(case(1), &texts[0]), adapter.open(case(2), &texts[1]));
    let ticket = one.unwrap();
    two.unwrap();
    assert_eq!(trello.server.all_labels(), labels(&["millwright", "severity-high", "bearing_wear"]));
    trello.server.person_labels(&ticket.id, "ann", "night-shift");
    // One without a name, as Trello's coloured ones are from the start.
    trello.server.person_labels(&ticket.id, "ann", "");
    let mut edited = text("pump-1 wears out", "it gets worse");
    edited.labels = labels(&["millwright", "severity-critical"]);
    adapter.edit(&ticket, &edited).await.unwrap();
    let held = trello.tickets().into_iter().find(|held| held.id == ticket.id).unwrap();
    assert_eq!(held.labels, Some(labels(&["millwright", "severity-critical", "night-shift", ""])));
    assert_eq!(trello.server.all_labels().len(), 6);
}

#[tokio::test]
async fn what_people_do_comes_back_and_what_we_do_does_not() {
    let trello = started().await;
    let adapter = trello.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    trello.server.person_comments(&ticket.id, "ann", "before anybody asked");
    trello.server.time().tick();
    let since = adapter.news("").await.unwrap().unwrap();
    assert_eq!(since.deeds, []);
    adapter.comment(&ticket, "k1", "ours").await.unwrap();
    let comment = trello.server.person_comments(&ticket.id, "ann", "is it\u{7} hot?\r\nyes");
    trello.server.person_moves(&ticket.id, "bob", TrelloServer::FALSE_ALARM_LIST);
    trello.server.person_moves(&ticket.id, "ann", TrelloServer::LIST);
    trello.server.person_archives(&ticket.id, "ann", true);
    trello.server.person_archives(&ticket.id, "bob", false);
    adapter.close(&ticket, "k2", Outcome::Repaired, "done").await.unwrap();
    let news = adapter.news(&since.next).await.unwrap().unwrap();
    let seen: Vec<(&str, &Deed, &str)> = news.deeds.iter().map(|deed| (deed.account.as_str(), &deed.deed, deed.words.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("ann", &Deed::Commented, "is it hot?\nyes"),
            ("bob", &Deed::Closed(Some(Outcome::FalseAlarm)), ""),
            ("ann", &Deed::Reopened, ""),
            ("ann", &Deed::Closed(None), ""),
            ("bob", &Deed::Reopened, ""),
        ]
    );
    assert!(news.deeds.iter().all(|deed| deed.ticket.id == ticket.id && deed.ticket.url == ticket.url));
    assert_eq!(news.deeds[0].delivery, format!("trello:action:{comment}"));
    trello.server.time().advance(300);
    let later = adapter.news(&news.next).await.unwrap().unwrap();
    assert!(later.deeds.iter().all(|deed| news.deeds.contains(deed)));
    assert_eq!(adapter.news(&later.next).await.unwrap().unwrap().deeds, []);
}

#[tokio::test]
async fn more_news_than_a_page_holds_come_all() {
    let trello = started().await;
    let adapter = trello.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let since = adapter.news("").await.unwrap().unwrap();
    for number in 0..2_300 {
        trello.server.person_comments(&ticket.id, "ann", &number.to_string());
    }
    let news = adapter.news(&since.next).await.unwrap().unwrap();
    let words: Vec<String> = news.deeds.into_iter().map(|deed| deed.words).collect();
    assert_eq!(words, (0..2_300).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn settings_that_cannot_be_are_refused_by_their_key() {
    let (list, key, token) = (TrelloServer::LIST.into(), TrelloServer::KEY.into(), "env:TRELLO_TOKEN".into());
    let good = TrelloSettings { list, key, token, ..TrelloSettings::default() };
    assert!(TrelloCards::new(&good, outward()).is_ok());
    for (settings, key) in [
        (TrelloSettings { list: "To do".into(), ..good.clone() }, "trello.list"),
        (TrelloSettings { repaired_list: "a/b".into(), ..good.clone() }, "trello.repaired_list"),
        (TrelloSettings { key: "a\"b".into(), ..good.clone() }, "trello.key"),
        (TrelloSettings { token: " ".into(), ..good.clone() }, "trello.token"),
    ] {
        let refused = TrelloCards::new(&settings, outward()).err().unwrap().to_string();
        assert!(refused.contains(key), "{refused}");
    }
}
