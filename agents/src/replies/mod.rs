//! On what an enrolled person wrote, pressed or did in a ticket, ask for what it means, in that person's name; and tell the person what came of it.

mod asked;
mod cause;

use crate::{
    checkpoint::{self, CannotGoOn},
    diagnosis::RuleBook,
    fact_tail::FactTail,
    insist::{insist, reaction_id, service},
};
use asked::{AskedOf, Meant, Written};
use cause::found_cause;
use millwright_commands::{AcknowledgeAlarm, ApproveAction, Ask, Command, Commands, RecordOutcome, RejectAction, WantEffect};
use millwright_domain::{
    Event,
    case::{Case, Outcome},
    effect::EffectWanted,
    envelope::{Answer as Answered, Recorded},
    ids::{ActorId, CaseId, CauseId, EffectId, derived},
    message::{Answer, Message, MessageReceived, RefersTo},
    ports::{clock::Clock, event_log::EventLog, vault::Vault},
    position::PartitionId,
    sealed::Sealed,
    site::Site,
    ticket::{TicketDeed, TicketTouched},
};
use std::{collections::BTreeSet, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct Replies {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub vault: Arc<dyn Vault>,
    /// What somebody says was repaired is held against the causes that these name.
    pub rules: RuleBook,
    /// Where it keeps how far it has come.
    pub checkpoint: PathBuf,
    /// The house has no other site, so what points at nothing can be about this one.
    pub is_only_site: bool,
}

/// What is to be asked because of somebody's words, or why nothing is.
enum Means {
    Ask(Vec<Command>),
    /// Nothing follows, and the person is told why.
    Unclear(String),
    /// Nothing follows, and nothing was expected to.
    Nothing,
}

impl Replies {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        // Without a place everything is asked for once more, and answered as it was the first time.
        let from: u64 = checkpoint::load(&self.checkpoint)?.unwrap_or(0);
        let mut asked = AskedOf::default();
        let mut tail = FactTail::from_the_start(self.log.clone(), self.partition.clone());
        // As it was right after each fact, so that whoever reads them again understands them the same way.
        let mut site = Site::default();
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            let mut reacted = false;
            for fact in &facts {
                site.evolve_recorded(fact);
                asked.take(&site, fact);
                if fact.seq >= from {
                    reacted |= self.react(&site, &asked, fact, &stop).await;
                }
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            if reacted {
                checkpoint::save(&self.checkpoint, &tail.position())?;
            }
        }
    }

    async fn react(&self, site: &Site, asked: &AskedOf, fact: &Recorded, stop: &CancellationToken) -> bool {
        match &fact.event {
            Event::MessageReceived(received) => {
                let written = Written::new(received, fact);
                let case = asked.case(&written);
                let means = self.meant(site, asked, &written, case);
                let reply = self.ask(fact, &received.by, means, stop).await;
                self.reply(fact, received, case, reply, stop).await;
                true
            }
            Event::TicketTouched(touched) => {
                let (Some(case), Some(by)) = (fact.stream.as_case(), &touched.by) else { return false };
                let Some(outcome) = outcome_of(touched) else { return false };
                // A case that was closed with a click may still be told in words what was done.
                if !matches!(site.case(case), Case::Open(_)) && touched.words.is_none() {
                    return false;
                }
                let record = self.outcome(site, case, outcome, touched.words.as_ref());
                self.ask(fact, by, Means::Ask(vec![record]), stop).await;
                true
            }
            _ => false,
        }
    }

    fn meant(&self, site: &Site, asked: &AskedOf, written: &Written<'_>, case: Option<CaseId>) -> Means {
        let received = written.received;
        let is_vague = !self.is_only_site && received.refers_to == RefersTo::Nothing;
        let via = Some(received.channel);
        match &received.answer {
            Answer::Yes { action: Some(action), binding: Some(binding) } => {
                Means::Ask(vec![ApproveAction { action: *action, binding: binding.clone(), via }.into()])
            }
            Answer::No { action: Some(action) } => Means::Ask(vec![RejectAction { action: *action, note: Some(received.words.clone()) }.into()]),
            Answer::Yes { .. } | Answer::No { .. } | Answer::Ended(_) if is_vague => Means::Unclear(which(&Meant::Several)),
            Answer::Yes { .. } => match asked.question(site, written) {
                Meant::This(action, binding) => Means::Ask(vec![ApproveAction { action, binding, via }.into()]),
                unclear => Means::Unclear(which(&unclear)),
            },
            Answer::No { .. } => match asked.question(site, written) {
                Meant::This(action, _) => Means::Ask(vec![RejectAction { action, note: Some(received.words.clone()) }.into()]),
                unclear => Means::Unclear(which(&unclear)),
            },
            Answer::Ended(outcome) => match case {
                Some(case) => Means::Ask(vec![self.outcome(site, case, *outcome, Some(&received.words))]),
                None => Means::Unclear("It is not plain which case that is about. Answer right under the message of the one you mean.".into()),
            },
            Answer::Seen => match case.and_then(|case| site.case(case).file()) {
                Some(file) => {
                    let alarms = site.alarms.get(&file.asset).into_iter().flatten().filter(|(_, alarm)| !alarm.acknowledged);
                    let seen = |detector: &String| AcknowledgeAlarm { asset: file.asset.clone(), detector: detector.clone() }.into();
                    Means::Ask(alarms.map(|(detector, _)| seen(detector)).collect())
                }
                None => Means::Nothing,
            },
            Answer::Words => Means::Nothing,
        }
    }

    fn outcome(&self, site: &Site, case: CaseId, outcome: Outcome, words: Option<&Sealed>) -> Command {
        let named = site.case(case).file().and_then(|file| file.cause());
        // Words of somebody who was forgotten name nothing; nor do those that cannot be opened, which is for the operator to mend.
        let opened = words.map(|words| self.vault.open(words)).transpose().unwrap_or_else(|error| {
            tracing::error!(%error, %case, "what a person wrote about the end of {case} cannot be opened, so it names no cause");
            None
        });
        let text = opened.flatten().unwrap_or_default();
        let true_cause = if outcome == Outcome::Repaired { found_cause(&text, named, &self.causes()) } else { None };
        RecordOutcome { case, outcome, true_cause, note: words.cloned(), evidence: vec![] }.into()
    }

    fn causes(&self) -> BTreeSet<CauseId> {
        self.rules.in_force().iter().map(|rule| rule.cause.clone()).collect()
    }

    /// Asks in the person's name. What came of it, for the person.
    async fn ask(&self, fact: &Recorded, by: &ActorId, means: Means, stop: &CancellationToken) -> Option<String> {
        let commands = match means {
            Means::Nothing => return None,
            Means::Unclear(why) => return Some(why),
            Means::Ask(commands) => commands,
        };
        let mut said = vec![];
        for (number, command) in (0..).zip(commands) {
            let name = done(&command);
            let ask = Ask::new(by.clone(), command).with_id(reaction_id(fact.id, "reply", number)).because_of(fact.id);
            match insist(&self.commands, &*self.clock, &self.partition, ask, stop).await?.answer {
                Answered::Done { .. } | Answered::AlreadySo => said.push(name.to_string()),
                Answered::Refused { reason, .. } => said.push(format!("Not counted: {reason}.")),
            }
        }
        said.dedup();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// By the way that the person came.
    async fn reply(&self, fact: &Recorded, received: &MessageReceived, case: Option<CaseId>, text: Option<String>, stop: &CancellationToken) {
        let Some(text) = text else { return };
        let effect = EffectId(derived(&fact.id.to_string(), "reply", 0));
        let target = format!("{}:{}", received.channel, received.by);
        let message = Message::plain("Millwright", text);
        let (body, subject) = (message.body_for(&target), message.headline);
        let wanted = EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case, action: None, quotes: vec![] };
        let ask = Ask::new(service("svc-replies"), WantEffect { wanted }).with_id(reaction_id(effect, "want", 0)).because_of(fact.id);
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
    }
}

fn outcome_of(touched: &TicketTouched) -> Option<Outcome> {
    match touched.deed {
        TicketDeed::Commented { means } | TicketDeed::Closed { means } => means,
        TicketDeed::Reopened | TicketDeed::Labelled { .. } => None,
    }
}

fn which(unclear: &Meant) -> String {
    match unclear {
        Meant::Several => "It is not plain which question you mean. Press its button, or answer right under it.".into(),
        Meant::Nothing | Meant::This(..) => "No question waits for your answer.".into(),
    }
}

fn done(command: &Command) -> &'static str {
    match command {
        Command::ApproveAction(_) => "Your yes counts.",
        Command::RejectAction(_) => "Your no counts.",
        Command::RecordOutcome(_) => "Noted; the case is closed.",
        Command::AcknowledgeAlarm(_) => "Noted that you look after it.",
        _ => "Done.",
    }
}
