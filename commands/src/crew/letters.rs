//! SendLetter, AcknowledgeLetter, ChaseLetter: what the crew writes to each other, and that a person hears of what nobody answers.

use super::mark_task::whom;
use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    stop_loop::stopped,
    telling::{Telling, links},
};
use chrono::TimeDelta;
use millwright_domain::{
    Event,
    agent::Presence,
    case::Severity,
    envelope::StreamId,
    going_round::LoopSign,
    ids::{ActorId, CaseId, LetterId, TaskId},
    letter::{
        Addressee, Letter, LetterAcknowledged, LetterDeadLettered, LetterEscalated, LetterKind, LetterRepeated, LetterSent, LetterState, MOST_HOPS,
        REPEATS, patience,
    },
    message::Message,
    plain,
    priority::Priority,
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of a letter. What is larger is a result, or lies elsewhere.
pub const MOST_LETTER: usize = 16_384;
/// By one, a minute.
const MOST_A_MINUTE: u32 = 120;
/// Of one site, for an acknowledgement.
const MOST_WAITING: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendLetter {
    pub letter: LetterId,
    pub to: Addressee,
    pub kind: LetterKind,
    pub priority: Priority,
    /// By a program.
    #[serde(default)]
    pub body: String,
    /// By a person.
    #[serde(default)]
    pub words: Option<Sealed>,
    #[serde(default)]
    pub case: Option<CaseId>,
    #[serde(default)]
    pub task: Option<TaskId>,
    #[serde(default)]
    pub in_reply_to: Option<LetterId>,
    #[serde(default)]
    pub requires_ack: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcknowledgeLetter {
    pub letter: LetterId,
}

/// Asked by the timekeeper: deliver it again, or give it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChaseLetter {
    pub letter: LetterId,
}

impl SendLetter {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (from, at, post) = (circumstances.by, circumstances.now.wall, &site.crew.post);
        if post.letters.contains_key(&self.letter) {
            return Ok(Decision::AlreadySo);
        }
        self.may_write(site, &circumstances)?;
        let answered = self.in_reply_to.map(|letter| known(site, letter)).transpose()?;
        let hops = answered.map_or(0, |answered| answered.hops + 1);
        if hops > MOST_HOPS {
            return Err(senseless("too_many_hops", format_args!("a letter is answered {MOST_HOPS} times in a row at most; take it to a person")));
        }
        if let Some(letter) = self.in_reply_to.filter(|letter| from.is_service() && post.repeats(from, &self.body, *letter)) {
            return Err(self.goes_round(site, from, letter));
        }
        let waits = self.requires_ack || self.kind.must_be_acknowledged();
        let sent = LetterSent {
            letter: self.letter,
            from: from.clone(),
            to: self.to.clone(),
            kind: self.kind,
            priority: self.priority,
            body: if from.is_service() { plain::verbatim(&self.body) } else { String::new() },
            words: self.words.clone().filter(|_| !from.is_service()),
            case: self.case,
            task: self.task,
            in_reply_to: self.in_reply_to,
            hops,
            at,
            ack_by: waits.then(|| at + patience(self.kind, self.priority)),
        };
        let mut facts = vec![(StreamId::letter(self.letter), sent.into())];
        // Whoever answers has read what she answers.
        if let (Some(letter), Some(answered)) = (self.in_reply_to, answered)
            && is_open(answered)
            && is_for(site, answered, from)
        {
            facts.push((StreamId::letter(letter), LetterAcknowledged { letter, by: from.clone() }.into()));
        }
        Ok(Decision::Facts { facts, subject: Some(self.letter.to_string()) })
    }

    /// Nothing new is said any more: the exchange ends here, and the first time that is a fact.
    fn goes_round(&self, site: &Site, from: &ActorId, answered: LetterId) -> Refused {
        let said = format!("in reply to letter {answered} it wrote what it had written in that exchange before");
        let facts = stopped(site, from, self.case, LoopSign::SameLetter, &said);
        let no = senseless("nothing_new", "you have written that in this exchange before; say something new, or take it to a person");
        Refused { facts, ..no }
    }

    fn may_write(&self, site: &Site, circumstances: &Circumstances<'_>) -> Result<(), Refused> {
        let (from, post) = (circumstances.by, &site.crew.post);
        if from.is_service() && !is_up(site, from) {
            return Err(senseless("not_joined", "only who is on the crew writes letters; join first, with `joinCrew`"));
        }
        let fits = if from.is_service() { (1..=MOST_LETTER).contains(&self.body.trim().len()) } else { self.words.is_some() };
        if !fits {
            return Err(senseless("bad_letter", format_args!("a letter is a text of 1 to {MOST_LETTER} bytes")));
        }
        if !site.crew.agents.iter().any(|(name, agent)| name != from && is_addressed(&self.to, name, &agent.role) && is_up(site, name)) {
            return Err(senseless("nobody_there", format_args!("nobody on the crew is {}; look at `agents`, or write to a person", self.to)));
        }
        if self.case.is_some_and(|case| site.case(case).file().is_none()) || self.task.is_some_and(|task| !site.crew.tasks.contains_key(&task)) {
            return Err(senseless("bad_letter", "this site has no such case or task"));
        }
        if post.written_lately(from, circumstances.now.wall) >= MOST_A_MINUTE || post.waiting.len() >= MOST_WAITING {
            let why = format!("one writes at most {MOST_A_MINUTE} letters a minute, and at most {MOST_WAITING} wait for an answer; wait a minute");
            return Err(senseless("too_many_letters", why));
        }
        Ok(())
    }
}

impl AcknowledgeLetter {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (letter, by) = (known(site, self.letter)?, circumstances.by);
        if !is_open(letter) {
            return Ok(Decision::AlreadySo);
        }
        if by.is_service() && !is_for(site, letter, by) {
            return Err(senseless("not_yours", format_args!("the letter is for {}", letter.to)));
        }
        if by.is_service() && letter.kind == LetterKind::AuditRequest {
            return Err(senseless("answer_wanted", "an audit request is answered by a letter in reply to it"));
        }
        let acknowledged = LetterAcknowledged { letter: self.letter, by: by.clone() };
        Ok(Decision::one(StreamId::letter(self.letter), acknowledged).about(self.letter))
    }
}

impl ChaseLetter {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (id, letter) = (self.letter, known(site, self.letter)?);
        let Some(due) = letter.next_due() else { return Ok(Decision::AlreadySo) };
        if circumstances.now.wall < due {
            return Err(senseless("not_yet", format_args!("that is due at {due}")));
        }
        let is_late = letter.ack_by.is_some_and(|until| until <= circumstances.now.wall);
        let facts: Vec<Event> = if letter.repeats < REPEATS && !is_late {
            vec![LetterRepeated { letter: id, number: letter.repeats + 1 }.into()]
        } else if letter.cannot_wait() {
            vec![LetterEscalated { letter: id, to: whom(site).to_string() }.into()]
        } else {
            vec![LetterDeadLettered { letter: id }.into()]
        };
        let escalates = matches!(facts.as_slice(), [Event::LetterEscalated(_)]) && site.is_live();
        let mut facts: Vec<_> = facts.into_iter().map(|fact| (StreamId::letter(id), fact)).collect();
        if escalates {
            facts.extend(told(site, id, letter, circumstances.now.wall.since(letter.at)).wanted(site));
        }
        Ok(Decision::Facts { facts, subject: Some(id.to_string()) })
    }
}

fn known(site: &Site, letter: LetterId) -> Result<&Letter, Refused> {
    site.crew.post.letters.get(&letter).ok_or_else(|| senseless("unknown_letter", format_args!("nobody of this site's crew wrote {letter}")))
}

/// Somebody is still to say that it was read.
fn is_open(letter: &Letter) -> bool {
    matches!(letter.state, LetterState::Waiting | LetterState::Dead | LetterState::Escalated)
}

fn is_up(site: &Site, agent: &ActorId) -> bool {
    site.crew.agents.get(agent).is_some_and(|agent| matches!(agent.presence, Presence::Up | Presence::Draining))
}

fn is_addressed(to: &Addressee, agent: &ActorId, role: &millwright_domain::ids::CrewRole) -> bool {
    match to {
        Addressee::Agent(one) => one == agent,
        Addressee::Role(one) => one == role,
        Addressee::Everyone => true,
    }
}

fn is_for(site: &Site, letter: &Letter, agent: &ActorId) -> bool {
    let known = site.crew.agents.get(agent);
    letter.from != *agent && known.is_some_and(|known| is_addressed(&letter.to, agent, &known.role))
}

fn told<'a>(site: &'a Site, id: LetterId, letter: &Letter, waited: TimeDelta) -> Telling<'a> {
    let (kind, minutes) = (letter.kind.as_str(), waited.num_minutes());
    let headline = format!("{} wrote an {kind} to {}, and nobody answered", letter.from, letter.to).replace("an task", "a task");
    let said = if letter.line.is_empty() { String::new() } else { format!("It says, not checked: {}\n", letter.line) };
    let text = format!("{said}It has waited for {minutes} minutes. Look after it and acknowledge it on the page.\nLetter {id}");
    let links = letter.case.map(|case| links(site, case)).unwrap_or_default();
    let message = Message { severity: Some(Severity::High), links, ..Message::plain(headline, text) };
    Telling { to: whom(site), message, because: id.to_string(), reason: "letter_escalated", case: letter.case, action: None }
}
