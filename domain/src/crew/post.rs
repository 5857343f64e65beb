//! The crew's letters as decisions see them: which there were, which wait, and who wrote how many this minute.

use crate::{
    Event, Timestamp,
    ids::{ActorId, LetterId},
    letter::{Letter, LetterState, sameness},
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Post {
    pub letters: HashMap<LetterId, Letter>,
    /// For an acknowledgement.
    pub waiting: BTreeSet<LetterId>,
    /// By whoever wrote, the minute of the last letter and how many there were in it.
    pace: BTreeMap<ActorId, (i64, u32)>,
}

impl Post {
    /// Letters that somebody wrote in the minute of this time.
    pub fn written_lately(&self, by: &ActorId, now: Timestamp) -> u32 {
        self.pace.get(by).filter(|(minute, _)| *minute == minute_of(now)).map_or(0, |(_, count)| *count)
    }

    /// Whether somebody writes in reply to `answered` what he has written in the same exchange before.
    pub fn repeats(&self, by: &ActorId, words: &str, answered: LetterId) -> bool {
        let same = sameness(words);
        let mut at = self.letters.get(&answered);
        while let Some(letter) = at {
            if letter.from == *by && letter.sameness == same && same.is_some() {
                return true;
            }
            at = letter.in_reply_to.and_then(|before| self.letters.get(&before));
        }
        false
    }

    pub(crate) fn evolve(&mut self, event: &Event) -> bool {
        match event {
            Event::LetterSent(fact) => {
                let count = self.written_lately(&fact.from, fact.at) + 1;
                self.pace.insert(fact.from.clone(), (minute_of(fact.at), count));
                self.letters.insert(fact.letter, Letter::sent(fact));
                if fact.ack_by.is_some() {
                    self.waiting.insert(fact.letter);
                }
            }
            Event::LetterAcknowledged(fact) => self.end(fact.letter, LetterState::Acknowledged),
            Event::LetterDeadLettered(fact) => self.end(fact.letter, LetterState::Dead),
            Event::LetterEscalated(fact) => self.end(fact.letter, LetterState::Escalated),
            Event::LetterRepeated(fact) => {
                if let Some(letter) = self.letters.get_mut(&fact.letter) {
                    letter.repeats = fact.number;
                }
            }
            _ => return false,
        }
        true
    }

    fn end(&mut self, letter: LetterId, state: LetterState) {
        self.waiting.remove(&letter);
        if let Some(letter) = self.letters.get_mut(&letter) {
            letter.state = state;
        }
    }
}

const fn minute_of(at: Timestamp) -> i64 {
    at.floor_to(60).micros()
}
