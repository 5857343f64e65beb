//! `millwright crew`: who is on a site's crew, what it has to do, what it did, and a test task for one of it.

use super::ask::{done, graphql, shown};
use crate::settings::Settings;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

#[derive(Debug, Args)]
pub struct Crew {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Who is on the crew, and how each is.
    List {
        #[arg(long)]
        site: Option<String>,
    },
    /// What there is to do.
    Tasks {
        #[arg(long)]
        site: Option<String>,
        /// Only at this stage: BACKLOG, PENDING, ACTIVE, REVIEW, DONE, BLOCKED, FAILED, REVERTED.
        #[arg(long)]
        stage: Option<String>,
    },
    /// The latest steps of all work.
    Log {
        #[arg(long)]
        site: Option<String>,
        /// Only what this one did.
        #[arg(long)]
        agent: Option<String>,
        #[arg(long, default_value_t = 50)]
        first: u32,
    },
    /// Give one of the crew a test task, and wait for what comes of it.
    Test {
        /// As `list` shows it: svc-hunter.
        agent: String,
        /// May be left out where there is one site.
        #[arg(long)]
        site: Option<String>,
        /// Wait for so long, in seconds.
        #[arg(long, default_value_t = 180)]
        within_s: u64,
    },
}

const AGENTS: &str = "query($site: ID) { agents(site: $site) { id site role status onCases tasks { title } modelInUse sums { calls errors
    tokens { total } costNanoDollars } work { accepted failed accuracy } alarms { says } } }";
const TASKS: &str = "query($site: ID, $stage: TaskStage) { tasks(site: $site, stage: $stage, first: 100) { nodes { id site stage title needs agent
    priority autonomous blockedBy failureReason } } }";
const LOG: &str =
    "query($site: ID, $agent: ID, $first: Int) { workLog(site: $site, agent: $agent, first: $first) { nodes { at site agent what summary } } }";
const SITES: &str = "{ plants { site } }";
const TEST: &str = "mutation($site: ID!, $agent: ID!) { done: testAgent(site: $site, agent: $agent) { reason subject } }";
const TASK: &str = "query($id: ID!) { task(id: $id) { stage agent result failureReason tests { passed report } } }";
/// Between two looks at a test.
const PAUSE: Duration = Duration::from_millis(300);

impl Crew {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match self.what {
            What::List { site } => list(settings, AGENTS, json!({ "site": site }), "/agents", "nobody is on the crew", agent_line).await,
            What::Tasks { site, stage } => {
                let asked = json!({ "site": site, "stage": stage.map(|stage| stage.to_uppercase()) });
                list(settings, TASKS, asked, "/tasks/nodes", "there is no such task", task_line).await
            }
            What::Log { site, agent, first } => {
                let asked = json!({ "site": site, "agent": agent, "first": first });
                list(settings, LOG, asked, "/workLog/nodes", "nothing was worked on", step_line).await
            }
            What::Test { agent, site, within_s } => test(settings, &agent, site, Duration::from_secs(within_s)).await,
        }
    }
}

async fn list(settings: &Settings, query: &str, asked: Value, at: &str, none: &str, line: fn(&Value) -> String) -> Result<ExitCode> {
    let answer = graphql(settings, query, asked).await?;
    let rows = answer.pointer(at).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if rows.is_empty() {
        println!("{none}");
    }
    rows.iter().for_each(|row| println!("{}", line(row)));
    Ok(ExitCode::SUCCESS)
}

/// Files the task and shows what came of it; a test that is not passed is a failure.
async fn test(settings: &Settings, agent: &str, site: Option<String>, within: Duration) -> Result<ExitCode> {
    let site = match site {
        Some(site) => site,
        None => only_site(settings).await?,
    };
    let answer = graphql(settings, TEST, json!({ "site": site, "agent": agent })).await?;
    done(&answer["done"])?;
    let task = answer["done"]["subject"].as_str().context("the answer names no task")?.to_string();
    println!("task {task} is filed for {agent}");
    let begun = Instant::now();
    loop {
        let shown_task = graphql(settings, TASK, json!({ "id": task })).await?["task"].take();
        let stage = shown_task["stage"].as_str().unwrap_or_default().to_string();
        let tested = shown_task["tests"].as_array().is_some_and(|tests| !tests.is_empty());
        if matches!(stage.as_str(), "DONE" | "FAILED" | "REVERTED") || (stage == "REVIEW" && tested) {
            return Ok(told(&stage, &shown_task));
        }
        if begun.elapsed() > within {
            bail!("the task is {stage} after {} s; `millwright crew tasks` shows how it goes on", within.as_secs());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn told(stage: &str, task: &Value) -> ExitCode {
    println!("{stage} by {}", shown(&task["agent"]));
    if let Some(result) = task["result"].as_str() {
        // A line at a time: what stands in a result may hold anything.
        result.lines().for_each(|line| println!("    {}", shown(&line.into())));
    }
    for test in task["tests"].as_array().into_iter().flatten() {
        println!("test {}: {}", if test["passed"] == true { "passed" } else { "not passed" }, shown(&test["report"]));
    }
    if let Some(reason) = task["failureReason"].as_str() {
        println!("failed: {}", shown(&reason.into()));
    }
    let well = stage == "DONE" || task.pointer("/tests/0/passed") == Some(&Value::Bool(true));
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn only_site(settings: &Settings) -> Result<String> {
    let answer = graphql(settings, SITES, json!({})).await?;
    let sites: Vec<String> = answer["plants"].as_array().into_iter().flatten().map(|plant| shown(&plant["site"])).collect();
    match sites.as_slice() {
        [only] => Ok(only.clone()),
        [] => bail!("no site is described yet; ask again in a moment"),
        several => bail!("give --site; there are {}", several.join(", ")),
    }
}

fn agent_line(agent: &Value) -> String {
    let [id, site, role, status, model] = ["id", "site", "role", "status", "modelInUse"].map(|key| shown(&agent[key]));
    let on = agent["tasks"].as_array().into_iter().flatten().map(|task| shown(&task["title"]));
    let cases = agent["onCases"].as_array().into_iter().flatten().map(|case| format!("case {}", shown(case)));
    let now: Vec<String> = on.chain(cases).collect();
    let dollars = agent.pointer("/sums/costNanoDollars").and_then(Value::as_f64).unwrap_or_default() / 1e9;
    let figure = |at: &str| agent.pointer(at).map(shown).unwrap_or_default();
    let head = format!(
        "{id}  {site}  {role}  {status}  {} calls, {} errors, {} tokens, ${dollars:.4}{}",
        figure("/sums/calls"),
        figure("/sums/errors"),
        figure("/sums/tokens/total"),
        if model.is_empty() { String::new() } else { format!(", {model}") }
    );
    let at = (!now.is_empty()).then(|| format!("\n    at {}", now.join("; ")));
    let alarms = agent["alarms"].as_array().into_iter().flatten().map(|alarm| format!("\n    {}", shown(&alarm["says"])));
    [head, at.unwrap_or_default(), alarms.collect()].concat()
}

fn task_line(task: &Value) -> String {
    let [id, site, stage, title, needs, agent, priority] =
        ["id", "site", "stage", "title", "needs", "agent", "priority"].map(|key| shown(&task[key]));
    let why = [&task["blockedBy"], &task["failureReason"]].into_iter().find(|why| why.is_string()).map(|why| format!("\n    {}", shown(why)));
    let by = if agent.is_empty() { String::new() } else { format!(" by {agent}") };
    format!("{id}  {site}  {stage}{by}  {priority}  needs {needs}  {title}{}", why.unwrap_or_default())
}

fn step_line(step: &Value) -> String {
    let [at, site, agent, what, summary] = ["at", "site", "agent", "what", "summary"].map(|key| shown(&step[key]));
    format!("{at}  {site}  {agent}  {what}  {summary}")
}
