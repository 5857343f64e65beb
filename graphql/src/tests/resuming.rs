//! Whoever comes back with the position of the last push is told each change of a case once.

use super::watching::Watch;
use crate::testing::{House, NOW};
use millwright_domain::{
    Event,
    envelope::{Draft, StreamId},
    ids::{CaseId, EventId, derived},
    investigation::InvestigationOpened,
    position::{PartitionId, Position},
};
use millwright_projections::testing::road;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

const WATCH: &str = "subscription($after: Position) { caseChanged(site: \"demo\", after: $after) { position case { id alerts } } }";

/// What a case is told of with: where, which, and how many alerts it has.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    next: u64,
    case: String,
    alerts: u64,
}

/// Records about cases, and what each is to be told with at last.
struct Cases {
    house: House,
    partition: PartitionId,
    versions: BTreeMap<CaseId, u64>,
    /// By case: the seq behind its latest fact, and its alerts.
    is: BTreeMap<CaseId, (u64, u64)>,
}

impl Cases {
    async fn open() -> Self {
        let house = House::open().await;
        Self { house, partition: PartitionId::site(&road::site()), versions: BTreeMap::new(), is: BTreeMap::new() }
    }

    /// One commit of so many facts, each an alert of one of the cases, seen by all once this returns.
    async fn commit(&mut self, facts: &[(CaseId, Event)]) {
        let mut drafts = Vec::new();
        for (case, event) in facts {
            let version = self.versions.entry(*case).or_default();
            *version += 1;
            let id = derived(&case.to_string(), "fact", u32::try_from(*version).unwrap());
            drafts.push(Draft {
                id: EventId(id),
                stream: StreamId::case(*case),
                version: *version,
                occurred_at: NOW,
                actor: "svc-monitor".parse().unwrap(),
                command: None,
                causation: None,
                correlation: id,
                event: event.clone(),
            });
        }
        let stored = self.house.log.record(&self.partition, &drafts, NOW);
        for ((case, event), record) in facts.iter().zip(&stored) {
            let is = self.is.entry(*case).or_default();
            *is = (record.seq + 1, is.1 + u64::from(matches!(event, Event::AlertRaised(_))));
        }
        let all = Position::at(self.partition.clone(), stored.last().unwrap().seq + 1);
        self.house.state.projections.reached(&all, Duration::from_secs(20)).await.unwrap();
    }

    async fn watch(&self, after: &str) -> Watch {
        Watch::open(&self.house, WATCH, json!({ "after": after })).await
    }

    /// The next push, with its position as it is.
    async fn told(&self, watch: &mut Watch) -> (String, Told) {
        let told = watch.next().await["caseChanged"].clone();
        let position = told["position"].as_str().unwrap().to_string();
        let next = position.parse::<Position>().unwrap().next(&self.partition);
        (position, Told { next, case: told["case"]["id"].as_str().unwrap().into(), alerts: told["case"]["alerts"].as_u64().unwrap() })
    }

    fn last(&self, case: CaseId) -> Told {
        let (next, alerts) = self.is[&case];
        Told { next, case: case.to_string(), alerts }
    }
}

fn alert() -> Event {
    road::alert(NOW).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_cases_in_one_commit_the_second_is_told_after_a_cut_and_the_first_not_again() {
    let mut cases = Cases::open().await;
    let [a, b] = [road::case(1), road::case(2)];
    // In the order of the ledger, whatever the order of their names.
    for [first, second] in [[a, b], [b, a]] {
        let position = format!("{}:{}", cases.partition, cases.is.values().map(|(next, _)| *next).max().unwrap_or(0));
        cases.commit(&[(first, alert()), (second, alert())]).await;
        let (position, told) = cases.told(&mut cases.watch(&position).await).await;
        assert_eq!(told, cases.last(first));
        let mut again = cases.watch(&position).await;
        assert_eq!(cases.told(&mut again).await.1, cases.last(second));
        cases.commit(&[(first, alert())]).await;
        assert_eq!(cases.told(&mut again).await.1, cases.last(first), "and nothing came in between");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_crew_does_on_a_case_while_nobody_listens_is_told_afterwards() {
    let mut cases = Cases::open().await;
    let case = road::case(1);
    cases.commit(&[(case, alert())]).await;
    let (position, _) = cases.told(&mut cases.watch("ledger/demo:0").await).await;
    cases.commit(&[(case, InvestigationOpened { asked: vec![], due_at: NOW }.into())]).await;
    assert_eq!(cases.told(&mut cases.watch(&position).await).await.1, cases.last(case));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_many_cuts_every_change_is_told_in_order_and_none_twice() {
    let mut cases = Cases::open().await;
    let (mut chance, mut position, mut all) = (7_u64, "ledger/demo:0".to_string(), Vec::<Told>::new());
    // Seeded, so that each run cuts at the same places.
    let mut below = |most: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % most
    };
    for round in 0..60 {
        let mut watch = if round % 2 == 0 { Some(cases.watch(&position).await) } else { None };
        let many = 1 + below(5);
        let facts: Vec<(CaseId, Event)> = (0..many).map(|_| (road::case(u32::try_from(below(6)).unwrap()), alert())).collect();
        cases.commit(&facts).await;
        let seen = position.parse::<Position>().unwrap().next(&cases.partition);
        let waiting = cases.is.values().filter(|(next, _)| *next > seen).count() as u64;
        // Often in the middle of a commit, sometimes before anything of it, and all of it in the last round.
        let heard = if round == 59 { waiting } else { below(waiting + 1) };
        if watch.is_none() && heard > 0 {
            watch = Some(cases.watch(&position).await);
        }
        for _ in 0..heard {
            let (behind, told) = cases.told(watch.as_mut().unwrap()).await;
            position = behind;
            all.push(told);
        }
    }
    assert!(all.windows(2).all(|two| two[0].next < two[1].next), "in order, and none twice: {all:?}");
    let cases_told: BTreeMap<&str, &Told> = all.iter().map(|told| (told.case.as_str(), told)).collect();
    for case in cases.is.keys() {
        assert_eq!(*cases_told[case.to_string().as_str()], cases.last(*case), "told as it is at last");
    }
}
