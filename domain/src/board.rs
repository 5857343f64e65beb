//! A board outside that shows a site's tasks as cards: what is written there, what people do there, and the fact of it.

use crate::{
    Timestamp,
    ids::{ActorId, TaskId},
    task::{Stage, TaskSpec},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Target of an effect that is a card: `boards/north:<task>`.
pub const BOARDS: &str = "boards/";

/// What a card says, whole: titles and labels are data, and the words of people are not on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardText {
    pub title: String,
    pub body: String,
    pub labels: Vec<String>,
    pub due: Option<Timestamp>,
}

/// A task's card as it should be from now on. Kept as JSON in the body of its effect; whoever repeats it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardWork {
    pub task: TaskId,
    /// The card, where one is known; else it is looked for, and made only if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Says which list it lies in.
    pub stage: Stage,
    /// Where a result is in review, the fence it was delivered under: whoever moves the card on means that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<u64>,
    pub text: CardText,
    /// What is said below it, once each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub says: Vec<String>,
}

/// What somebody did to a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardDeed {
    /// A new card: somebody wants that done.
    Made { spec: Box<TaskSpec> },
    /// Into the list of that stage; archived is `reverted`. None: into a list that stands for no stage.
    Moved {
        to: Option<Stage>,
        /// The fence of the result that the card showed when it was moved, if it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<u64>,
    },
}

/// Somebody did something to a card. What follows from it stands beside it; why nothing does, in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardTouched {
    pub task: TaskId,
    /// As the board calls it.
    pub card: String,
    /// The board's own name of the deed; one deed is recorded once.
    pub delivery: String,
    /// In whose name it counts, if in anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ActorId>,
    /// Where it was moved to; none for a new card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Stage>,
    /// Why it was not done. The card is put back, and told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
