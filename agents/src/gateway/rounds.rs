//! Signs that asking goes round in circles, by case and task: the same question again, too many of them, the same answer, one phrase over and over. Pure.

use millwright_domain::{
    going_round::LoopSign,
    ids::{ActorId, CaseId},
};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Told the same so often, it is told nothing new.
const SAME_ANSWERS: u32 = 3;
/// Cases that are remembered; of more, the one is forgotten of which nothing was asked for the longest time.
const MOST_CASES: usize = 1_000;
/// A phrase.
const WORDS: usize = 4;
/// In a shorter answer a phrase may well come twice.
const LEAST_PHRASES: usize = 40;
/// Of all phrases of an answer, so many in a hundred are its own at least.
const OWN_PERCENT: usize = 25;

type Likeness = [u8; 32];

/// What is asked about, and for which task if for one: another task may ask the same.
pub type About = (CaseId, Option<String>);

#[derive(Debug, Default)]
pub struct Rounds {
    cases: HashMap<About, Seen>,
    /// Counts what was asked, to tell which case was asked about last.
    turn: u64,
}

#[derive(Debug, Default)]
struct Seen {
    asked: HashSet<(ActorId, Likeness)>,
    /// The last answer to each, and how often it came in a row.
    answers: HashMap<ActorId, (Likeness, u32)>,
    /// Nothing is asked for them about this case any more.
    stopped: HashMap<ActorId, LoopSign>,
    last: u64,
}

impl Rounds {
    /// Whether this may be asked; if so, it counts. `most`: questions about one case, all agents together.
    pub fn asks(&mut self, about: About, agent: &ActorId, question: &str, most: u32) -> Result<(), LoopSign> {
        let seen = self.seen(about);
        if let Some(sign) = seen.stopped.get(agent) {
            return Err(*sign);
        }
        let question = (agent.clone(), likeness(question));
        if seen.asked.contains(&question) {
            return Err(LoopSign::SameQuestion);
        }
        if seen.asked.len() >= most as usize {
            return Err(LoopSign::TooManyQuestions);
        }
        seen.asked.insert(question);
        Ok(())
    }

    /// What was answered, before anybody goes by it.
    pub fn answered(&mut self, about: About, agent: &ActorId, answer: &str) -> Result<(), LoopSign> {
        let seen = self.seen(about);
        let sign = if says_one_phrase(answer) {
            LoopSign::SamePhrase
        } else {
            let (answer, known) = (likeness(answer), seen.answers.entry(agent.clone()).or_insert(([0; 32], 0)));
            *known = (answer, if known.0 == answer { known.1 + 1 } else { 1 });
            if known.1 < SAME_ANSWERS {
                return Ok(());
            }
            LoopSign::SameAnswer
        };
        seen.stopped.insert(agent.clone(), sign);
        Err(sign)
    }

    fn seen(&mut self, about: About) -> &mut Seen {
        if self.cases.len() >= MOST_CASES && !self.cases.contains_key(&about) {
            let oldest = self.cases.iter().min_by_key(|(_, seen)| seen.last).map(|(about, _)| about.clone());
            oldest.map(|about| self.cases.remove(&about));
        }
        self.turn += 1;
        let seen = self.cases.entry(about).or_default();
        seen.last = self.turn;
        seen
    }
}

fn likeness(text: &str) -> Likeness {
    Sha256::digest(text.trim()).into()
}

/// As models do that have lost their way.
fn says_one_phrase(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let phrases = words.windows(WORDS).len();
    if phrases < LEAST_PHRASES {
        return false;
    }
    let own: HashSet<&[&str]> = words.windows(WORDS).collect();
    own.len() * 100 < phrases * OWN_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn case(number: u128) -> About {
        (CaseId(Uuid::from_u128(number)), None)
    }
    fn agent(number: u8) -> ActorId {
        format!("svc-{number}").parse().unwrap()
    }

    #[test]
    fn told_the_same_three_times_in_a_row_an_agent_asks_no_more_about_that_case() {
        let mut rounds = Rounds::default();
        for (number, answer) in ["a", "b", "b", " b "].into_iter().enumerate() {
            assert_eq!(rounds.asks(case(1), &agent(1), &format!("question {number}"), 20), Ok(()));
            let heard = rounds.answered(case(1), &agent(1), answer);
            assert_eq!(heard, if number < 3 { Ok(()) } else { Err(LoopSign::SameAnswer) });
        }
        assert_eq!(rounds.asks(case(1), &agent(1), "something else", 20), Err(LoopSign::SameAnswer));
        assert_eq!(rounds.asks(case(1), &agent(2), "something else", 20), Ok(()), "others go on");
        assert_eq!(rounds.asks(case(2), &agent(1), "something else", 20), Ok(()), "and so does it about another case");
    }

    #[test]
    fn another_task_may_ask_the_same_about_the_same_case() {
        let mut rounds = Rounds::default();
        let about = |task: &str| (case(1).0, Some(task.to_string()));
        assert_eq!(rounds.asks(case(1), &agent(1), "why?", 20), Ok(()));
        assert_eq!(rounds.asks(about("a"), &agent(1), "why?", 20), Ok(()));
        assert_eq!(rounds.asks(about("b"), &agent(1), "why?", 20), Ok(()));
        assert_eq!(rounds.asks(about("b"), &agent(1), "why?", 20), Err(LoopSign::SameQuestion));
    }

    #[test]
    fn an_answer_of_one_phrase_is_none_and_a_long_one_of_many_is() {
        let mut rounds = Rounds::default();
        assert_eq!(rounds.answered(case(1), &agent(1), &" and on".repeat(100)), Err(LoopSign::SamePhrase));
        let report: String = (0..200).map(|number| format!("signal {number} is at {} and well. ", number * 7)).collect();
        assert_eq!(rounds.answered(case(1), &agent(2), &report), Ok(()));
        assert_eq!(rounds.answered(case(1), &agent(3), &"no ".repeat(20)), Ok(()), "short");
    }

    #[test]
    fn of_too_many_cases_the_one_asked_about_longest_ago_is_forgotten() {
        let mut rounds = Rounds::default();
        for number in 0..=MOST_CASES as u128 {
            assert_eq!(rounds.asks(case(number), &agent(1), "why?", 20), Ok(()));
        }
        assert_eq!(rounds.cases.len(), MOST_CASES);
        assert_eq!(rounds.asks(case(5), &agent(1), "why?", 20), Err(LoopSign::SameQuestion));
        assert_eq!(rounds.asks(case(0), &agent(1), "why?", 20), Ok(()));
    }

    proptest! {
        /// Whatever is asked in whatever order, nothing is asked twice or too often, and what is new and within the number is never stopped.
        #[test]
        fn only_circles_are_stopped(asked in proptest::collection::vec((0..3u128, 0..4u8, 0..12u8), 0..200), most in 1..30u32) {
            let mut rounds = Rounds::default();
            let mut went: HashSet<(u128, u8, u8)> = HashSet::new();
            for (about, by, question) in asked {
                let heard = rounds.asks(case(about), &agent(by), &question.to_string(), most);
                let of_case = went.iter().filter(|(case, ..)| *case == about).count();
                let expected = if went.contains(&(about, by, question)) {
                    Err(LoopSign::SameQuestion)
                } else if of_case >= most as usize {
                    Err(LoopSign::TooManyQuestions)
                } else {
                    went.insert((about, by, question));
                    Ok(())
                };
                prop_assert_eq!(heard, expected);
            }
        }

        /// Of answers that each say something of their own, however many, none stops anybody.
        #[test]
        fn answers_that_differ_stop_nobody(words in proptest::collection::vec("[a-z]{3,9}", 1..30), answers in 1..40usize) {
            let mut rounds = Rounds::default();
            for number in 0..answers {
                prop_assert_eq!(rounds.answered(case(1), &agent(1), &format!("{} {number}", words.join(" "))), Ok(()));
            }
        }
    }
}
