//! One of the crew with a model beside its rules: the model picks from what the rules found and says it in words. What it makes up is dropped
//! and counted, and what the rules found stays whole.

use super::{CrewMember, Finding, Found, briefing::Briefing, voice::Voice};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::ActorId,
    model_call::{Answer, Prompt},
    untrusted::{Nonce, Origin, Untrusted},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// The rest of the time is for the ledger: what was used is settled before anybody hears of the answer.
const TO_SETTLE: TimeDelta = TimeDelta::seconds(4);
/// By then the rules' finding has to be handed over, whatever became of the model.
const TO_HAND_OVER: TimeDelta = TimeDelta::seconds(1);
const TOKENS: u32 = 300;
const MOST_PIECES: usize = 16;
const LONGEST_PIECE: usize = 800;
const LONGEST_PIECES: usize = 6_000;
const MOST_POINTS: usize = 6;
const LONGEST_POINT: usize = 240;

/// What the rules found, in pieces that a model can point at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// What the model is to do with them.
    pub task: &'static str,
    pub heading: &'static str,
    pub form: Form,
    pub origin: Origin,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// As people know it: `step 2`, `Pump handbook p. 4`.
    pub name: String,
    pub text: String,
}

/// How a point is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The piece in the rules' words, and behind it why: nothing can be told that the rules did not find.
    Pieces,
    /// The model's sentence, and behind it where that stands.
    Sentences,
}

/// A member whose finding a model may put in order.
pub struct WithModel {
    pub rules: Arc<dyn CrewMember>,
    pub voice: Arc<Voice>,
}

#[async_trait]
impl CrewMember for WithModel {
    fn name(&self) -> ActorId {
        self.rules.name()
    }

    async fn find(&self, case: &Briefing) -> Result<Found, String> {
        self.rules.find(case).await
    }

    async fn look_into(&self, case: &Briefing, until: Timestamp) -> Result<Finding, String> {
        let Found { finding, choices } = self.rules.find(case).await?;
        let Some(choices) = choices.filter(|choices| !choices.pieces.is_empty()) else { return Ok(finding) };
        let who = self.name();
        let answer = tokio::select! {
            answer = self.voice.ask(&who, case, choices.prompt(case), until - TO_SETTLE) => answer,
            () = self.voice.clock.wall_reaches(until - TO_HAND_OVER) => None,
        };
        Ok(match answer {
            Some(answer) => choices.beside(finding, &answer),
            None => finding,
        })
    }
}

/// What a model says.
#[derive(Deserialize)]
struct Said {
    points: Vec<Point>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Point {
    says: String,
    /// Numbers of pieces, from 1.
    from: Vec<i64>,
}

fn schema() -> Value {
    let from = json!({ "type": "array", "items": { "type": "integer", "minimum": 1 } });
    let point = json!({ "type": "object", "properties": { "says": { "type": "string" }, "from": from }, "required": ["says", "from"], "additionalProperties": false });
    let points = json!({ "type": "array", "items": point });
    json!({ "type": "object", "properties": { "points": points }, "required": ["points"], "additionalProperties": false })
}

impl Choices {
    pub(super) fn prompt(&self, case: &Briefing) -> Prompt {
        let mut prompt = Prompt::new(self.task, Nonce::of(Uuid::new_v4().as_u128())).at_most(TOKENS).temperature(0.0).wanting("points", schema());
        prompt = case.told_to(prompt);
        prompt.say("The pieces, by number:").show(Untrusted::cut(self.origin, &self.numbered(), LONGEST_PIECES)).say("Give your points.")
    }

    /// A line each, so that none can pass for another.
    fn numbered(&self) -> String {
        let lines = (1..).zip(&self.pieces).take(MOST_PIECES);
        let lines = lines.map(|(number, piece)| format!("{number}. {}: {}", one_line(&piece.name, 80), one_line(&piece.text, LONGEST_PIECE)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The finding with the model's points in front of it, as far as they hold.
    pub(super) fn beside(&self, finding: Finding, answer: &Answer) -> Finding {
        let said = answer.json.as_ref().and_then(|json| Said::deserialize(json).ok());
        let (lines, dropped) = said.map_or((vec![], 0), |said| self.held(said));
        let mut parts = vec![];
        if !lines.is_empty() {
            parts.push(format!("{}\n{}", self.heading, lines.join("\n")));
        }
        if dropped > 0 {
            parts.push(format!("Left out of what the model said, because it is not in what was found: {dropped}."));
        }
        if parts.is_empty() {
            return finding;
        }
        parts.push(finding.text);
        Finding { text: parts.join("\n\n"), model: Some(answer.model.clone()), dropped, ..finding }
    }

    /// The points that rest on pieces that there are, and how many pieces were made up.
    fn held(&self, said: Said) -> (Vec<String>, u32) {
        let (mut lines, mut told, mut dropped) = (vec![], vec![], 0);
        for Point { says, from } in said.points {
            let says = one_line(&says, LONGEST_POINT);
            let (known, unknown): (Vec<_>, Vec<_>) = from.iter().map(|number| self.piece(*number)).partition(Option::is_some);
            // A sentence that rests on nothing is made up as well, and so is an address that nobody gave it.
            let is_made_up = known.is_empty() || says.is_empty() || says.contains("://");
            dropped += u32::try_from(unknown.len()).unwrap_or(u32::MAX).max(u32::from(is_made_up));
            let mut known: Vec<(usize, &Piece)> = known.into_iter().flatten().collect();
            if self.form == Form::Pieces {
                known.retain(|(at, _)| !told.contains(at));
            }
            if is_made_up || known.is_empty() || lines.len() >= MOST_POINTS {
                continue;
            }
            told.extend(known.iter().map(|(at, _)| *at));
            lines.push(self.line(&says, &known));
        }
        (lines, dropped)
    }

    fn piece(&self, number: i64) -> Option<(usize, &Piece)> {
        let at = usize::try_from(number).ok()?.checked_sub(1).filter(|at| *at < MOST_PIECES)?;
        Some((at, self.pieces.get(at)?))
    }

    fn line(&self, says: &str, known: &[(usize, &Piece)]) -> String {
        let join = |of: fn(&Piece) -> &str, with: &str| known.iter().map(|(_, piece)| of(piece)).collect::<Vec<_>>().join(with);
        match self.form {
            Form::Pieces => format!("- {} ({says})", join(|piece| &piece.text, "; ")),
            Form::Sentences => format!("- {says} [{}]", join(|piece| &piece.name, ", ")),
        }
    }
}

fn one_line(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Untrusted::cut(Origin::Agent, &line, longest).text().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "choosing_tests.rs"]
mod tests;
