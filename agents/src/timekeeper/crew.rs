//! Deadlines of a site's crew: leases to be renewed, what the clock says of tasks, who was not heard for too long, letters that nobody answers.

use super::Deadline;
use millwright_commands::{ChaseLetter, CheckAgent, ExpireLease, MarkTask};
use millwright_domain::{
    crew::Crew,
    ids::TaskId,
    task::{Mark, Task},
};

pub(super) fn deadlines(crew: &Crew) -> impl Iterator<Item = Deadline> {
    let tasks = crew.open_tasks().flat_map(|(id, task)| lease(id, task).into_iter().chain(marks(id, task)));
    tasks.chain(agents(crew)).chain(letters(crew))
}

fn lease(id: TaskId, task: &Task) -> Option<Deadline> {
    let lease = task.lease.as_ref()?;
    // A renewed lease ends at another time, and asking for that is another question.
    let key = format!("{id}/lease/{}/{}", lease.fence, lease.until.micros());
    Some(Deadline { at: lease.until, key, command: ExpireLease { task: id, fence: lease.fence }.into() })
}

fn marks(id: TaskId, task: &Task) -> impl Iterator<Item = Deadline> {
    task.marks_due().map(move |(mark, at)| {
        let what = match mark {
            Mark::Stale => "stale",
            Mark::Urgent => "urgent",
            Mark::Escalated => "escalated",
        };
        Deadline { at, key: format!("{id}/{what}/{}", at.micros()), command: MarkTask { task: id, mark }.into() }
    })
}

fn agents(crew: &Crew) -> impl Iterator<Item = Deadline> {
    crew.agents.iter().filter_map(|(name, agent)| {
        let at = agent.silent_at()?;
        Some(Deadline { at, key: format!("{name}/silent/{}", at.micros()), command: CheckAgent { agent: name.clone() }.into() })
    })
}

fn letters(crew: &Crew) -> impl Iterator<Item = Deadline> {
    let waiting = crew.post.waiting.iter().filter_map(|id| Some((*id, crew.post.letters.get(id)?)));
    waiting.filter_map(|(id, letter)| {
        let at = letter.next_due()?;
        Some(Deadline { at, key: format!("{id}/chase/{}", letter.repeats), command: ChaseLetter { letter: id }.into() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use millwright_commands::Command;
    use millwright_domain::{
        Event, Timestamp,
        agent::AgentJoined,
        envelope::StreamId,
        letter::{Addressee, LetterKind, LetterSent},
        priority::Priority,
        site::Site,
        task::{LeaseRenewed, Origin, TaskClaimed, TaskFiled, TaskQueued, TaskSpec},
    };
    use uuid::Uuid;

    fn first(site: &Site) -> (Timestamp, Command) {
        let due = deadlines(&site.crew).min_by_key(|due| due.at).unwrap();
        (due.at, due.command)
    }

    #[test]
    fn the_next_deadline_of_a_crew_is_a_lease_then_a_letter_then_a_silence() {
        let (at, task, mut site) = (Timestamp::from_secs(1_700_000_000), TaskId(Uuid::from_u128(1)), Site::default());
        let (agent, by): (millwright_domain::ids::ActorId, _) = ("agent-coder".parse().unwrap(), "ann".parse().unwrap());
        let mut happens = |event: Event| site.evolve(&StreamId::task(task), at, &event);
        let code: millwright_domain::ids::Capability = "write_code".parse().unwrap();
        let capabilities = [code.clone()].into();
        happens(AgentJoined { agent: agent.clone(), role: "coder".parse().unwrap(), capabilities, at_once: 1, at, reports_every_s: None }.into());
        let spec = TaskSpec {
            title: "t".into(),
            details: None,
            needs: code,
            case: None,
            priority: Priority::Low,
            deadline: Some(at + TimeDelta::days(2)),
            estimated_tokens: 0,
            autonomous: false,
            labels: vec![],
            depends_on: vec![],
            origin: Origin::Person,
            checks: vec![],
        };
        happens(TaskFiled { task, spec, by, at: None }.into());
        happens(TaskQueued { task, at, why: None }.into());
        happens(TaskClaimed { task, agent: agent.clone(), fence: 1, at, lease_until: at + TimeDelta::seconds(120) }.into());
        let letter = millwright_domain::ids::LetterId(Uuid::from_u128(2));
        let sent = LetterSent {
            letter,
            from: "svc-auditor".parse().unwrap(),
            to: Addressee::Agent(agent),
            kind: LetterKind::StatusPing,
            priority: Priority::Medium,
            body: "are you there?".into(),
            words: None,
            case: None,
            task: None,
            in_reply_to: None,
            hops: 0,
            at,
            ack_by: Some(at + TimeDelta::minutes(60)),
        };
        happens(sent.into());
        assert_eq!(first(&site), (at + TimeDelta::seconds(120), ExpireLease { task, fence: 1 }.into()));
        let later = at + TimeDelta::seconds(100);
        site.evolve(&StreamId::task(task), at, &LeaseRenewed { task, fence: 1, at: later, lease_until: at + TimeDelta::hours(1) }.into());
        assert_eq!(first(&site), (at + TimeDelta::seconds(450), ChaseLetter { letter }.into()));
        assert!(deadlines(&site.crew).any(|due| matches!(due.command, Command::CheckAgent(_)) && due.at == later + TimeDelta::minutes(15)));
        assert!(deadlines(&site.crew).any(|due| matches!(&due.command, Command::MarkTask(mark) if mark.mark == Mark::Urgent)));
    }
}
