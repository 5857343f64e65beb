//! GitHub Issues: the contract, and what people do there.

use crate::{
    keeps_the_contract,
    outside::{Held, Outside, Route, SecretFile, case, labels, outward, text},
};
use millwright_domain::{
    case::Outcome,
    effect::EffectWanted,
    ids::{EffectId, derived},
    ports::{
        messenger::{Messenger, NotTaken},
        ticket_system::{Deed, TicketSystem},
    },
    ticket::{TicketRef, TicketWork},
};
use millwright_infra::{
    outward::Outward,
    tickets::{
        TicketDesk,
        github::{GithubIssues, GithubSettings},
    },
};
use millwright_standin::{Fault, Faults, github::GithubServer};
use std::sync::Arc;

struct Github {
    server: GithubServer,
    token: SecretFile,
}

async fn started() -> Github {
    Github { server: GithubServer::start().await.unwrap(), token: SecretFile::holding(GithubServer::TOKEN) }
}

impl Github {
    fn settings(&self, url: &str) -> GithubSettings {
        GithubSettings { repository: GithubServer::REPOSITORY.into(), token: self.token.place(), api: url.into(), ..GithubSettings::default() }
    }
}

impl Outside for Github {
    fn adapter(&self) -> Arc<dyn TicketSystem> {
        self.adapter_at(&self.url(), outward())
    }
    fn adapter_at(&self, url: &str, outward: Outward) -> Arc<dyn TicketSystem> {
        Arc::new(GithubIssues::new(&self.settings(url), outward).unwrap())
    }
    fn url(&self) -> String {
        self.server.url()
    }
    fn faults(&self) -> &Faults {
        &self.server.faults
    }
    fn tickets(&self) -> Vec<Held> {
        let held = |issue: millwright_standin::github::Issue| Held {
            id: issue.number.to_string(),
            comments: self.server.comments(issue.number).into_iter().map(|comment| comment.body).collect(),
            title: issue.title,
            body: issue.body,
            labels: Some(issue.labels),
            is_open: issue.state == "open",
        };
        self.server.issues().into_iter().map(held).collect()
    }
    fn opening(&self) -> Route {
        ("POST", "/issues")
    }
    fn commenting(&self) -> Route {
        ("POST", "/comments")
    }
    fn longest_body(&self) -> usize {
        60_200
    }
    fn secret(&self) -> &SecretFile {
        &self.token
    }
    fn takes_only(&self, secret: &str) {
        self.server.token_is_now(secret);
    }
    fn new_secret(&self) -> &'static str {
        "github_pat_another987654321"
    }
}

keeps_the_contract!(started());

#[tokio::test]
async fn what_people_do_comes_back_and_what_we_do_does_not() {
    let github = started().await;
    let adapter = github.adapter();
    let before = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    github.server.person_comments(1, "ann", "before anybody asked");
    github.server.time().tick();
    let since = adapter.news("").await.unwrap().unwrap();
    assert_eq!(since.deeds, []);
    adapter.comment(&before, "k1", "ours").await.unwrap();
    let comment = github.server.person_comments(1, "ann", "is it\u{7} \u{202e}hot?\r\nyes");
    github.server.person_labels(1, "bob", &["millwright", "night-shift"]);
    github.server.person_closes(1, "bob", "not_planned");
    github.server.person_reopens(1, "ann");
    adapter.close(&before, "k2", Outcome::Repaired, "done").await.unwrap();
    // Somebody else's issue in the same repository.
    let other = github.server.person_opens("ann", "roof leaks", "", &["building"]);
    github.server.person_comments(other, "ann", "still");
    let news = adapter.news(&since.next).await.unwrap().unwrap();
    let seen: Vec<(&str, &Deed, &str)> = news.deeds.iter().map(|deed| (deed.account.as_str(), &deed.deed, deed.words.as_str())).collect();
    let labelled = Deed::Labelled(labels(&["millwright", "night-shift"]));
    assert_eq!(
        seen,
        [
            ("ann", &Deed::Commented, "is it hot?\nyes"),
            ("bob", &labelled, ""),
            ("bob", &Deed::Closed(Some(Outcome::FalseAlarm)), ""),
            ("ann", &Deed::Reopened, ""),
        ]
    );
    assert!(news.deeds.iter().all(|deed| deed.ticket == before));
    assert_eq!(news.deeds[0].delivery, format!("github:comment:{comment}"));
    assert!(news.deeds[2].delivery.starts_with("github:issue:1:closed:2026-"), "{}", news.deeds[2].delivery);
    // What is asked for once more has the same names.
    let again = adapter.news(&news.next).await.unwrap().unwrap();
    assert!(again.deeds.iter().all(|deed| news.deeds.contains(deed)));
    github.server.time().advance(300);
    let later = adapter.news(&again.next).await.unwrap().unwrap();
    assert_eq!(adapter.news(&later.next).await.unwrap().unwrap().deeds, []);
}

#[tokio::test]
async fn an_issue_is_closed_as_what_came_of_it() {
    let github = started().await;
    let adapter = github.adapter();
    for (number, outcome, reason) in [
        (1, Outcome::Repaired, "completed"),
        (2, Outcome::Mitigated, "completed"),
        (3, Outcome::SelfRecovered, "completed"),
        (4, Outcome::FalseAlarm, "not_planned"),
        (5, Outcome::NoEffect, "not_planned"),
    ] {
        let ticket = adapter.open(case(number), &text("pump-1 wears out", "the bearing")).await.unwrap();
        adapter.close(&ticket, "k", outcome, "over").await.unwrap();
        assert_eq!(github.server.issues().pop().unwrap().state_reason.as_deref(), Some(reason), "{outcome:?}");
    }
}

#[tokio::test]
async fn labels_that_people_put_there_stay() {
    let github = started().await;
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    github.server.person_labels(1, "ann", &["millwright", "severity-high", "bearing_wear", "night-shift"]);
    let mut edited = text("pump-1 wears out", "it gets worse");
    edited.labels = labels(&["severity-critical"]);
    adapter.edit(&ticket, &edited).await.unwrap();
    assert_eq!(github.tickets()[0].labels, Some(labels(&["millwright", "severity-critical", "night-shift"])));
}

#[tokio::test]
async fn an_issue_whose_labels_github_dropped_is_found_all_the_same() {
    let github = started().await;
    github.server.drops_labels();
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    assert_eq!(adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap(), ticket);
    assert_eq!(github.tickets()[0].labels, Some(vec![]));
}

#[tokio::test]
async fn an_issue_behind_a_hundred_of_others_is_found_by_its_label() {
    let github = started().await;
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    for _ in 0..120 {
        github.server.person_opens("ann", "roof leaks", "", &["building"]);
    }
    assert_eq!(adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap(), ticket);
    assert_eq!(github.server.faults.count("GET", "/search/issues"), 0);
}

#[tokio::test]
async fn an_issue_behind_a_hundred_of_ours_is_found_by_searching() {
    let github = started().await;
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    for _ in 0..120 {
        github.server.person_opens("ann", "another", "", &["millwright"]);
    }
    github.server.index_catches_up();
    assert_eq!(adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap(), ticket);
    assert_eq!(github.server.faults.count("GET", "/search/issues"), 1);
}

#[tokio::test]
async fn a_comment_behind_a_hundred_others_is_found() {
    let github = started().await;
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    for _ in 0..230 {
        github.server.person_comments(1, "ann", "me too");
    }
    adapter.comment(&ticket, "k", "ours").await.unwrap();
    adapter.comment(&ticket, "k", "ours").await.unwrap();
    assert_eq!(github.server.comments(1).len(), 231);
}

#[tokio::test]
async fn a_locked_issue_is_that_issues_trouble_alone() {
    let github = started().await;
    let adapter = github.adapter();
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    let body = r#"{"message":"Unable to create comment because issue is locked."}"#.into();
    github.server.faults.on("POST", "/comments", 1, Fault::Answer { status: 403, headers: Vec::new(), body });
    let refused = adapter.comment(&ticket, "k", "x").await;
    assert!(matches!(&refused, Err(NotTaken::ForGood(why)) if why.contains("unlock")), "{refused:?}");
}

#[test]
fn settings_that_cannot_be_are_refused_by_their_key() {
    let good = GithubSettings { repository: "plant/maintenance".into(), token: "env:GITHUB_TOKEN".into(), ..GithubSettings::default() };
    assert!(GithubIssues::new(&good, outward()).is_ok());
    for (settings, key) in [
        (GithubSettings { repository: "plant".into(), ..good.clone() }, "github.repository"),
        (GithubSettings { repository: "plant/a/../b".into(), ..good.clone() }, "github.repository"),
        (GithubSettings { token: String::new(), ..good.clone() }, "github.token"),
        (GithubSettings { label: "a,b".into(), ..good.clone() }, "github.label"),
        (GithubSettings { api: "api.github.com".into(), ..good.clone() }, "github.api"),
    ] {
        let refused = GithubIssues::new(&settings, outward()).err().unwrap().to_string();
        assert!(refused.contains(key), "{refused}");
    }
}

#[tokio::test]
async fn an_issue_that_was_moved_away_is_given_up_and_a_repository_that_was_renamed_is_waited_for() {
    let github = started().await;
    let (adapter, faults) = (github.adapter(), github.faults());
    let ticket = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    faults.on("GET", "/issues/1", 1, Fault::status(301));
    let moved = adapter.comment(&ticket, "k", "it is hot").await;
    assert!(matches!(&moved, Err(NotTaken::ForGood(why)) if why.contains("issue 1 was moved out of plant/maintenance")), "{moved:?}");
    faults.next(2, Fault::status(301));
    let renamed = adapter.comment(&ticket, "k", "it is hot").await;
    assert!(matches!(&renamed, Err(NotTaken::Away(why)) if why.contains("put its new address into the settings")), "{renamed:?}");
    adapter.comment(&ticket, "k", "it is hot").await.unwrap();
}

#[tokio::test]
async fn an_issue_of_the_same_number_in_another_repository_is_nobodys_to_touch() {
    let github = started().await;
    let adapter = github.adapter();
    let ours = adapter.open(case(1), &text("pump-1 wears out", "the bearing")).await.unwrap();
    github.server.person_opens("ann", "roof leaks", "", &[]);
    let of = |id: &str, url: &str| TicketRef { system: "github".into(), id: id.into(), url: url.into() };
    let asked = github.faults().seen().len();
    assert_eq!(adapter.holds(case(1), &ours).await, Ok(()));
    assert_eq!(github.faults().seen().len(), asked, "its address says so");
    let renamed = of("1", "https://github.com/plant/former-name/issues/1");
    assert_eq!(adapter.holds(case(1), &renamed).await, Ok(()), "its mark says so");
    let former = "https://github.com/plant/former/issues";
    for (case, ticket) in [(case(2), renamed), (case(1), of("2", &format!("{former}/2"))), (case(1), of("2", ""))] {
        let refused = adapter.holds(case, &ticket).await;
        assert!(matches!(&refused, Err(NotTaken::ForGood(why)) if why.contains("is not this case's")), "{ticket:?}: {refused:?}");
    }
    let desk = TicketDesk::default().with("github", adapter);
    let work = TicketWork::Comment { ticket: of("2", &format!("{former}/2")), body: "it is hot".into() };
    let (effect, body) = (EffectId(derived("k", "test", 0)), serde_json::to_string(&work).unwrap());
    let (target, subject) = (format!("tickets/github:{}", case(1)), String::new());
    let wanted = EffectWanted { effect, idempotency_key: "k".into(), target, subject, body, case: Some(case(1)), action: None, quotes: vec![] };
    assert!(matches!(desk.deliver(&wanted).await, Err(NotTaken::ForGood(_))));
    assert!(github.server.comments(2).is_empty());
}
