//! One attempt at one deployment: held, dispatched, asked, settled. Whichever way it ends, also by its asker going away, the budget hears of it.

use super::{
    Deployed, Gateway,
    board::Begun,
    breaker::Sign,
    observer::{Answered, Failed, Observer, Spoken},
    purse::{Denied, Purse, Wish},
    question::Question,
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{ReservationId, derived},
    model_call::{Answer, Billed, CallFailed, Considered, NanoDollars, PriceVersion, Source, Spent, Usage},
    ports::language_model::Tell,
};
use std::{sync::Arc, time::Duration};

/// A hold outlives its attempt by so much, so that a slow settlement is not overtaken.
const GRACE: TimeDelta = TimeDelta::seconds(60);
/// A count that a provider gives is its estimate; it may bill a little more.
const COUNTED_MORE: u64 = 32;

pub(super) enum Attempted {
    Answered(Box<Answer>, NanoDollars),
    Denied(Denied),
    /// Another call was quicker with the probe.
    NotBegun,
    Failed(CallFailed, NanoDollars),
}

/// What belongs to one attempt.
pub(super) struct Attempt<'a> {
    pub gateway: &'a Gateway,
    pub question: &'a Question,
    pub deployed: &'a Deployed,
    /// The decision that led to it.
    pub considered: Vec<Considered>,
    pub price: &'a PriceVersion,
    pub number: u32,
    pub until: Timestamp,
}

impl Attempt<'_> {
    pub async fn run(&self, tell: Option<Tell<'_>>) -> Attempted {
        let (clock, name) = (&self.gateway.clock, &self.deployed.deployment.name);
        let begun_at = clock.now().wall;
        let Some(begun) = self.gateway.board.begins(name, begun_at) else { return Attempted::NotBegun };
        let input = self.input().await;
        let wish = self.wish(input);
        if let Err(denied) = self.gateway.purse.reserve(&wish).await {
            self.tell_denied(&denied).await;
            return Attempted::Denied(denied);
        }
        let mut held = Held::of(self.gateway.purse.clone(), &wish, self.most(input));
        if let Err(denied) = self.gateway.purse.dispatched(wish.reservation).await {
            held.release().await;
            self.tell_denied(&denied).await;
            return Attempted::Denied(denied);
        }
        held.leaves(self.gateway.observer.clone(), self.abandoned());
        let outcome = self.ask(tell).await;
        self.ended(outcome, held, begun, begun_at, input).await
    }

    /// Counted by the provider where that is wanted and works, else bounded.
    async fn input(&self) -> u64 {
        let bound = self.question.prompt.input_bound();
        if !self.deployed.deployment.counts_first {
            return bound;
        }
        let counted = tokio::select! {
            counted = self.deployed.model.count(&self.question.prompt, self.rest()) => counted,
            () = self.gateway.clock.wall_reaches(self.until) => None,
        };
        counted.map_or(bound, |counted| (counted + counted / 50 + COUNTED_MORE).min(bound))
    }

    fn rest(&self) -> Duration {
        self.until.since(self.gateway.clock.now().wall).to_std().unwrap_or_default()
    }

    fn most(&self, input: u64) -> Usage {
        Usage { input, output: self.question.prompt.max_output().into(), ..Usage::default() }
    }

    fn wish(&self, input: u64) -> Wish {
        let (question, deployment, most) = (self.question, &self.deployed.deployment, self.most(input));
        Wish {
            reservation: ReservationId(derived(&question.call.to_string(), "model-call", self.number)),
            agent: question.agent.clone(),
            site: question.site.clone(),
            case: question.case,
            task: question.task.clone(),
            deployment: deployment.name.clone(),
            provider: deployment.provider.clone(),
            tokens: most.total(),
            cost: self.price.price.most(most.input, most.output),
            price: self.price.name.clone(),
            is_critical: question.is_critical,
            expires_at: self.until + GRACE,
        }
    }

    /// Raced against the deadline on our clock; what was heard until then counts.
    async fn ask(&self, tell: Option<Tell<'_>>) -> Result<Answer, CallFailed> {
        let (model, prompt, rest) = (&self.deployed.model, &self.question.prompt, self.rest());
        let deadline = self.gateway.clock.wall_reaches(self.until);
        let mut heard = 0u64;
        let answered = match tell {
            None => tokio::select! {
                answered = model.complete(prompt, rest) => Some(answered),
                () = deadline => None,
            },
            Some(tell) => {
                let mut telling = |text: &str| {
                    heard += text.len() as u64;
                    tell(text);
                };
                tokio::select! {
                    answered = model.stream(prompt, rest, &mut telling) => Some(answered),
                    () = deadline => None,
                }
            }
        };
        let said = || format!("{} did not answer in time", self.deployed.deployment.name);
        answered.unwrap_or_else(|| Err(CallFailed::TimedOut { said: said(), heard }))
    }

    async fn ended(&self, outcome: Result<Answer, CallFailed>, mut held: Held, begun: Begun, begun_at: Timestamp, input: u64) -> Attempted {
        let now = self.gateway.clock.now().wall;
        let took = now.since(begun_at);
        match outcome {
            Ok(answer) => {
                begun.ended(Sign::Well, took, now);
                let cost = self.price.price.cost(&answer.spent.usage);
                held.settle(&answer.spent, cost).await;
                self.tell_answered(&answer, cost, took).await;
                self.tell_spoken(Ok(&answer)).await;
                Attempted::Answered(Box::new(answer), cost)
            }
            Err(failed) => {
                begun.ended(Sign::of(&failed), took, now);
                let spent = self.counts(&failed, input);
                let cost = spent.map_or(NanoDollars(0), |spent| self.price.price.cost(&spent.usage));
                match &spent {
                    Some(spent) => held.settle(spent, cost).await,
                    None => held.release().await,
                }
                self.tell_failed(failed.kind(), failed.to_string(), spent, cost, took).await;
                if !matches!(failed, CallFailed::NotSent(_)) {
                    self.tell_spoken(Err(&failed)).await;
                }
                Attempted::Failed(failed, cost)
            }
        }
    }

    /// What a call that failed counts for: nothing if nothing was counted, what was told, what must have been used, or all that was held.
    fn counts(&self, failed: &CallFailed, input: u64) -> Option<Spent> {
        let most = self.most(input);
        match failed.billed() {
            Billed::No => None,
            Billed::Told(usage) => Some(Spent::told(usage)),
            // A token is a byte at least. What was thought and not said is not known, so this is no less than the truth for models that do not.
            Billed::AtLeast(bytes) => Some(Spent { usage: Usage { output: bytes.min(most.output), ..most }, source: Source::Estimated }),
            Billed::Unknown => Some(Spent { usage: most, source: Source::Reserved }),
        }
    }

    async fn tell_answered(&self, answer: &Answer, cost: NanoDollars, took: TimeDelta) {
        let answered = Answered {
            call: self.question.call,
            agent: self.question.agent.clone(),
            case: self.question.case,
            attempt: self.number,
            considered: self.considered.clone(),
            deployment: self.deployed.deployment.name.clone(),
            model: answer.model.clone(),
            spent: answer.spent,
            cost,
            price: self.price.name.clone(),
            took,
        };
        self.gateway.observer.answered(&answered).await;
    }

    async fn tell_spoken(&self, said: Result<&Answer, &CallFailed>) {
        let deployment = &self.deployed.deployment.name;
        self.gateway.observer.spoken(&Spoken { question: self.question, attempt: self.number, deployment, said }).await;
    }

    async fn tell_denied(&self, denied: &Denied) {
        let kind = if matches!(denied, Denied::OverBudget { .. } | Denied::Refused(_)) { "over_budget" } else { "no_budget" };
        self.tell_failed(kind, denied.to_string(), None, NanoDollars(0), TimeDelta::zero()).await;
    }

    async fn tell_failed(&self, kind: &'static str, said: String, spent: Option<Spent>, cost: NanoDollars, took: TimeDelta) {
        self.gateway.observer.failed(&Failed { spent, cost, took, ..self.failure(kind, said) }).await;
    }

    fn abandoned(&self) -> Failed {
        self.failure("abandoned", "whoever asked went away before there was an answer".into())
    }

    fn failure(&self, kind: &'static str, said: String) -> Failed {
        Failed {
            call: self.question.call,
            agent: self.question.agent.clone(),
            case: self.question.case,
            attempt: self.number,
            considered: self.considered.clone(),
            deployment: self.deployed.deployment.name.clone(),
            kind,
            said,
            spent: None,
            cost: NanoDollars(0),
            took: TimeDelta::zero(),
        }
    }
}

/// A hold until it is settled or released. Dropped before, the budget is told without waiting.
struct Held {
    purse: Arc<dyn Purse>,
    reservation: ReservationId,
    most: Usage,
    cost: NanoDollars,
    /// From when it has left: whom to tell what if nobody waits for it any more.
    left: Option<(Arc<dyn Observer>, Failed)>,
    is_over: bool,
    /// What the budget could not be told.
    known: Option<(Option<Spent>, NanoDollars)>,
}

impl Held {
    fn of(purse: Arc<dyn Purse>, wish: &Wish, most: Usage) -> Self {
        Self { purse, reservation: wish.reservation, most, cost: wish.cost, left: None, is_over: false, known: None }
    }

    fn leaves(&mut self, observer: Arc<dyn Observer>, abandoned: Failed) {
        self.left = Some((observer, abandoned));
    }

    async fn settle(&mut self, spent: &Spent, cost: NanoDollars) {
        match self.purse.settle(self.reservation, spent, cost).await {
            Ok(()) => self.is_over = true,
            // Told once more on the way out, without waiting; after that only the hold's end can tell.
            Err(error) => {
                tracing::error!(reservation = %self.reservation, %error, "a model call could not be settled; if it stays so, its hold counts in full");
                self.known = Some((Some(*spent), cost));
            }
        }
    }
    async fn release(&mut self) {
        match self.purse.release(self.reservation).await {
            Ok(()) => self.is_over = true,
            Err(error) => {
                tracing::error!(reservation = %self.reservation, %error, "a model call's hold could not be released; if it stays so, it counts in full");
                self.known = Some((None, NanoDollars(0)));
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        if let Some((spent, cost)) = self.known.take() {
            return self.purse.abandoned(self.reservation, spent, cost);
        }
        let spent = self.left.is_some().then_some(Spent { usage: self.most, source: Source::Reserved });
        self.purse.abandoned(self.reservation, spent, self.cost);
        if let Some((observer, abandoned)) = self.left.take() {
            observer.abandoned(Failed { spent, cost: self.cost, ..abandoned });
        }
    }
}
