//! The words that tests about a crew are written in.

use crate::{
    AcceptTask, ClaimTask, DeliverTask, ExpireLease, FailTask, FileTask, JoinCrew, MarkTask, RecordTest, RenewLease, SendBackTask, StopAgent,
    testing::{Asking, Scene, plant},
};
use millwright_domain::{
    ids::TaskId,
    priority::Priority,
    task::{FailureClass, Mark, Origin, TaskSpec},
};
use uuid::Uuid;

pub const CODER: &str = "agent-coder";
pub const OTHER: &str = "agent-other";

pub fn task(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}
pub fn spec(needs: &str) -> TaskSpec {
    TaskSpec {
        title: "why does pump-1 run hot?".into(),
        details: None,
        needs: needs.parse().unwrap(),
        case: None,
        priority: Priority::Medium,
        deadline: None,
        estimated_tokens: 1_000,
        autonomous: false,
        labels: vec![],
        depends_on: vec![],
        origin: Origin::Person,
        checks: vec![],
    }
}
pub fn file(by: &str, number: u128, spec: TaskSpec) -> Asking {
    plant::ask(by, FileTask { task: task(number), spec, queue: true })
}
pub fn join(agent: &str, capabilities: &[&str], at_once: u32) -> Asking {
    let capabilities = capabilities.iter().map(|name| name.parse().unwrap()).collect();
    plant::ask(agent, JoinCrew { role: "coder".parse().unwrap(), capabilities, at_once, reports_every_s: None })
}
pub fn claim(agent: &str, number: u128) -> Asking {
    plant::ask(agent, ClaimTask { task: Some(task(number)), lease_s: 120 })
}
pub fn claim_next(agent: &str) -> Asking {
    plant::ask(agent, ClaimTask { task: None, lease_s: 120 })
}
pub fn renew(agent: &str, number: u128, fence: u64) -> Asking {
    plant::ask(agent, RenewLease { task: task(number), fence, lease_s: 120 })
}
pub fn expire(number: u128, fence: u64) -> Asking {
    plant::ask("svc-timekeeper", ExpireLease { task: task(number), fence })
}
pub fn deliver(agent: &str, number: u128, fence: u64) -> Asking {
    plant::ask(agent, DeliverTask { task: task(number), fence, result: "the strainer is clogged".into() })
}
pub fn fail(agent: &str, number: u128, fence: u64, retryable: bool) -> Asking {
    plant::ask(agent, FailTask { task: task(number), fence, class: FailureClass::Tool, retryable, reason: "no compiler".into() })
}
pub fn accept(by: &str, number: u128, fence: u64) -> Asking {
    plant::ask(by, AcceptTask { task: task(number), fence })
}
pub fn send_back(by: &str, number: u128, fence: u64) -> Asking {
    plant::ask(by, SendBackTask { task: task(number), fence, note: None })
}
pub fn tested(by: &str, number: u128, fence: u64, passed: bool) -> Asking {
    plant::ask(by, RecordTest { task: task(number), fence, passed, report: "as asked".into() })
}
pub fn mark(number: u128, mark: Mark) -> Asking {
    plant::ask("svc-timekeeper", MarkTask { task: task(number), mark })
}
pub fn stop(by: &str, agent: &str) -> Asking {
    plant::ask(by, StopAgent { agent: agent.parse().unwrap() })
}

/// Two agents are up, each for one task at once, and one task waits.
pub fn given_crew(scene: Scene) -> Scene {
    let scene = scene.given_plant().when(join(CODER, &["write_code"], 1)).happens().when(join(OTHER, &["write_code"], 1)).happens();
    scene.when(file("ann", 1, spec("write_code"))).then_facts(["TaskFiled", "TaskQueued"])
}
