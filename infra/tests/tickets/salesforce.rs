//! Salesforce cases: the contract, tokens, and what people do there.

use crate::{
    keeps_the_contract,
    outside::{Held, Outside, Route, SecretFile, case, outward, text},
};
use millwright_domain::{
    case::{Outcome, Severity},
    ports::{
        messenger::NotTaken,
        ticket_system::{Deed, TicketSystem},
    },
    ticket::TicketRef,
};
use millwright_infra::{
    outward::Outward,
    tickets::salesforce::{SalesforceCases, SalesforceSettings},
};
use millwright_standin::{
    Fault, Faults,
    salesforce::{Case, SalesforceServer},
};
use std::sync::Arc;

struct Salesforce {
    server: SalesforceServer,
    secret: SecretFile,
}

async fn started() -> Salesforce {
    Salesforce { server: SalesforceServer::start().await.unwrap(), secret: SecretFile::holding(SalesforceServer::CLIENT_SECRET) }
}

impl Salesforce {
    fn settings(&self, url: &str) -> SalesforceSettings {
        let (domain, client_id) = (url.into(), SalesforceServer::CLIENT_ID.into());
        SalesforceSettings { domain, client_id, client_secret: self.secret.place(), ..SalesforceSettings::default() }
    }
    fn tokens_asked_for(&self) -> usize {
        self.server.faults.count("POST", "/services/oauth2/token")
    }
}

impl Outside for Salesforce {
    fn adapter(&self) -> Arc<dyn TicketSystem> {
        self.adapter_at(&self.url(), outward())
    }
    fn adapter_at(&self, url: &str, outward: Outward) -> Arc<dyn TicketSystem> {
        Arc::new(SalesforceCases::new(&self.settings(url), outward).unwrap())
    }
    fn url(&self) -> String {
        self.server.url()
    }
    fn faults(&self) -> &Faults {
        &self.server.faults
    }
    fn tickets(&self) -> Vec<Held> {
        let held = |case: Case| Held {
            comments: self.server.comments(&case.id).into_iter().map(|comment| comment.body).collect(),
            id: case.id,
            title: case.subject,
            body: case.description,
            labels: None,
            is_open: case.status != "Closed",
        };
        self.server.cases().into_iter().map(held).collect()
    }
    fn opening(&self) -> Route {
        ("PATCH", "/sobjects/Case/Millwright_Case__c/")
    }
    fn commenting(&self) -> Route {
        ("POST", "/sobjects/CaseComment")
    }
    fn longest_body(&self) -> usize {
        30_000
    }
    /// It asks for another token once.
    fn tries_at_401(&self) -> usize {
        2
    }
    fn secret(&self) -> &SecretFile {
        &self.secret
    }
    fn takes_only(&self, secret: &str) {
        self.server.secret_is_now(secret);
        self.server.expire_tokens();
    }
    fn new_secret(&self) -> &'static str {
        "ANOTHER0123456789ABCDEF"
    }
}

keeps_the_contract!(started());

#[tokio::test]
async fn a_token_is_kept_and_asked_for_anew_once_it_is_not_good_any_more() {
    let salesforce = started().await;
    let adapter = salesforce.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    adapter.edit(&ticket, &text("pump-1", "it gets worse")).await.unwrap();
    assert_eq!(salesforce.tokens_asked_for(), 1);
    salesforce.server.expire_tokens();
    let texts = [text("pump-2", "x"), text("pump-3", "x")];
    let (one, two) = tokio::join!(adapter.open(case(2), &texts[0]), adapter.open(case(3), &texts[1]));
    one.unwrap();
    two.unwrap();
    assert_eq!((salesforce.tokens_asked_for(), salesforce.server.cases().len()), (2, 3));
}

#[tokio::test]
async fn a_case_says_how_bad_it_is_and_people_keep_its_status() {
    let salesforce = started().await;
    let adapter = salesforce.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    salesforce.server.person_sets_status(&ticket.id, "ann@plant.example", "Working");
    for (severity, priority) in [(Severity::Low, "Low"), (Severity::Medium, "Medium"), (Severity::High, "High"), (Severity::Critical, "High")] {
        let mut text = text("pump-1 wears out", "the bearing");
        text.severity = severity;
        adapter.edit(&ticket, &text).await.unwrap();
        assert_eq!(adapter.open(case(1), &text).await.unwrap(), ticket);
        let case = salesforce.server.cases().remove(0);
        assert_eq!((case.priority.as_str(), case.status.as_str(), case.origin.as_str()), (priority, "Working", "Web"));
    }
    assert_eq!(ticket.url, format!("{}/lightning/r/Case/{}/view", salesforce.url(), ticket.id));
}

#[tokio::test]
async fn what_people_do_comes_back_and_what_we_do_does_not() {
    let salesforce = started().await;
    let adapter = salesforce.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let other = adapter.open(case(2), &text("pump-2 wears out", "the bearing")).await.unwrap();
    salesforce.server.person_comments(&ticket.id, "ann@plant.example", "before anybody asked");
    salesforce.server.time().tick();
    let since = adapter.news("").await.unwrap().unwrap();
    assert_eq!(since.deeds, []);
    adapter.comment(&ticket, "k1", "ours").await.unwrap();
    let comment = salesforce.server.person_comments(&ticket.id, "ann@plant.example", "is it\u{7} hot?\r\nyes");
    salesforce.server.person_sets_status(&ticket.id, "bob@plant.example", "Closed");
    adapter.close(&other, "k2", Outcome::Repaired, "done").await.unwrap();
    let news = adapter.news(&since.next).await.unwrap().unwrap();
    let seen = |deeds: &[millwright_domain::ports::ticket_system::OutsideDeed]| {
        deeds.iter().map(|deed| (deed.account.clone(), deed.deed.clone(), deed.words.clone())).collect::<Vec<_>>()
    };
    let (ann, bob) = ("ann@plant.example".to_string(), "bob@plant.example".to_string());
    let commented = (ann.clone(), Deed::Commented, "is it hot?\nyes".to_string());
    assert_eq!(seen(&news.deeds), [commented.clone(), (bob.clone(), Deed::Closed(None), String::new())]);
    assert!(news.deeds.iter().all(|deed| deed.ticket == ticket));
    assert_eq!(news.deeds[0].delivery, format!("salesforce:comment:{comment}"));
    // We edited it after it was closed: that it was closed is known, and by whom is not.
    adapter.edit(&ticket, &text("pump-1", "it gets worse")).await.unwrap();
    let again = adapter.news(&news.next).await.unwrap().unwrap();
    assert_eq!(seen(&again.deeds), [commented, (String::new(), Deed::Closed(None), String::new())]);
    assert_eq!(again.deeds[1].delivery, news.deeds[1].delivery);
    salesforce.server.time().advance(300);
    let later = adapter.news(&again.next).await.unwrap().unwrap();
    salesforce.server.person_sets_status(&ticket.id, "ann@plant.example", "Working");
    let news = adapter.news(&later.next).await.unwrap().unwrap();
    assert_eq!(seen(&news.deeds), [(ann, Deed::Reopened, String::new())]);
}

#[tokio::test]
async fn what_salesforce_says_counts_more_than_its_status() {
    let salesforce = started().await;
    let adapter = salesforce.adapter();
    adapter.open(case(0), &text("warm", "up")).await.unwrap();
    let says = |status: u16, code: &str| {
        let body = format!(r#"[{{"message":"x","errorCode":"{code}"}}]"#);
        salesforce.server.faults.next(1, Fault::Answer { status, headers: Vec::new(), body });
    };
    says(403, "REQUEST_LIMIT_EXCEEDED");
    let busy = adapter.open(case(1), &text("pump-1", "x")).await;
    assert!(matches!(&busy, Err(NotTaken::Busy { wait, .. }) if wait.as_secs() == 900), "{busy:?}");
    says(400, "UNABLE_TO_LOCK_ROW");
    let locked = adapter.open(case(1), &text("pump-1", "x")).await;
    assert!(matches!(&locked, Err(NotTaken::ForNow(_))), "{locked:?}");
    says(300, "MULTIPLE");
    let twice = adapter.open(case(1), &text("pump-1", "x")).await;
    assert!(matches!(&twice, Err(NotTaken::ForGood(why)) if why.contains("unique")), "{twice:?}");
}

#[tokio::test]
async fn an_id_that_is_none_gets_into_no_query() {
    let salesforce = started().await;
    let ticket = TicketRef { system: "salesforce".into(), id: "500' OR Id != '".into(), url: String::new() };
    let refused = salesforce.adapter().comment(&ticket, "k", "x").await;
    assert!(matches!(&refused, Err(NotTaken::ForGood(_))), "{refused:?}");
    assert!(salesforce.server.faults.seen().is_empty());
}
