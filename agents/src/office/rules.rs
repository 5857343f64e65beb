//! Rules about agents' figures: a file that a plant's people edit, read once and checked; and what is past a limit now. Pure but for the reading.

use super::tally::{MOST_HOURS, Sums, Tally};
use millwright_domain::{
    Timestamp,
    agent::{Agent, Presence},
    agent_alarm::Breach,
    budget::{SITE, Window},
    ids::ActorId,
    site::Site,
};
use serde::Deserialize;
use std::{collections::BTreeSet, fs, io, path::Path, path::PathBuf};
use thiserror::Error;

/// Rules that go with the program, for a plant that has none of its own.
const BUILT_IN: &str = include_str!("../../../config/agent_rules.yaml");
const DOLLAR: f64 = 1_000_000_000.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Calls that failed, of all calls: 0 to 1.
    ErrorShare,
    /// Waiting for a model, a call, in the mean.
    InferenceMs,
    CostDollars,
    Tokens,
    /// Results that were accepted, of those that were judged: 0 to 1.
    Accuracy,
    /// Since it was heard last; of agents that are up.
    SilentMinutes,
    /// Of the site's budget of the day, in percent.
    BudgetPercent,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub figure: Figure,
    #[serde(default)]
    pub above: Option<f64>,
    #[serde(default)]
    pub below: Option<f64>,
    /// The hour that runs counts as one.
    #[serde(default = "one")]
    pub over_hours: u32,
    /// Calls, or judged results, below which nothing can be said.
    #[serde(default)]
    pub at_least: u64,
    /// Left out: every agent.
    #[serde(default)]
    pub agent: Option<ActorId>,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentRules(Vec<Rule>);

#[derive(Debug, Error)]
pub enum BadAgentRules {
    #[error("could not read the rules about agents {}", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the rules about agents cannot be used; config/agent_rules.yaml in the sources is an example")]
    NotYaml(#[from] serde_saphyr::Error),
    #[error("the rule {rule:?} {why}")]
    Rule { rule: String, why: String },
}

impl AgentRules {
    /// The file's, or those that go with the program where there is no file.
    pub fn read(path: &Path) -> Result<Self, BadAgentRules> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::parse(BUILT_IN),
            Err(cause) => Err(BadAgentRules::Unreadable { path: path.into(), cause }),
        }
    }

    pub fn parse(text: &str) -> Result<Self, BadAgentRules> {
        let rules: Vec<Rule> = serde_saphyr::from_str(text)?;
        let mut names = BTreeSet::new();
        for rule in &rules {
            let bad = |why: String| BadAgentRules::Rule { rule: rule.name.clone(), why };
            rule.checked().map_err(bad)?;
            if !names.insert(&rule.name) {
                return Err(bad("is there twice; give each a name of its own".into()));
            }
        }
        Ok(Self(rules))
    }

    /// What is past a limit now, in the order of the rules.
    pub fn breaches(&self, site: &Site, tally: &Tally, now: Timestamp) -> Vec<Breach> {
        self.0.iter().flat_map(|rule| rule.breaches(site, tally, now)).collect()
    }
}

impl Rule {
    fn checked(&self) -> Result<(), String> {
        let is_name = !self.name.is_empty() && self.name.len() <= 60 && self.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !is_name {
            return Err("needs a name of letters, digits, '-' and '_'".into());
        }
        if [self.above, self.below].into_iter().flatten().filter(|limit| limit.is_finite()).count() != 1
            || (self.above.is_some() && self.below.is_some())
        {
            return Err("needs one limit, `above` or `below`, as a number".into());
        }
        if !(1..=MOST_HOURS).contains(&self.over_hours) {
            return Err(format!("looks back 1 to {MOST_HOURS} hours, not {}", self.over_hours));
        }
        Ok(())
    }

    fn breaches(&self, site: &Site, tally: &Tally, now: Timestamp) -> Vec<Breach> {
        if self.figure == Figure::BudgetPercent {
            let by: ActorId = "svc-monkey".parse().expect("a literal that is a name");
            return budget_percent(site, now).and_then(|value| self.past(&by, value)).into_iter().collect();
        }
        let is_up = |agent: &Agent| matches!(agent.presence, Presence::Up | Presence::Draining);
        let of_rule = |name: &ActorId| self.agent.as_ref().is_none_or(|wanted| wanted == name);
        let agents = site.crew.agents.iter().filter(|(name, agent)| is_up(agent) && of_rule(name));
        agents.filter_map(|(name, agent)| self.past(name, self.value(agent, &tally.over(name, self.over_hours, now), now)?)).collect()
    }

    /// `None`: there is too little to say anything.
    fn value(&self, agent: &Agent, sums: &Sums, now: Timestamp) -> Option<f64> {
        let enough = |many: u64| many >= self.at_least.max(1);
        let judged = sums.accepted + sums.sent_back;
        match self.figure {
            Figure::ErrorShare => enough(sums.calls).then(|| sums.errors as f64 / sums.calls as f64),
            Figure::InferenceMs => enough(sums.calls).then(|| sums.inference_ms as f64 / sums.calls as f64),
            Figure::CostDollars => Some(sums.cost_nano_dollars as f64 / DOLLAR),
            Figure::Tokens => Some(sums.tokens.total() as f64),
            Figure::Accuracy => enough(judged).then(|| sums.accepted as f64 / judged as f64),
            Figure::SilentMinutes => Some(now.since(agent.heard_at).num_seconds() as f64 / 60.0),
            Figure::BudgetPercent => None,
        }
    }

    fn past(&self, agent: &ActorId, value: f64) -> Option<Breach> {
        let limit = match (self.above, self.below) {
            (Some(above), _) if value > above => above,
            (None, Some(below)) if value < below => below,
            _ => return None,
        };
        let side = if self.above.is_some() { "above" } else { "below" };
        let says = format!("{agent}: {} is {}, {side} {}", self.words(), plainly(value), plainly(limit));
        Some(Breach { rule: self.name.clone(), agent: agent.clone(), value, limit, says })
    }

    fn words(&self) -> String {
        let hours = if self.over_hours == 1 { "in an hour".to_string() } else { format!("in {} hours", self.over_hours) };
        match self.figure {
            Figure::ErrorShare => format!("the share of failed calls {hours}"),
            Figure::InferenceMs => format!("the mean time of a call {hours}, in milliseconds,"),
            Figure::CostDollars => format!("the cost {hours}, in dollars,"),
            Figure::Tokens => format!("the number of tokens {hours}"),
            Figure::Accuracy => format!("the share of accepted results {hours}"),
            Figure::SilentMinutes => "the time since it was heard, in minutes,".into(),
            Figure::BudgetPercent => "the used share of the site's budget of the day, in percent,".into(),
        }
    }
}

fn budget_percent(site: &Site, now: Timestamp) -> Option<f64> {
    let account = site.budgets.get(SITE)?;
    let limit = account.limit(Window::Day).filter(|limit| *limit > 0)?;
    Some(account.spent(Window::Day, now).total() as f64 * 100.0 / limit as f64)
}

fn plainly(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use millwright_domain::{Event, agent::AgentJoined, envelope::StreamId};

    fn now() -> Timestamp {
        Timestamp::from_secs(1_700_000_000)
    }
    fn coder() -> ActorId {
        "agent-coder".parse().unwrap()
    }
    fn site(heard: Timestamp) -> Site {
        let mut site = Site::default();
        let joined = AgentJoined {
            agent: coder(),
            role: "coder".parse().unwrap(),
            capabilities: ["write_code".parse().unwrap()].into(),
            at_once: 1,
            at: heard,
            reports_every_s: None,
        };
        site.evolve(&StreamId::agent(&coder()), heard, &Event::from(joined));
        site
    }
    fn says(rule: &str, sums: &Sums, heard: Timestamp) -> Vec<String> {
        let mut tally = Tally::default();
        tally.count(coder(), sums, now());
        let breaches = AgentRules::parse(rule).unwrap().breaches(&site(heard), &tally, now());
        breaches.into_iter().map(|breach| breach.says).collect()
    }

    #[test]
    fn the_rules_that_go_with_the_program_can_be_used() {
        assert!(!AgentRules::parse(BUILT_IN).unwrap().0.is_empty());
    }

    #[test]
    fn a_figure_is_held_against_its_limit_only_when_there_is_enough_of_it() {
        let rule = "- { name: errors, figure: error_share, above: 0.5, at_least: 4 }";
        let calls = |calls, errors| Sums { calls, errors, ..Sums::default() };
        assert_eq!(says(rule, &calls(3, 3), now()), Vec::<String>::new());
        assert_eq!(says(rule, &calls(4, 2), now()), Vec::<String>::new());
        assert_eq!(says(rule, &calls(4, 3), now()), ["agent-coder: the share of failed calls in an hour is 0.75, above 0.5"]);
        let accuracy = "- { name: worse, figure: accuracy, below: 0.5, over_hours: 24, at_least: 2 }";
        let judged = Sums { accepted: 1, sent_back: 3, ..Sums::default() };
        assert_eq!(says(accuracy, &judged, now()), ["agent-coder: the share of accepted results in 24 hours is 0.25, below 0.5"]);
        let silent = "- { name: silent, figure: silent_minutes, above: 30 }";
        assert_eq!(says(silent, &Sums::default(), now() - TimeDelta::minutes(31)).len(), 1);
        assert_eq!(says(silent, &Sums::default(), now()).len(), 0);
    }

    #[test]
    fn a_rule_that_means_nothing_is_refused_by_name() {
        for bad in [
            "- { name: a, figure: tokens }",
            "- { name: a, figure: tokens, above: 1, below: 2 }",
            "- { name: a, figure: tokens, above: 1, over_hours: 49 }",
            "- { name: a, figure: tokens, above: 1 }\n- { name: a, figure: tokens, above: 2 }",
        ] {
            assert!(AgentRules::parse(bad).unwrap_err().to_string().contains("\"a\""), "{bad}");
        }
        assert!(AgentRules::parse("- { name: a, figure: mood, above: 1 }").is_err());
    }
}
