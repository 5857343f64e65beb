//! What each person was told and asked, and has heard of, so that a bare "yes" or "fixed bearing" means something. Folded from the facts. Pure.

use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::Action,
    effect::EffectWanted,
    envelope::Recorded,
    ids::{ActionId, ActorId, CaseId, EffectId},
    message::{Answer, Message, MessageReceived, RefersTo},
    site::Site,
};
use std::collections::HashMap;

/// Channels tell whole seconds, and no two clocks are quite the same.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(2);

/// An answer, and when it was written as far as anybody knows.
pub(super) struct Written<'a> {
    pub received: &'a MessageReceived,
    at: Timestamp,
}

impl<'a> Written<'a> {
    pub fn new(received: &'a MessageReceived, fact: &Recorded) -> Self {
        Self { received, at: received.written_at.unwrap_or(fact.recorded_at) + CLOCKS_DIFFER }
    }
}

/// A message on its way: nobody answers what has not arrived.
struct OnItsWay {
    person: ActorId,
    channel: String,
    case: Option<CaseId>,
    question: Option<(ActionId, String)>,
    /// An answer to an answer is about whatever that was about.
    is_reply: bool,
}

struct Question {
    action: ActionId,
    /// The beginning that was shown; empty where a yes is for the page, and where nobody knows whether it was shown at all.
    binding: String,
    effect: EffectId,
    channel: String,
    arrived_at: Timestamp,
}

#[derive(Default)]
pub(super) struct AskedOf {
    on_its_way: HashMap<EffectId, OnItsWay>,
    /// By channel: the case that a person heard of last, or that it was none or several.
    last: HashMap<(ActorId, String), (Option<CaseId>, Timestamp)>,
    questions: HashMap<ActorId, Vec<Question>>,
}

/// What a bare yes or no is an answer to.
#[derive(Debug, PartialEq)]
pub(super) enum Meant {
    This(ActionId, String),
    Nothing,
    /// Several wait, and none is named.
    Several,
}

impl AskedOf {
    pub fn take(&mut self, site: &Site, fact: &Recorded) {
        match &fact.event {
            Event::EffectWanted(wanted) => self.wanted(fact, wanted),
            Event::EffectDone(done) => self.arrived(site, done.effect, fact.recorded_at, true),
            Event::MessageUnknown(unknown) => self.arrived(site, unknown.effect, fact.recorded_at, false),
            Event::EffectFailed(failed) if failed.final_ => drop(self.on_its_way.remove(&failed.effect)),
            Event::EffectDropped(dropped) => drop(self.on_its_way.remove(&dropped.effect)),
            _ => {}
        }
    }

    fn wanted(&mut self, fact: &Recorded, wanted: &EffectWanted) {
        let (channel, name) = wanted.adapter_and_recipient();
        let Ok(person) = name.parse::<ActorId>() else { return };
        let buttons = Message::of_body(&wanted.body).map(|message| message.buttons).unwrap_or_default();
        let question = buttons.iter().find_map(|button| match Answer::of_button(&button.id)? {
            Answer::Yes { action: Some(action), binding: Some(binding) } => Some((action, binding)),
            // What takes the page first has no button for yes.
            Answer::No { action: Some(action) } => Some((action, String::new())),
            _ => None,
        });
        let is_reply = matches!(fact.actor.as_str(), "svc-replies" | "svc-door");
        let message = OnItsWay { person, channel: channel.to_string(), case: wanted.case, question, is_reply };
        self.on_its_way.insert(wanted.effect, message);
    }

    fn arrived(&mut self, site: &Site, effect: EffectId, at: Timestamp, surely: bool) {
        let Some(OnItsWay { person, channel, case, question, is_reply }) = self.on_its_way.remove(&effect) else { return };
        if !is_reply {
            self.last.insert((person.clone(), channel.clone()), (case, at));
        }
        let Some((action, binding)) = question else { return };
        let questions = self.questions.entry(person).or_default();
        questions.retain(|known| known.action != action && waits(site, known.action));
        let binding = if surely { binding } else { String::new() };
        questions.push(Question { action, binding, effect, channel, arrived_at: at });
    }

    /// The case that it is about: of the message that it answers; else the one that the person had heard of last when she wrote.
    pub fn case(&self, written: &Written<'_>) -> Option<CaseId> {
        let received = written.received;
        if received.refers_to != RefersTo::Nothing || names_an_action(&received.answer) {
            return received.case;
        }
        let (case, arrived_at) = self.last.get(&(received.by.clone(), received.channel.to_string()))?;
        case.filter(|_| *arrived_at <= written.at)
    }

    /// The one question that still waits: of the message that it answers, of that message's case, or the only one to the person by that channel.
    pub fn question(&self, site: &Site, written: &Written<'_>) -> Meant {
        let received = written.received;
        let channel = received.channel.as_str();
        let to_her = self.questions.get(&received.by).into_iter().flatten();
        let waiting = to_her.filter(|question| question.channel == channel && question.arrived_at <= written.at && waits(site, question.action));
        let meant: Vec<&Question> = match received.refers_to {
            RefersTo::Nothing => waiting.collect(),
            RefersTo::Unknown => return Meant::Nothing,
            RefersTo::Message(effect) => {
                let of_case = |question: &&Question| received.case.is_some() && site.case_of_action.get(&question.action).copied() == received.case;
                let (this, others): (Vec<_>, Vec<_>) = waiting.filter(of_case).partition(|question| question.effect == effect);
                if this.is_empty() { others } else { this }
            }
        };
        match &meant[..] {
            [one] => Meant::This(one.action, one.binding.clone()),
            [] => Meant::Nothing,
            _ => Meant::Several,
        }
    }
}

fn names_an_action(answer: &Answer) -> bool {
    matches!(answer, Answer::Yes { action: Some(_), .. } | Answer::No { action: Some(_) })
}

fn waits(site: &Site, action: ActionId) -> bool {
    let of = site.case_of_action.get(&action).copied();
    let known = of.and_then(|case| site.case(case).open_file()?.actions.get(&action));
    matches!(known, Some(Action::AwaitingApproval { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use millwright_domain::{
        approval::Asked,
        case::{ActionProposed, ActionRejected, AlertRaised, Severity},
        effect::{EffectDone, EffectFailed},
        envelope::StreamId,
        ids::derived,
        message::{Channel, MessageUnknown, buttons},
        sealed::Sealed,
    };

    struct Scene {
        site: Site,
        asked: AskedOf,
        now: Timestamp,
    }

    fn case(number: u32) -> CaseId {
        CaseId(derived("replies", "case", number))
    }
    fn action(number: u32) -> ActionId {
        ActionId(derived("replies", "action", number))
    }
    fn effect(number: u32) -> EffectId {
        EffectId(derived("replies", "effect", number))
    }

    impl Scene {
        fn begin() -> Self {
            Self { site: Site::default(), asked: AskedOf::default(), now: "2026-02-01T12:00:00Z".parse().unwrap() }
        }
        fn recorded(&self, stream: StreamId, event: impl Into<Event>) -> Recorded {
            Recorded { actor: "svc-messages".parse().unwrap(), ..testing::recorded(0, self.now, stream, event) }
        }
        fn fact(&mut self, stream: StreamId, event: impl Into<Event>) {
            let fact = self.recorded(stream, event);
            self.site.evolve_recorded(&fact);
            self.asked.take(&self.site, &fact);
            self.now = self.now + TimeDelta::seconds(10);
        }
        fn wanted(&mut self, number: u32, target: &str, case: Option<CaseId>, message: &Message) {
            let (body, subject) = (message.body_for(target), message.headline.clone());
            let (effect, idempotency_key, target) = (effect(number), number.to_string(), target.to_string());
            self.fact(StreamId::effect(effect), EffectWanted { effect, idempotency_key, target, subject, body, case, action: None, quotes: vec![] });
        }
        fn done(&mut self, number: u32) {
            let done = EffectDone { effect: effect(number), attempt: 1, receipt: String::new() };
            self.fact(StreamId::effect(effect(number)), done);
        }
        /// A case of a machine of its own, and a question about it that is wanted for Ann.
        fn asks(&mut self, number: u32, target: &str) {
            let asset = format!("pump-{number}").parse().unwrap();
            let alert = AlertRaised::new(asset, "drift", Severity::High);
            self.fact(StreamId::case(case(number)), alert);
            let proposal = testing::slow_down(action(number), &format!("pump-{number}/speed"), self.now);
            let question = Message { buttons: buttons(&proposal, &Asked::default()), ..Message::plain("slow_down?", "") };
            self.fact(StreamId::case(case(number)), ActionProposed { binding: proposal.binding(), proposal });
            self.wanted(number, target, Some(case(number)), &question);
        }
        fn says(&self, refers_to: RefersTo, case: Option<CaseId>, written_at: Option<Timestamp>) -> MessageReceived {
            let words = Sealed { subject: "ann".parse().unwrap(), nonce: String::new(), text: String::new() };
            let (by, answer) = ("ann".parse().unwrap(), Answer::Yes { action: None, binding: None });
            MessageReceived { channel: Channel::Whatsapp, delivery: "1".into(), by, answer, words, case, refers_to, written_at }
        }
        fn meant(&self, received: &MessageReceived) -> Option<ActionId> {
            let fact = self.recorded(StreamId::partition(), received.clone());
            match self.asked.question(&self.site, &Written::new(received, &fact)) {
                Meant::This(action, binding) if !binding.is_empty() => Some(action),
                _ => None,
            }
        }
        fn bare(&self) -> Option<ActionId> {
            self.meant(&self.says(RefersTo::Nothing, None, None))
        }
        fn case_of(&self, received: &MessageReceived) -> Option<CaseId> {
            let fact = self.recorded(StreamId::partition(), received.clone());
            self.asked.case(&Written::new(received, &fact))
        }
    }

    #[test]
    fn a_bare_yes_is_to_the_only_question_that_arrived_and_still_waits() {
        let mut scene = Scene::begin();
        scene.asks(1, "whatsapp:ann");
        assert_eq!(scene.bare(), None, "it is on its way");
        scene.done(1);
        assert_eq!(scene.bare(), Some(action(1)));
        scene.asks(2, "whatsapp:ann");
        assert_eq!(scene.bare(), Some(action(1)), "she has not seen the other");
        scene.done(2);
        assert_eq!(scene.bare(), None, "several wait");
        scene.fact(StreamId::case(case(1)), ActionRejected { action: action(1), by: "bob".parse().unwrap(), note: None });
        assert_eq!(scene.bare(), Some(action(2)));
    }

    #[test]
    fn what_did_not_surely_arrive_or_came_another_way_is_answered_by_its_button_alone() {
        let mut scene = Scene::begin();
        scene.asks(1, "telegram:ann");
        scene.done(1);
        assert_eq!(scene.bare(), None, "it came by Telegram");
        scene.asks(2, "whatsapp:ann");
        scene.fact(StreamId::effect(effect(2)), MessageUnknown { effect: effect(2), attempt: 1, reason: String::new() });
        assert_eq!(scene.bare(), None);
        scene.asks(3, "whatsapp:ann");
        scene.fact(StreamId::effect(effect(3)), EffectFailed { effect: effect(3), attempt: 1, reason: String::new(), final_: true, retry_at: None });
        assert_eq!(scene.bare(), None);
    }

    #[test]
    fn a_yes_under_a_message_is_to_that_messages_case_and_to_no_other() {
        let mut scene = Scene::begin();
        scene.wanted(9, "whatsapp:ann", None, &Message::plain("A part does not work", ""));
        scene.done(9);
        for number in [1, 2] {
            scene.asks(number, "whatsapp:ann");
            scene.done(number);
        }
        let under = |number| RefersTo::Message(effect(number));
        assert_eq!(scene.meant(&scene.says(under(1), Some(case(1)), None)), Some(action(1)));
        assert_eq!(scene.meant(&scene.says(under(7), Some(case(2)), None)), Some(action(2)), "an earlier message of the case");
        assert_eq!(scene.meant(&scene.says(under(9), None, None)), None);
        assert_eq!(scene.case_of(&scene.says(under(9), None, None)), None);
        scene.fact(StreamId::case(case(1)), ActionRejected { action: action(1), by: "bob".parse().unwrap(), note: None });
        assert_eq!(scene.meant(&scene.says(under(1), Some(case(1)), None)), None, "the only one that waits is of another case");
    }

    #[test]
    fn what_was_written_before_the_question_arrived_is_no_answer_to_it() {
        let mut scene = Scene::begin();
        let yesterday = scene.now - TimeDelta::days(1);
        scene.asks(1, "whatsapp:ann");
        scene.done(1);
        assert_eq!(scene.meant(&scene.says(RefersTo::Nothing, None, Some(yesterday))), None);
        assert_eq!(scene.case_of(&scene.says(RefersTo::Nothing, None, Some(yesterday))), None);
        assert_eq!(scene.meant(&scene.says(RefersTo::Nothing, None, Some(scene.now))), Some(action(1)));
        assert_eq!(scene.case_of(&scene.says(RefersTo::Nothing, None, None)), Some(case(1)));
        scene.wanted(9, "whatsapp:ann", None, &Message::plain("5 messages about 3 cases", ""));
        scene.done(9);
        assert_eq!(scene.case_of(&scene.says(RefersTo::Nothing, None, None)), None, "the last that she heard was about several");
    }
}
