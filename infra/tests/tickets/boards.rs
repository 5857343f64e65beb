//! A site's tasks on a Trello board: one card a task whatever fails, in the list of its stage, and what people do there.

use crate::outside::{SecretFile, outward};
use millwright_domain::{
    Timestamp,
    board::{CardText, CardWork},
    ids::{TaskId, derived},
    ports::{
        messenger::NotTaken,
        task_board::{CardChange, TaskBoard},
    },
    task::Stage,
};
use millwright_infra::boards::{BoardSettings, trello::TrelloBoard};
use millwright_standin::{Fault, trello::TrelloServer};

struct House {
    server: TrelloServer,
    token: SecretFile,
}

impl House {
    async fn open() -> Self {
        Self { server: TrelloServer::start().await.unwrap(), token: SecretFile::holding(TrelloServer::TOKEN) }
    }
    /// As a program makes it. Each is another program.
    fn board(&self) -> TrelloBoard {
        let (board, key, token) = (TrelloServer::BOARD.into(), TrelloServer::KEY.into(), self.token.place());
        let settings = BoardSettings { board, key, token, api: self.server.url(), ..BoardSettings::default() };
        settings.board("demo", outward()).unwrap()
    }
    /// Names and lists of the cards that are not archived.
    fn shown(&self) -> Vec<(String, String)> {
        let open = self.server.cards().into_iter().filter(|card| !card.closed);
        open.map(|card| (card.name, self.server.list_name(&card.list).unwrap_or_default())).collect()
    }
}

fn task(number: u32) -> TaskId {
    TaskId(derived("board", "task", number))
}

fn work(number: u32, stage: Stage) -> CardWork {
    let labels = vec!["pumps".into(), "priority-high".into()];
    let due = Some(Timestamp::from_secs(1_900_000_000));
    let text = CardText { title: format!("look at pump-{number}"), body: "Needs: any_work.".into(), labels, due };
    CardWork { task: task(number), card: None, stage, result: None, text, says: vec![] }
}

#[tokio::test]
async fn a_task_has_one_card_that_moves_with_it() {
    let house = House::open().await;
    let id = house.board().show("k1", &work(1, Stage::Backlog)).await.unwrap();
    for (stage, list) in
        [(Stage::Pending, "Sprint"), (Stage::Active, "In progress"), (Stage::Review, "Review"), (Stage::Blocked, "Blocked"), (Stage::Done, "Done")]
    {
        // Each another program, that knows of the card by its mark alone.
        assert_eq!(house.board().show("k2", &work(1, stage)).await.unwrap(), id);
        assert_eq!(house.shown(), [("look at pump-1".to_string(), list.to_string())]);
    }
    let before = house.server.deeds_of(TrelloServer::ACCOUNT);
    house.board().show("k3", &work(1, Stage::Done)).await.unwrap();
    assert_eq!(house.server.deeds_of(TrelloServer::ACCOUNT), before, "what is right is left alone");
    house.board().show("k4", &work(1, Stage::Reverted)).await.unwrap();
    assert_eq!(house.shown(), []);
    assert_eq!(house.server.cards()[0].due.as_deref(), Some("2030-03-17T17:46:40Z"));
}

#[tokio::test]
async fn a_card_is_made_once_although_the_answer_was_lost_or_two_make_it_at_once() {
    let house = House::open().await;
    house.server.faults.on("POST", "/1/cards", 1, Fault::DoneThenHangUp);
    let lost = house.board().show("k1", &work(1, Stage::Backlog)).await;
    assert!(matches!(lost, Err(NotTaken::ForNow(_))), "{lost:?}");
    house.board().show("k1", &work(1, Stage::Backlog)).await.unwrap();
    assert_eq!(house.shown().len(), 1, "it was found again");
    let (one, two) = (house.board(), house.board());
    let second = work(2, Stage::Backlog);
    let (first, second) = tokio::join!(one.show("k2", &second), two.show("k2", &second));
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(house.shown().len(), 2);
}

#[tokio::test]
async fn failures_are_told_apart_and_do_no_harm() {
    let house = House::open().await;
    house.board().show("k0", &work(1, Stage::Backlog)).await.unwrap();
    for (fault, kind) in
        [(Fault::wait(429, 7), "busy"), (Fault::status(500), "for now"), (Fault::HangUp, "for now"), (Fault::DoneThenHangUp, "for now")]
    {
        house.server.faults.on("PUT", "/1/cards", 9, fault.clone());
        let refused = house.board().show("k1", &work(1, Stage::Pending)).await;
        let told = match &refused {
            Err(NotTaken::Busy { .. }) => "busy",
            Err(NotTaken::ForNow(_) | NotTaken::Away(_)) => "for now",
            other => panic!("{fault:?}: {other:?}"),
        };
        assert_eq!(told, kind, "{fault:?}: {refused:?}");
        house.server.faults.clear();
        house.board().show("k1", &work(1, Stage::Backlog)).await.unwrap();
    }
    assert_eq!(house.shown(), [("look at pump-1".to_string(), "Backlog".to_string())]);
    house.server.token_is_now("another");
    let refused = house.board().show("k2", &work(1, Stage::Pending)).await.unwrap_err().to_string();
    assert!(!refused.contains(TrelloServer::TOKEN), "{refused}");
}

#[tokio::test]
async fn what_is_said_below_a_card_is_said_once() {
    let house = House::open().await;
    let said = CardWork { says: vec!["Millwright put it back.".into()], ..work(1, Stage::Backlog) };
    let id = house.board().show("k1", &said).await.unwrap();
    house.board().show("k1", &said).await.unwrap();
    assert_eq!(house.server.comments(&id).len(), 1);
    house.board().show("k2", &said).await.unwrap();
    assert_eq!(house.server.comments(&id).len(), 2, "refused again, it is said again");
}

#[tokio::test]
async fn what_people_do_is_told_and_what_we_do_is_not() {
    let house = House::open().await;
    let board = house.board();
    let id = board.show("k1", &work(1, Stage::Backlog)).await.unwrap();
    house.server.time().tick();
    let since = board.news("").await.unwrap();
    assert_eq!(since.deeds, []);
    board.show("k2", &work(1, Stage::Pending)).await.unwrap();
    house.server.person_moves(&id, "ann", &house.server.list_named("Review"));
    house.server.person_moves(&id, "ann", TrelloServer::LIST);
    house.server.person_archives(&id, "bob", true);
    let made = house.server.person_makes("ann", &house.server.list_named("Backlog"), "grease \u{7}the fan", "soon,\r\nplease");
    let news = board.news(&since.next).await.unwrap();
    let deeds: Vec<_> = news.deeds.iter().map(|deed| (deed.account.as_str(), deed.task, deed.deed.clone())).collect();
    let wanted = CardChange::Made { title: "grease the fan".into(), words: "soon,\nplease".into(), labels: vec![], due: None };
    assert_eq!(
        deeds,
        [
            ("ann", Some(task(1)), CardChange::Moved { to: Some(Stage::Review), result: None }),
            ("ann", Some(task(1)), CardChange::Moved { to: None, result: None }),
            ("bob", Some(task(1)), CardChange::Moved { to: Some(Stage::Reverted), result: None }),
            ("ann", None, wanted),
        ]
    );
    // The card of a person becomes the task's, and is no second one.
    let bound = CardWork { card: Some(made.clone()), ..work(2, Stage::Backlog) };
    assert_eq!(board.show("k3", &bound).await.unwrap(), made);
    assert_eq!(house.board().show("k4", &work(2, Stage::Pending)).await.unwrap(), made, "by its mark from now on");
    assert_eq!(house.server.cards().len(), 2);
}

#[tokio::test]
async fn a_move_tells_of_the_result_that_the_card_showed_and_of_none_where_another_may_have_come() {
    let house = House::open().await;
    let board = house.board();
    let review = |fence| CardWork { result: Some(fence), ..work(1, Stage::Review) };
    let id = board.show("k1", &review(3)).await.unwrap();
    let since = board.news("").await.unwrap().next;
    let done = house.server.list_named("Done");
    house.server.person_moves(&id, "ann", &done);
    let told = async || board.news(&since).await.unwrap().deeds.into_iter().map(|deed| deed.deed).collect::<Vec<_>>();
    let to = Some(Stage::Done);
    assert_eq!(told().await, [CardChange::Moved { to, result: Some(3) }]);
    board.show("k2", &review(5)).await.unwrap();
    assert_eq!(told().await, [CardChange::Moved { to, result: None }], "she has not seen that one");
    house.server.person_moves(&id, "ann", &done);
    assert_eq!(told().await, [CardChange::Moved { to, result: None }, CardChange::Moved { to, result: Some(5) }]);
    board.show("k3", &work(1, Stage::Pending)).await.unwrap();
    assert_eq!(told().await, [CardChange::Moved { to, result: None }, CardChange::Moved { to, result: None }]);
}

#[tokio::test]
async fn the_first_look_takes_in_what_people_left_there_and_nothing_that_was_answered() {
    let house = House::open().await;
    let board = house.board();
    let moved = board.show("k1", &work(1, Stage::Backlog)).await.unwrap();
    let answered = board.show("k2", &work(2, Stage::Backlog)).await.unwrap();
    let (sprint, backlog, done) = (house.server.list_named("Sprint"), house.server.list_named("Backlog"), house.server.list_named("Done"));
    house.server.person_moves(&moved, "ann", &done);
    house.server.person_moves(&moved, "ann", &sprint);
    house.server.person_moves(&answered, "ann", &sprint);
    board.show("k3", &work(2, Stage::Backlog)).await.unwrap();
    let wish = house.server.person_makes("bob", &backlog, "grease the fan", "");
    house.server.person_moves(&wish, "bob", &sprint);
    // What was done with long ago, what lies in no list of ours, what is archived, and a ticket: no wishes.
    house.server.person_makes("bob", &done, "painted the wall", "");
    house.server.person_makes("bob", TrelloServer::LIST, "an idea", "");
    let archived = house.server.person_makes("bob", &backlog, "never mind", "");
    let ticket = format!("<!-- millwright:case={} -->", task(9));
    house.server.person_makes("bob", &backlog, "[HIGH] pump-1 runs hot", &ticket);
    house.server.person_archives(&archived, "bob", true);
    let news = board.news("").await.unwrap();
    let deeds: Vec<_> = news.deeds.iter().map(|deed| (deed.card.as_str(), deed.account.as_str(), deed.deed.clone())).collect();
    let new = CardChange::Made { title: "grease the fan".into(), words: String::new(), labels: vec![], due: None };
    let to = |stage| CardChange::Moved { to: Some(stage), result: None };
    let wanted = [
        (moved.as_str(), "ann", to(Stage::Pending)),
        (wish.as_str(), "bob", new),
        (wish.as_str(), "bob", to(Stage::Pending)),
        // Its card is no task's, and so it is refused.
        (archived.as_str(), "bob", to(Stage::Reverted)),
    ];
    assert_eq!(deeds, wanted);
}
