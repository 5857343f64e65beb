//! On a delivered result whose task says what it must be like, test it and say so. Where nothing is said, people look at it alone.

use crate::{
    fact_tail::{FactTail, TailError},
    insist::{insist, reaction_id, service},
};
use millwright_commands::{Ask, Commands, RecordTest};
use millwright_domain::{
    Event,
    envelope::{Answer, Recorded},
    ids::{EventId, TaskId},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
    site::Site,
    task::{Stage, test},
};
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct Tester {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
}

/// Results that wait for their test, folded from the facts alone, so that after any stop it knows what is left.
#[derive(Default)]
struct Bench {
    site: Site,
    results: BTreeMap<TaskId, (EventId, String)>,
}

impl Tester {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut bench = Bench::default();
        let mut tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), |fact| bench.take(fact)).await?;
        loop {
            if let Some((task, because, command)) = bench.next() {
                let id = reaction_id(because, "test", 0);
                let ask = Ask::new(service("svc-tester"), command).with_id(id).because_of(because);
                let answered = insist(&self.commands, &*self.clock, &self.partition, ask, &stop).await;
                if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
                    tracing::info!(%task, reason, "a result was not tested");
                }
                bench.results.remove(&task);
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
            let is_idle = bench.results.is_empty();
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next(), if is_idle => facts?,
                () = std::future::ready(()), if !is_idle => tail.up_to_now().await?,
            };
            facts.iter().for_each(|fact| bench.take(fact));
        }
    }
}

impl Bench {
    fn take(&mut self, fact: &Recorded) {
        self.site.evolve_recorded(fact);
        if let Event::TaskDelivered(delivered) = &fact.event {
            self.results.insert(delivered.task, (fact.id, delivered.result.clone()));
        }
        let tasks = &self.site.crew.tasks;
        self.results.retain(|task, _| {
            let untested = |task: &millwright_domain::task::Task| task.delivery.as_ref().is_some_and(|delivery| delivery.passed.is_none());
            tasks.get(task).is_some_and(|task| task.stage == Stage::Review && !task.spec.checks.is_empty() && untested(task))
        });
    }

    fn next(&self) -> Option<(TaskId, EventId, RecordTest)> {
        let (task, (because, result)) = self.results.first_key_value()?;
        let known = self.site.crew.tasks.get(task)?;
        let (passed, report) = test(&known.spec.checks, result);
        Some((*task, *because, RecordTest { task: *task, fence: known.fence, passed, report }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::recorded;
    use millwright_domain::{
        Timestamp,
        agent::AgentJoined,
        envelope::StreamId,
        priority::Priority,
        task::{Check, Origin, ResultTested, TaskClaimed, TaskDelivered, TaskFiled, TaskQueued, TaskSpec, digest},
    };
    use uuid::Uuid;

    fn delivered(checks: Vec<Check>) -> (Bench, Timestamp, StreamId) {
        let (at, task) = (Timestamp::from_secs(1_700_000_000), TaskId(Uuid::from_u128(1)));
        let (stream, mut bench, mut seq) = (StreamId::task(task), Bench::default(), 0);
        let mut happens = |event: Event| {
            bench.take(&recorded(seq, at, stream.clone(), event));
            seq += 1;
        };
        let (agent, needs): (millwright_domain::ids::ActorId, millwright_domain::ids::Capability) =
            ("agent-coder".parse().unwrap(), "write_code".parse().unwrap());
        let (role, capabilities) = ("coder".parse().unwrap(), [needs.clone()].into());
        happens(AgentJoined { agent: agent.clone(), role, capabilities, at_once: 1, at, reports_every_s: None }.into());
        let spec = TaskSpec {
            title: "t".into(),
            details: None,
            needs,
            case: None,
            priority: Priority::Low,
            deadline: None,
            estimated_tokens: 0,
            autonomous: false,
            labels: vec![],
            depends_on: vec![],
            origin: Origin::Person,
            checks,
        };
        happens(TaskFiled { task, spec, by: "ann".parse().unwrap(), at: None }.into());
        happens(TaskQueued { task, at, why: None }.into());
        happens(TaskClaimed { task, agent, fence: 7, at, lease_until: at }.into());
        let (result, hash) = ("here it is".to_string(), digest("here it is"));
        happens(TaskDelivered { task, fence: 7, result, hash }.into());
        (bench, at, stream)
    }

    #[test]
    fn a_delivered_result_is_tested_by_what_its_task_says_and_once() {
        let (mut bench, at, stream) = delivered(vec![Check::Mentions("fn main".into())]);
        let (task, _, test) = bench.next().unwrap();
        assert_eq!((test.fence, test.passed, test.report.as_str()), (7, false, "\"fn main\" does not stand in it"));
        let said = ResultTested { task, fence: 7, passed: false, report: String::new(), by: "svc-tester".parse().unwrap() };
        bench.take(&recorded(9, at, stream, said));
        assert!(bench.next().is_none());
    }

    #[test]
    fn what_says_nothing_about_its_result_is_for_people_alone() {
        assert!(delivered(vec![]).0.next().is_none());
    }
}
