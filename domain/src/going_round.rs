//! One of the crew that goes round in circles, and was stopped: what showed it, so that a person can see why it went on by its rules.

use crate::ids::{ActorId, CaseId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the crew went round in circles and was stopped. Told once for each agent, case and sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoopStopped {
    pub agent: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    pub sign: LoopSign,
    /// In a line, for people.
    pub said: String,
}

/// What it was seen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoopSign {
    /// It asked a model the same thing about a case again.
    SameQuestion,
    /// More was asked about a case than any case needs.
    TooManyQuestions,
    /// It was told the same thing over and over.
    SameAnswer,
    /// An answer says one phrase over and over.
    SamePhrase,
    /// It answered a letter with what it had written in that exchange before.
    SameLetter,
}

impl LoopSign {
    /// Then nothing more is asked for that agent; a question is only not asked itself.
    pub const fn is_of_answer(self) -> bool {
        matches!(self, Self::SameAnswer | Self::SamePhrase)
    }
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameQuestion => "it asked the same again",
            Self::TooManyQuestions => "too much was asked about one case",
            Self::SameAnswer => "it was told the same over and over",
            Self::SamePhrase => "an answer says one phrase over and over",
            Self::SameLetter => "it wrote the same again in one exchange of letters",
        }
    }
}
