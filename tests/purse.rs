//! The purse of the house and that of a site: a call is held in both or in neither, and in the end nothing is held, whatever came in between.

use crate::house::House;
use chrono::TimeDelta;
use futures::future::join_all;
use millwright_agents::{
    gateway::purse::{Purse, Wish},
    ledger_purse::LedgerPurse,
    site_tail::SiteTail,
    timekeeper::Timekeeper,
};
use millwright_commands::{Ask, SetBudget};
use millwright_domain::{
    budget::{BudgetAccount, BudgetSet, PLATFORM, SITE, Window},
    envelope::Answer,
    ids::{ReservationId, derived},
    model_call::{NanoDollars, Spent, Usage},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
};
use std::{
    path::Path,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

/// A house with a site, with these limits an hour.
async fn house(folder: &Path, of_house: Option<u64>, of_site: u64) -> House {
    let house = House::open(folder).await;
    house.commands.serve(PartitionId::platform()).await.unwrap();
    limit(&house, &house.site, SITE, of_site).await;
    if let Some(limit_of_house) = of_house {
        limit(&house, &PartitionId::platform(), PLATFORM, limit_of_house).await;
    }
    house
}

async fn limit(house: &House, partition: &PartitionId, scope: &str, tokens: u64) {
    let set = SetBudget { scope: scope.into(), limits: BudgetSet::of(tokens, tokens) };
    let answered = house.commands.ask(partition, Ask::new("ann".parse().unwrap(), set)).await.unwrap();
    assert!(matches!(answered.answer, Answer::Done { .. }), "{answered:?}");
}

fn purse(house: &House) -> LedgerPurse {
    LedgerPurse::of(house.site.clone(), house.log.clone(), house.commands.clone(), house.clock.clone())
}

fn wish(house: &House, number: u32, tokens: u64) -> Wish {
    Wish {
        reservation: ReservationId(derived("test", "wish", number)),
        agent: "svc-hunter".parse().unwrap(),
        site: None,
        case: None,
        task: None,
        deployment: "house".parse().unwrap(),
        provider: "openai".into(),
        tokens,
        cost: NanoDollars(0),
        price: String::new(),
        is_critical: false,
        expires_at: house.clock.now().wall + TimeDelta::seconds(60),
    }
}

fn used(tokens: u64) -> Spent {
    Spent::told(Usage { input: tokens, ..Usage::default() })
}

async fn account(house: &House, partition: &PartitionId, scope: &str) -> BudgetAccount {
    let tail = SiteTail::at_the_end(house.log.clone(), partition.clone()).await.unwrap();
    tail.site.budgets.get(scope).cloned().unwrap_or_default()
}

/// Settled and held this hour, of the house and of the site.
async fn spent(house: &House) -> [(u64, u64); 2] {
    let now = house.clock.now().wall;
    let of = |account: BudgetAccount| {
        let spent = account.spent(Window::Hour, now);
        (spent.settled, spent.held)
    };
    [of(account(house, &PartitionId::platform(), PLATFORM).await), of(account(house, &house.site, SITE).await)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_without_a_limit_is_asked_nothing_and_one_that_gets_a_limit_holds_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), None, 10_000).await;
    let purse = purse(&house);
    let one = wish(&house, 1, 500);
    purse.reserve(&one).await.unwrap();
    purse.dispatched(one.reservation).await.unwrap();
    purse.settle(one.reservation, &used(300), NanoDollars(0)).await.unwrap();
    let at_house = house.log.read_ledger(&PartitionId::platform(), 0, 100).await.unwrap().iter().count();
    assert_eq!(at_house, 1, "that it is owned, and nothing else");
    limit(&house, &PartitionId::platform(), PLATFORM, 1_000).await;
    purse.reserve(&wish(&house, 2, 800)).await.unwrap();
    let refused = purse.reserve(&wish(&house, 3, 800)).await.unwrap_err().to_string();
    assert!(refused.contains("200 left of platform"), "{refused}");
    assert_eq!(spent(&house).await, [(0, 800), (300, 800)]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_site_refuses_the_house_gets_back_and_both_learn_what_was_used() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), Some(10_000), 1_000).await;
    let purse = purse(&house);
    assert!(purse.reserve(&wish(&house, 1, 1_001)).await.is_err());
    assert_eq!(spent(&house).await, [(0, 0), (0, 0)]);
    let (kept, given_back) = (wish(&house, 2, 600), wish(&house, 3, 300));
    for wish in [&kept, &given_back] {
        purse.reserve(wish).await.unwrap();
        purse.dispatched(wish.reservation).await.unwrap();
    }
    purse.release(given_back.reservation).await.unwrap();
    purse.settle(kept.reservation, &used(450), NanoDollars(0)).await.unwrap();
    assert_eq!(spent(&house).await, [(450, 0), (450, 0)]);
    purse.settle(kept.reservation, &used(450), NanoDollars(0)).await.unwrap();
    assert_eq!(spent(&house).await, [(450, 0), (450, 0)], "told twice it counts once");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_again_under_the_same_hold_asks_nobody_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), Some(10_000), 10_000).await;
    let (first, second) = (purse(&house), purse(&house));
    let wish = wish(&house, 1, 500);
    first.reserve(&wish).await.unwrap();
    first.dispatched(wish.reservation).await.unwrap();
    assert!(first.dispatched(wish.reservation).await.is_err(), "while it is on its way");
    first.settle(wish.reservation, &used(300), NanoDollars(0)).await.unwrap();
    for purse in [&first, &second] {
        drop(purse.reserve(&wish).await);
        assert!(purse.dispatched(wish.reservation).await.is_err(), "once it is paid");
    }
    assert_eq!(spent(&house).await, [(300, 0), (300, 0)]);
    house.close().await;
}

/// Rings when a future can be carried on.
#[derive(Default)]
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_between_the_two_holds_gives_both_back() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), Some(10_000), 10_000).await;
    let (purse, wish) = (purse(&house), wish(&house, 1, 800));
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut reserving = Box::pin(purse.reserve(&wish));
    // Nobody else carries it on: once the site's hold is on the ledger, it has not heard of it yet.
    while spent(&house).await[1].1 == 0 {
        assert!(reserving.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        timeout(Duration::from_secs(20), bell.0.notified()).await.expect("the next step");
    }
    assert_eq!(spent(&house).await, [(0, 800), (0, 800)]);
    drop(reserving);
    let given_back = async {
        while spent(&house).await != [(0, 0), (0, 0)] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), given_back).await.expect("both are given back, though their time is not over");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_in_between_leaves_holds_that_end_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), Some(10_000), 10_000).await;
    let purse = purse(&house);
    purse.reserve(&wish(&house, 1, 500)).await.unwrap();
    let left = wish(&house, 2, 700);
    purse.reserve(&left).await.unwrap();
    purse.dispatched(left.reservation).await.unwrap();
    drop(purse);
    assert_eq!(spent(&house).await, [(0, 1_200), (0, 1_200)]);
    let stop = CancellationToken::new();
    let keeper = |partition| {
        let (log, commands, clock) = (house.log.clone(), house.commands.clone(), house.clock.clone());
        tokio::spawn(Timekeeper { log, commands, clock, partition }.run(stop.clone()))
    };
    let keepers = [keeper(PartitionId::platform()), keeper(house.site.clone())];
    let mut head = house.log.head().await.unwrap();
    house.later(TimeDelta::seconds(62));
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while spent(&house).await != [(700, 0), (700, 0)] {
            head = house.log.past(&head).await.unwrap();
        }
    });
    ended.await.expect("what had left counts in full, what had not is free, in both");
    stop.cancel();
    for keeper in keepers {
        keeper.await.unwrap().unwrap();
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_at_once_pass_neither_limit_and_leave_nothing_held() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path(), Some(3_000), 5_000).await;
    let purse = purse(&house);
    let one = |number: u32| {
        let (purse, wish) = (&purse, wish(&house, number, 1_000));
        async move {
            if purse.reserve(&wish).await.is_err() {
                return 0;
            }
            purse.dispatched(wish.reservation).await.unwrap();
            purse.settle(wish.reservation, &used(1_000), NanoDollars(0)).await.unwrap();
            1
        }
    };
    let went: u64 = join_all((0..64).map(one)).await.into_iter().sum();
    assert_eq!(went, 3, "as many as the house has room for");
    assert_eq!(spent(&house).await, [(3_000, 0), (3_000, 0)]);
    house.close().await;
}
