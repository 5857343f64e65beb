//! The parts of Millwright that are on every site's crew: what each is called, what it can do, and what stands in its answer to a test task.

use crate::{
    ids::{ActorId, Capability, CrewRole},
    priority::Priority,
    task::{Check, Origin, TaskSpec},
};

/// The machine of the prepared case that test tasks are about.
pub const TEST_ASSET: &str = "test-pump";
/// Marks a task as a test.
pub const TEST_LABEL: &str = "test";
const MOST_TEST_BYTES: u32 = 32_768;
/// What a test task is held to use where models are asked.
const TEST_TOKENS: u64 = 2_000;

pub struct Post {
    pub name: &'static str,
    pub role: &'static str,
    pub capability: &'static str,
    /// Stands in its answer to a test task.
    pub says: &'static str,
}

const fn post(name: &'static str, role: &'static str, capability: &'static str, says: &'static str) -> Post {
    Post { name, role, capability, says }
}

pub const POSTS: [Post; 8] = [
    post("svc-conductor", "conductor", "route_case", TEST_ASSET),
    post("svc-triage", "triage", "triage_alarm", TEST_ASSET),
    post("svc-hunter", "hunter", "read_manuals", TEST_ASSET),
    post("svc-watchman", "watchman", "check_system", TEST_ASSET),
    post("svc-cartographer", "cartographer", "map_assets", TEST_ASSET),
    post("svc-weaver", "weaver", "write_report", TEST_ASSET),
    post("svc-tracker", "tracker", "keep_log", "Tasks by stage"),
    post("svc-monkey", "monkey", "plan_work", "Next"),
];

impl Post {
    pub fn of(agent: &ActorId) -> Option<&'static Self> {
        POSTS.iter().find(|post| post.name == agent.as_str())
    }
    pub fn agent(&self) -> ActorId {
        self.name.parse().expect("a literal that is a name")
    }
    pub fn role(&self) -> CrewRole {
        self.role.parse().expect("a literal that is a role")
    }
    pub fn capability(&self) -> Capability {
        self.capability.parse().expect("a literal that is a capability")
    }
}

/// A task that shows whether an agent works. One of a part of Millwright is accepted by its checks; of others a person says.
pub fn test_task(agent: &ActorId, needs: Capability) -> TaskSpec {
    let mut checks = vec![Check::AtMostBytes(MOST_TEST_BYTES)];
    checks.extend(Post::of(agent).map(|post| Check::Mentions(post.says.into())));
    TaskSpec {
        title: format!("Test of {agent}"),
        details: None,
        needs,
        case: None,
        priority: Priority::High,
        deadline: None,
        estimated_tokens: TEST_TOKENS,
        autonomous: agent.is_part(),
        labels: vec![TEST_LABEL.into()],
        depends_on: vec![],
        origin: Origin::Person,
        checks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_post_has_a_name_a_role_and_a_capability_of_its_own() {
        let names: BTreeSet<ActorId> = POSTS.iter().map(Post::agent).collect();
        let capabilities: BTreeSet<Capability> = POSTS.iter().map(Post::capability).collect();
        let roles: BTreeSet<CrewRole> = POSTS.iter().map(Post::role).collect();
        assert_eq!((names.len(), capabilities.len(), roles.len()), (POSTS.len(), POSTS.len(), POSTS.len()));
    }
}
