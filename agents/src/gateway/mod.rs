//! The one way to language models: who may answer, is there money for it, one deadline and one number of attempts for the whole of a question.
//!
//! Nothing below it tries again by itself. Where no model answers, the built-in one says what the rules say, if the asker gave it words.

mod attempt;
mod board;
pub mod breaker;
pub mod compare;
pub mod judge;
pub mod observer;
pub mod pocket;
pub mod purse;
pub mod question;
mod rounds;
pub mod route;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use attempt::{Attempt, Attempted};
use board::Board;
use breaker::BreakerRules;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    going_round::LoopSign,
    ids::DeploymentName,
    model_call::{CallFailed, Considered, Deployment, NanoDollars, PriceList, PriceVersion},
    ports::{
        clock::Clock,
        language_model::{LanguageModel, Tell},
    },
};
use observer::{Answered, Observer, Routed, WentRound};
use purse::Purse;
use question::{Given, Question, Unanswered};
use rounds::{About, Rounds};
use route::{Candidate, Demand, Standing, chosen, route};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Before the same deployment is asked again; twice as long each time.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(250);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayRules {
    /// Requests for one question, over all deployments.
    pub attempts: u32,
    /// For one question that does not say.
    pub within: TimeDelta,
    pub breaker: BreakerRules,
    /// All agents together; a case that needs more goes round in circles.
    pub questions_a_case: u32,
}

impl Default for GatewayRules {
    fn default() -> Self {
        Self { attempts: 3, within: TimeDelta::seconds(60), breaker: BreakerRules::default(), questions_a_case: 20 }
    }
}

pub struct Deployed {
    pub deployment: Deployment,
    pub model: Arc<dyn LanguageModel>,
}

pub struct Gateway {
    rules: GatewayRules,
    deployed: Vec<Deployed>,
    prices: PriceList,
    /// The built-in one.
    plain: Arc<dyn LanguageModel>,
    purse: Arc<dyn Purse>,
    observer: Arc<dyn Observer>,
    clock: Arc<dyn Clock>,
    board: Board,
    rounds: Mutex<Rounds>,
}

/// Whom the gateway works with.
pub struct Around {
    pub plain: Arc<dyn LanguageModel>,
    pub purse: Arc<dyn Purse>,
    pub observer: Arc<dyn Observer>,
    pub clock: Arc<dyn Clock>,
}

impl Gateway {
    pub fn new(rules: GatewayRules, deployed: Vec<Deployed>, prices: PriceList, around: Around) -> Self {
        let Around { plain, purse, observer, clock } = around;
        Self { rules, deployed, prices, plain, purse, observer, clock, board: Board::new(rules.breaker), rounds: Mutex::default() }
    }

    pub fn deployments(&self) -> impl Iterator<Item = &Deployment> + Clone {
        self.deployed.iter().map(|deployed| &deployed.deployment)
    }
    /// How a deployment stands now, and how long it has taken lately.
    pub fn health(&self, deployment: &DeploymentName) -> (Standing, Option<TimeDelta>) {
        (self.board.standing(deployment, self.clock.now().wall), self.board.latency(deployment))
    }

    /// The price in force.
    pub fn price(&self, deployment: &DeploymentName) -> Option<&PriceVersion> {
        self.prices.at(deployment, self.clock.now().wall)
    }

    /// Dropping the future ends the request and tells the budget.
    pub async fn ask(&self, question: &Question) -> Result<Given, Unanswered> {
        self.ask_telling(question, None).await
    }

    /// The same, telling the answer as it comes. Once something was told of an answer that then failed, no other model takes over: its words
    /// would not go on where those ended.
    pub async fn ask_telling(&self, question: &Question, mut tell: Option<Tell<'_>>) -> Result<Given, Unanswered> {
        let deadline = self.clock.now().wall + question.within.unwrap_or(self.rules.within);
        if let Some(why) = self
            .goes_round(question, |rounds, about| rounds.asks(about, &question.agent, &question.prompt.likeness(), self.rules.questions_a_case))
            .await
        {
            return self.plainly(question, Course::default(), why, tell).await;
        }
        let mut course = Course::default();
        while course.requests < self.rules.attempts && !course.is_told {
            let Some((deployed, considered)) = self.next(question, &mut course, deadline).await else { break };
            let now = self.clock.now().wall;
            let Some(price) = self.prices.at(&deployed.deployment.name, now) else { break };
            course.attempts += 1;
            let until = now + deadline.since(now) / i32::try_from(self.rules.attempts - course.requests).unwrap_or(1);
            let attempt = Attempt { gateway: self, question, deployed, considered, price, number: course.attempts, until };
            let attempted = match tell.as_deref_mut() {
                None => attempt.run(None).await,
                Some(tell) => {
                    let mut telling = |text: &str| {
                        course.is_told = true;
                        tell(text);
                    };
                    attempt.run(Some(&mut telling)).await
                }
            };
            match attempted {
                Attempted::Answered(answer, cost) => {
                    let (cost, attempts, deployment) = (course.cost + cost, course.requests + 1, deployed.deployment.name.clone());
                    if let Some(why) = self.goes_round(question, |rounds, about| rounds.answered(about, &question.agent, &answer.said.text)).await {
                        (course.cost, course.requests) = (cost, attempts);
                        return self.plainly(question, course, why, tell).await;
                    }
                    return Ok(Given { answer: *answer, deployment, cost, attempts, plainly: None });
                }
                other => course.went_wrong(other, &deployed.deployment.name),
            }
        }
        let why = course.why.clone().unwrap_or(Unanswered::TooLate);
        self.plainly(question, course, why, tell).await
    }

    /// Why the question or its answer leads nowhere, if it does. What is about no case is not looked at.
    async fn goes_round(&self, question: &Question, look: impl FnOnce(&mut Rounds, About) -> Result<(), LoopSign>) -> Option<Unanswered> {
        let case = question.case?;
        let about = (case, question.task.clone());
        let sign = look(&mut self.rounds.lock().unwrap_or_else(PoisonError::into_inner), about).err()?;
        let said = format!("{} is not asked for {} about this case", if sign.is_of_answer() { "no model" } else { "this" }, question.agent);
        self.observer.went_round(&WentRound { agent: question.agent.clone(), case, sign, said }).await;
        Some(Unanswered::WentRound(sign))
    }

    /// The best that has not been tried; else, after a wait, the best that may go better the second time. `None` when there is nothing to
    /// try in the time that is left.
    async fn next(&self, question: &Question, course: &mut Course, deadline: Timestamp) -> Option<(&Deployed, Vec<Considered>)> {
        loop {
            let now = self.clock.now().wall;
            if now >= deadline {
                course.why.get_or_insert(Unanswered::TooLate);
                return None;
            }
            let considered = self.considered(question, now, course.attempts);
            let best = chosen(&considered)
                .into_iter()
                .filter(|name| !course.refused.contains(*name))
                .min_by_key(|name| course.tried.contains(*name))
                .cloned();
            let (call, agent, case) = (question.call, question.agent.clone(), question.case);
            let routed = Routed { call, agent, case, attempt: course.attempts + 1, considered };
            let wait = match &best {
                Some(name) if !course.tried.contains(name) => None,
                // All were tried: a little patience first.
                Some(_) => Some(now + FIRST_WAIT * (1i32 << course.attempts.min(10))),
                None => self.first_free(&routed.considered, course),
            };
            match (best, wait) {
                (Some(name), None) => {
                    self.observer.routed(&routed).await;
                    let deployed = self.deployed.iter().find(|deployed| deployed.deployment.name == name)?;
                    return Some((deployed, routed.considered));
                }
                (_, Some(at)) if at < deadline => {
                    self.clock.wall_reaches(at).await;
                    course.tried.clear();
                }
                _ => {
                    self.observer.routed(&routed).await;
                    course.why.get_or_insert(Unanswered::NoneFits(routed.considered));
                    return None;
                }
            }
        }
    }

    /// When the first of those that only want to be left alone for a while can be asked. Those that failed are not waited for.
    fn first_free(&self, considered: &[Considered], course: &Course) -> Option<Timestamp> {
        use millwright_domain::model_call::{Skipped, Verdict};
        let is_limited = matches!(course.why, Some(Unanswered::Failed(CallFailed::RateLimited { .. })));
        let free = considered.iter().filter(|one| !course.refused.contains(&one.deployment)).filter_map(|one| match one.verdict {
            Verdict::Skipped(Skipped::LeftAlone { until }) => Some(until),
            _ => None,
        });
        free.min().filter(|_| is_limited)
    }

    fn considered(&self, question: &Question, now: Timestamp, attempts: u32) -> Vec<Considered> {
        let (needs, prompt) = (question.needs(), &question.prompt);
        let demand =
            Demand { class: &question.class, needs: &needs, policy: &question.policy, input: prompt.input_bound(), output: prompt.max_output() };
        let candidate = |deployed: &'_ Deployed| {
            let name = &deployed.deployment.name;
            (self.board.standing(name, now), self.prices.at(name, now).map(|version| version.price), self.board.latency(name))
        };
        let candidates: Vec<Candidate<'_>> = self
            .deployed
            .iter()
            .map(|deployed| {
                let (standing, price, latency) = candidate(deployed);
                Candidate { deployment: &deployed.deployment, standing, price, latency }
            })
            .collect();
        // The call's own name is random enough, and the same question asked again is shared out the same way.
        let draw = question.call.as_u64_pair();
        route(&demand, &candidates, now, draw.0 ^ draw.1.wrapping_add(u64::from(attempts)))
    }

    async fn plainly(&self, question: &Question, course: Course, why: Unanswered, tell: Option<Tell<'_>>) -> Result<Given, Unanswered> {
        let Ok(deployment) = "rules".parse::<DeploymentName>() else { return Err(why) };
        if question.prompt.plainly().is_none() {
            return Err(why);
        }
        let Ok(answer) = self.plain.complete(&question.prompt, Duration::ZERO).await else { return Err(why) };
        if let Some(tell) = tell.filter(|_| !course.is_told) {
            tell(&answer.said.text);
        }
        let answered = Answered {
            call: question.call,
            agent: question.agent.clone(),
            case: question.case,
            attempt: course.attempts + 1,
            considered: vec![],
            deployment: deployment.clone(),
            model: answer.model.clone(),
            spent: answer.spent,
            cost: NanoDollars(0),
            price: String::new(),
            took: TimeDelta::zero(),
        };
        self.observer.answered(&answered).await;
        Ok(Given { answer, deployment, cost: course.cost, attempts: course.requests, plainly: Some(why) })
    }
}

/// How far a question has come.
#[derive(Default)]
struct Course {
    /// Since the last wait.
    tried: BTreeSet<DeploymentName>,
    /// Not to be asked again: another try would go the same way.
    refused: BTreeSet<DeploymentName>,
    /// Each has a number and a hold of its own …
    attempts: u32,
    /// … and not each came as far as a request.
    requests: u32,
    cost: NanoDollars,
    why: Option<Unanswered>,
    is_told: bool,
}

impl Course {
    fn went_wrong(&mut self, attempted: Attempted, deployment: &DeploymentName) {
        self.tried.insert(deployment.clone());
        match attempted {
            Attempted::Failed(failed, cost) => {
                self.requests += 1;
                self.cost = self.cost + cost;
                if !failed.may_pass() {
                    self.refused.insert(deployment.clone());
                }
                self.why = Some(Unanswered::Failed(failed));
            }
            Attempted::Denied(denied) => {
                // Another one may be cheaper, or another provider's. It was no request.
                self.refused.insert(deployment.clone());
                self.why = Some(Unanswered::Denied(denied));
            }
            Attempted::NotBegun | Attempted::Answered(..) => {}
        }
    }
}
