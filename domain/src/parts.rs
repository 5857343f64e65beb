//! How the parts of the house are, and what a day came to: facts for whoever was asleep.

use crate::{Timestamp, ids::SiteId, work::WorkSummary};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A part was seen not to work at a health check: a collector, the log, the database, an outbox, an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartFailed {
    pub part: String,
    pub detail: String,
}

/// It was seen to work again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartRecovered {
    pub part: String,
    /// Plant time of the check that first saw it fail.
    pub failed_at: Timestamp,
}

/// What a stretch of time came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryReported {
    pub kind: SummaryKind,
    /// Wall time, up to but not including `to`.
    pub from: Timestamp,
    pub to: Timestamp,
    pub figures: Figures,
    /// What the crew did, of a progress report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<WorkSummary>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SummaryKind {
    Daily,
    /// Every four hours, for whoever follows the work itself.
    Progress,
}

/// Counted from the facts of the stretch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Figures {
    pub alerts: u32,
    pub cases_opened: u32,
    pub cases_closed: u32,
    /// Of those: by the readings alone.
    pub resolved_by_themselves: u32,
    pub false_alarms: u32,
    pub actions_done: u32,
    /// Of those: without asking anybody.
    pub done_by_policy: u32,
    pub actions_unverified: u32,
    pub approvals_expired: u32,
    pub refused: u32,
    pub messages_sent: u32,
    pub messages_given_up: u32,
    pub part_failures: u32,
    /// Parts that fail at the end of the stretch.
    pub failing: Vec<String>,
    pub cases_open: u32,
}

impl SummaryReported {
    /// One line for people: "all healthy, 47 alerts, 3 resolved by themselves".
    pub fn line(&self, site: &SiteId) -> String {
        let Figures { alerts, resolved_by_themselves, cases_open, failing, .. } = &self.figures;
        let health = if failing.is_empty() { "all healthy".into() } else { format!("not well: {}", failing.join(", ")) };
        format!("{site}: {health}, {}, {resolved_by_themselves} resolved by themselves, {cases_open} open", Counted(*alerts, "alert"))
    }

    /// The rest of it, a line each; what did not happen is left out.
    pub fn lines(&self) -> Vec<String> {
        let figures = &self.figures;
        let all = [
            (figures.cases_opened, "case opened", "cases opened"),
            (figures.cases_closed, "case closed", "cases closed"),
            (figures.false_alarms, "false alarm", "false alarms"),
            (figures.actions_done, "action done", "actions done"),
            (figures.done_by_policy, "of them by policy, without asking", "of them by policy, without asking"),
            (figures.actions_unverified, "action that nobody can vouch for: please look", "actions that nobody can vouch for: please look"),
            (figures.approvals_expired, "question that nobody answered in time", "questions that nobody answered in time"),
            (figures.refused, "command refused by a rule", "commands refused by a rule"),
            (figures.messages_given_up, "message that did not arrive: please look", "messages that did not arrive: please look"),
            (figures.part_failures, "failure of a part of the program", "failures of parts of the program"),
        ];
        all.into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .chain(self.work.iter().flat_map(|work| work.lines()))
            .collect()
    }
}

struct Counted(u32, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_day_is_one_line() {
        let figures = Figures { alerts: 47, resolved_by_themselves: 3, ..Figures::default() };
        let (from, to) = (Timestamp::from_secs(0), Timestamp::from_secs(86_400));
        let day = SummaryReported { kind: SummaryKind::Daily, from, to, figures, work: None };
        assert_eq!(day.line(&"demo".parse().unwrap()), "demo: all healthy, 47 alerts, 3 resolved by themselves, 0 open");
        assert!(day.lines().is_empty());
        let figures = Figures { failing: vec!["device plc".into()], alerts: 1, actions_unverified: 1, ..Figures::default() };
        let bad = SummaryReported { figures, ..day };
        assert!(bad.line(&"demo".parse().unwrap()).starts_with("demo: not well: device plc, 1 alert,"));
        assert_eq!(bad.lines(), ["1 action that nobody can vouch for: please look"]);
    }
}
