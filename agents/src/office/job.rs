//! What one of the crew does for a task: its own work on a case, in words. What it takes from the site is copied before it begins.

use super::sample;
use crate::cast::{
    Crew, CrewMember, Finding, ReportWriter,
    briefing::Briefing,
    weaver::{report, title},
};
use chrono::TimeDelta;
use millwright_domain::{
    Now, Timestamp,
    crew::{NothingToPick, left_today, pick, posts::TEST_LABEL},
    ids::{ActorId, CaseId},
    site::Site,
    task::{Stage, TaskSpec},
};
use std::{collections::BTreeMap, sync::Arc};

/// Kept of a task's time for putting a report together.
const TO_WRITE: TimeDelta = TimeDelta::seconds(15);

pub(super) enum Job {
    /// One looks into a case.
    Look(Arc<dyn CrewMember>, Box<Briefing>),
    /// All look into it, and one report is made of that.
    Report(Vec<Arc<dyn CrewMember>>, Arc<dyn ReportWriter>, Box<Briefing>),
    /// It follows from what the site knows.
    Said(String),
    /// It cannot be done.
    Not(String),
}

impl Job {
    /// `briefing` makes what is told about a case; `None` for a case that is not open any more.
    pub fn of(agent: &ActorId, spec: &TaskSpec, crew: &Crew, site: &Site, now: Now, briefing: impl Fn(CaseId) -> Option<Briefing>) -> Self {
        match agent.as_str() {
            "svc-tracker" => return Self::Said(log_of(site)),
            "svc-monkey" => return Self::Said(plan_of(site, now.wall)),
            _ => {}
        }
        let about = match spec.case {
            Some(case) => briefing(case),
            None if spec.labels.iter().any(|label| label == TEST_LABEL) => Some(sample::briefing(now)),
            None => newest(site).and_then(&briefing).or_else(|| Some(sample::briefing(now))),
        };
        let Some(about) = about.map(Box::new) else { return Self::Not("the case is not open any more, so there is nothing to look into".into()) };
        if let Some(member) = crew.members.iter().find(|member| member.name() == *agent) {
            return Self::Look(member.clone(), about);
        }
        if crew.writer.name() == *agent {
            return Self::Report(crew.members.clone(), crew.writer.clone(), about);
        }
        match agent.as_str() {
            "svc-conductor" => Self::Said(route_of(&about, crew, site)),
            _ => Self::Not(format!("{agent} does nothing of this kind")),
        }
    }

    /// The result, or why there is none.
    pub async fn done(self, until: Timestamp) -> Result<String, String> {
        match self {
            Self::Look(member, case) => Ok(told(&member.name(), &case, &member.look_into(&case, until).await?)),
            Self::Report(members, writer, case) => {
                let about = &*case;
                let asked = members.iter().map(|member| async move { (member.name(), member.look_into(about, until - TO_WRITE).await) });
                let answers = futures::future::join_all(asked).await;
                let missing: Vec<ActorId> = answers.iter().filter(|(_, said)| said.is_err()).map(|(name, _)| name.clone()).collect();
                let found: Vec<(ActorId, Finding)> = answers.into_iter().filter_map(|(name, said)| Some((name, said.ok()?))).collect();
                Ok(writer.write(&case, &found, &missing, until).await.text)
            }
            Self::Said(text) => Ok(text),
            Self::Not(why) => Err(why),
        }
    }
}

/// In the same words as in a report, of one alone.
fn told(agent: &ActorId, case: &Briefing, finding: &Finding) -> String {
    report(case, &[(agent.clone(), finding.clone())], &[])
}

/// With a cause, so that everybody has something to go by.
fn newest(site: &Site) -> Option<CaseId> {
    let open = site.open_cases.values().flatten().filter_map(|id| Some((*id, site.case(*id).open_file()?)));
    open.filter(|(_, file)| file.diagnosis.is_some()).max_by_key(|(id, file)| (file.opened_at, *id)).map(|(id, _)| id)
}

fn route_of(case: &Briefing, crew: &Crew, site: &Site) -> String {
    let asked: Vec<String> = super::on_duty(crew, site).members.iter().map(|member| title(&member.name())).collect();
    let known = match site.investigations.get(&case.case) {
        None => "Nobody was asked about it yet.".into(),
        Some(known) if known.is_reported => "The report is delivered.".to_string(),
        Some(known) => format!("Awaited: {}.", known.awaited().map(title).collect::<Vec<_>>().join(", ")),
    };
    let cause = case.cause().map_or("cause not known yet", |cause| cause.as_str());
    format!("{} ({cause}): asked side by side are {}; {} writes the report. {known}", case.asset.id, asked.join(", "), title(&crew.writer.name()))
}

fn log_of(site: &Site) -> String {
    let mut stages: BTreeMap<Stage, usize> = BTreeMap::new();
    for task in site.crew.tasks.values() {
        *stages.entry(task.stage).or_default() += 1;
    }
    let stages: Vec<String> = stages.iter().map(|(stage, many)| format!("{stage} {many}")).collect();
    let held: Vec<String> =
        site.crew.open_tasks().filter_map(|(_, task)| Some(format!("{}: {}", task.lease.as_ref()?.agent, task.spec.title))).collect();
    let open: usize = site.open_cases.values().map(std::collections::BTreeSet::len).sum();
    let parts = [
        format!("Tasks by stage: {}.", if stages.is_empty() { "none".into() } else { stages.join(", ") }),
        format!("Worked on now: {}.", if held.is_empty() { "nothing".into() } else { held.join("; ") }),
        format!("Open cases: {open}. Letters that wait for an answer: {}.", site.crew.post.waiting.len()),
    ];
    parts.join("\n")
}

fn plan_of(site: &Site, now: Timestamp) -> String {
    let next = match pick(site, now) {
        Ok(picked) => {
            let title = site.crew.tasks.get(&picked.task).map_or("", |task| task.spec.title.as_str());
            format!("Next: {title} ({}).", picked.why)
        }
        Err(NothingToPick::Empty) => "Next: nothing; no autonomous task waits in the backlog.".into(),
        Err(why) => format!("Next: nothing; {why}."),
    };
    let left = left_today(site, now).map_or("No limit is set for the day.".to_string(), |left| format!("Tokens left today: {left}."));
    format!("{next}\n{left}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::{cartographer::Cartographer, checklists::Checklists, triage::AlarmTriage, watchman::Watchman, weaver::PlainWeaver};
    use millwright_domain::{
        crew::posts::{POSTS, test_task},
        task::test,
    };

    fn crew() -> Crew {
        let lists = "bearing_wear: { title: Bearing wear, steps: [Feel and listen.] }";
        let checklists = Arc::new(Checklists::parse(lists).unwrap());
        Crew { members: vec![Arc::new(AlarmTriage { checklists }), Arc::new(Watchman), Arc::new(Cartographer)], writer: Arc::new(PlainWeaver) }
    }

    #[tokio::test]
    async fn a_test_task_of_each_is_answered_as_its_checks_want() {
        let now = Now { plant: Timestamp::from_secs(1_700_000_000), wall: Timestamp::from_secs(1_700_000_000) };
        for post in POSTS.iter().filter(|post| post.name != "svc-hunter") {
            let spec = test_task(&post.agent(), post.capability());
            let job = Job::of(&post.agent(), &spec, &crew(), &Site::default(), now, |_| None);
            let result = job.done(now.wall + TimeDelta::seconds(60)).await.unwrap();
            assert_eq!(test(&spec.checks, &result), (true, "all 2 checks hold".into()), "{}: {result}", post.name);
        }
    }

    #[tokio::test]
    async fn a_task_about_a_case_that_is_over_is_not_done() {
        let now = Now { plant: Timestamp::from_secs(1_700_000_000), wall: Timestamp::from_secs(1_700_000_000) };
        let spec = TaskSpec { case: Some(CaseId(uuid::Uuid::from_u128(1))), ..test_task(&POSTS[1].agent(), POSTS[1].capability()) };
        let job = Job::of(&POSTS[1].agent(), &spec, &crew(), &Site::default(), now, |_| None);
        assert!(job.done(now.wall).await.unwrap_err().contains("not open"));
    }
}
