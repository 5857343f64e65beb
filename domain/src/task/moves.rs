//! Where a task can be and how it gets from there to elsewhere: one table, which `docs/tasks.md` and the tests are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Backlog,
    Pending,
    Active,
    Review,
    Done,
    Blocked,
    Failed,
    Reverted,
}

/// What can be done to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Queue,
    Claim,
    Renew,
    LoseLease,
    Deliver,
    Test,
    Accept,
    SendBack,
    Block,
    Unblock,
    Fail,
    Revert,
}

/// From where, by what, to where. What is not here is refused.
pub const MOVES: [(Stage, Step, Stage); 20] = [
    (Stage::Backlog, Step::Queue, Stage::Pending),
    (Stage::Backlog, Step::Revert, Stage::Reverted),
    (Stage::Pending, Step::Claim, Stage::Active),
    (Stage::Pending, Step::Block, Stage::Blocked),
    (Stage::Pending, Step::Revert, Stage::Reverted),
    (Stage::Active, Step::Renew, Stage::Active),
    (Stage::Active, Step::LoseLease, Stage::Pending),
    (Stage::Active, Step::Deliver, Stage::Review),
    (Stage::Active, Step::Block, Stage::Blocked),
    (Stage::Active, Step::Fail, Stage::Failed),
    (Stage::Active, Step::Revert, Stage::Reverted),
    (Stage::Review, Step::Test, Stage::Review),
    (Stage::Review, Step::Accept, Stage::Done),
    (Stage::Review, Step::SendBack, Stage::Pending),
    (Stage::Review, Step::Revert, Stage::Reverted),
    (Stage::Done, Step::Revert, Stage::Reverted),
    (Stage::Blocked, Step::Unblock, Stage::Pending),
    (Stage::Blocked, Step::Revert, Stage::Reverted),
    (Stage::Failed, Step::Queue, Stage::Pending),
    (Stage::Failed, Step::Revert, Stage::Reverted),
];

/// Each step, who does it, and what it says.
pub const STEPS: [(Step, &str, &str); 12] = [
    (Step::Queue, "a person, a rule", "it may be taken"),
    (Step::Claim, "an agent whose capabilities fit", "it holds the task under a new fence, for a while"),
    (Step::Renew, "the agent that holds it", "for a while longer"),
    (Step::LoseLease, "the timekeeper, or who stops the agent", "the agent did not renew in time, or is no more"),
    (Step::Deliver, "the agent that holds it", "the result is there"),
    (Step::Test, "a tester, never the agent that delivered", "what a test of the result said"),
    (Step::Accept, "a person; for an autonomous task a passed test", "it is what was wanted"),
    (Step::SendBack, "a person; for an autonomous task a failed test", "it is to be done again"),
    (Step::Block, "a person, or the agent that holds it", "it waits for budget, approval, input or other tasks"),
    (Step::Unblock, "a person; the last of the tasks that it waits for", "it may be taken again"),
    (Step::Fail, "the agent that holds it", "it did not work; what may be tried again is queued at once, three times in all"),
    (Step::Revert, "a person", "not wanted any more, or taken back"),
];

/// Why a task does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the task is {from}, and from there nobody can {step} it; possible are: {}", possible(*.from))]
pub struct IllegalMove {
    pub from: Stage,
    pub step: Step,
}

impl Stage {
    pub const ALL: [Self; 8] = [Self::Backlog, Self::Pending, Self::Active, Self::Review, Self::Done, Self::Blocked, Self::Failed, Self::Reverted];

    /// # Errors
    /// With what is possible from here.
    pub fn after(self, step: Step) -> Result<Self, IllegalMove> {
        let found = MOVES.iter().find(|(from, by, _)| *from == self && *by == step);
        found.map(|(.., to)| *to).ok_or(IllegalMove { from: self, step })
    }
    pub fn steps(self) -> impl Iterator<Item = Step> {
        MOVES.iter().filter(move |(from, ..)| *from == self).map(|(_, step, _)| *step)
    }
    /// Nobody has to do anything about it any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Reverted)
    }
}

fn possible(from: Stage) -> String {
    let steps: Vec<String> = from.steps().map(|step| step.to_string()).collect();
    if steps.is_empty() { "none".into() } else { steps.join(", ") }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backlog => "BACKLOG",
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Review => "REVIEW",
            Self::Done => "DONE",
            Self::Blocked => "BLOCKED",
            Self::Failed => "FAILED",
            Self::Reverted => "REVERTED",
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queue => "queue",
            Self::Claim => "claim",
            Self::Renew => "renew the lease of",
            Self::LoseLease => "take the lease of",
            Self::Deliver => "deliver",
            Self::Test => "test",
            Self::Accept => "accept",
            Self::SendBack => "send back",
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Fail => "fail",
            Self::Revert => "revert",
        })
    }
}

/// The table as `docs/tasks.md` has it: a row for each stage, a column for each step.
pub fn as_markdown() -> String {
    let mut lines = vec!["| from | step | to | who | what it says |".to_string(), "|---|---|---|---|---|".to_string()];
    for (from, step, to) in MOVES {
        let (who, says) = STEPS.iter().find(|(known, ..)| *known == step).map_or(("", ""), |(_, who, says)| (who, says));
        lines.push(format!("| {from} | {step} | {to} | {who} | {says} |"));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs};

    const BEGIN: &str = "<!-- the table of moves, made by a test -->\n";
    const END: &str = "\n<!-- end -->";

    #[test]
    fn the_table_has_each_move_once_and_each_step_is_in_words() {
        for (place, (from, step, _)) in MOVES.iter().enumerate() {
            assert!(!MOVES[..place].iter().any(|(other, by, _)| other == from && by == step), "{from} × {step}");
        }
        for (step, ..) in STEPS {
            assert!(MOVES.iter().any(|(_, by, _)| *by == step), "{step}");
            assert_eq!(STEPS.iter().filter(|(other, ..)| *other == step).count(), 1, "{step}");
        }
    }

    #[test]
    fn every_other_move_is_refused_with_what_is_possible() {
        for stage in Stage::ALL {
            for (step, ..) in STEPS {
                let in_table = MOVES.iter().any(|(from, by, _)| *from == stage && *by == step);
                match stage.after(step) {
                    Ok(_) => assert!(in_table, "{stage} × {step}"),
                    Err(refused) => {
                        assert!(!in_table, "{stage} × {step}");
                        let reason = refused.to_string();
                        assert!(stage.steps().all(|possible| reason.contains(&possible.to_string())), "{reason}");
                    }
                }
            }
        }
        assert_eq!(Stage::Reverted.steps().count(), 0, "what was reverted stays so");
    }

    #[test]
    fn from_everywhere_a_task_can_still_end() {
        for stage in Stage::ALL {
            assert!(stage.is_over() || stage.after(Step::Revert) == Ok(Stage::Reverted), "{stage}");
        }
    }

    #[test]
    fn the_documentation_shows_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tasks.md");
        let text = fs::read_to_string(path).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (shown, after) = rest.split_once(END).unwrap();
        if env::var_os("BLESS").is_some() {
            fs::write(path, format!("{before}{BEGIN}{}{END}{after}", as_markdown())).unwrap();
            return;
        }
        assert!(shown == as_markdown(), "docs/tasks.md has another table; BLESS=1 writes it anew");
    }
}
