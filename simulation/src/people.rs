//! Who asks from outside: an operator who answers late, twice or wrongly, an inspector with alarms of their own, and agents that spend tokens.

use crate::{
    chance::Chance,
    life::TrueTime,
    node::Node,
    plant::{Machines, PUMPS, asset},
    trace::{Step, Trace},
};
use chrono::TimeDelta;
use millwright_agents::site_tail::SiteTail;
use millwright_commands::{
    Answered, ApproveAction, Ask, Command, DispatchCall, EngageKillSwitch, LockOutAsset, ProposeAction, RaiseAlert, RecordDiagnosis, RecordOutcome,
    RejectAction, ReleaseKillSwitch, ReleaseTokens, ReserveTokens, ReturnAssetToService, SettleTokens,
};
use millwright_domain::{
    action::{Action, Proposal},
    budget::{Lane, SITE, scope_of_agent},
    case::{AlertRaised, DiagnosisRecorded, Outcome, Severity},
    envelope::Answer,
    ids::{ActorId, CaseId, CommandId, EventId, ReservationId, derived},
    sealed::Sealed,
    site::Site,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

/// The programs as people reach them: whichever runs at the moment.
pub type Reach = Arc<Mutex<Vec<Node>>>;

/// How long somebody waits before they ask again.
const PATIENCE: Duration = Duration::from_secs(12);

/// One person or program outside, and how it asks.
#[derive(Clone)]
pub struct Asker {
    pub name: &'static str,
    pub reach: Reach,
    pub chance: Chance,
    pub trace: Trace,
    pub time: TrueTime,
    pub asked: Arc<AtomicU32>,
    /// Nobody begins anything new any more.
    pub over: Arc<AtomicBool>,
}

impl Asker {
    fn actor(&self) -> ActorId {
        self.name.parse().expect("a name")
    }

    /// Asks under one id until there is an answer, wherever it can be had; sometimes once more than needed.
    async fn ask(&self, command: impl Into<Command>) -> Option<Answer> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let ask = Ask::new(self.actor(), command).with_id(CommandId(derived(self.name, "asks", number)));
        for _ in 0..12 {
            let Some(answered) = self.ask_once(&ask).await else {
                tokio::time::sleep(self.chance.millis(200..2_000)).await;
                continue;
            };
            if self.chance.per_mille(100) {
                // A page that was reloaded.
                self.ask_once(&ask).await;
            }
            return Some(answered.answer);
        }
        None
    }

    async fn ask_once(&self, ask: &Ask) -> Option<Answered> {
        let node = {
            let reach = self.reach.lock().unwrap_or_else(PoisonError::into_inner);
            self.chance.one_of(&reach).clone()
        };
        let site = node.site();
        let answered = tokio::time::timeout(PATIENCE, node.commands.ask(&site, ask.clone())).await.ok()?.ok()?;
        // What a paused or dead program would say is not heard.
        if !node.life.is_running() {
            return None;
        }
        let step = Step::Answered { asker: self.name.into(), partition: site, command: ask.id, answered: answered.clone() };
        self.trace.push(self.time.now(), step);
        Some(answered)
    }

    async fn rest(&self, seconds: std::ops::Range<u64>) -> bool {
        tokio::time::sleep(self.chance.seconds(seconds)).await;
        !self.over.load(Ordering::Relaxed)
    }

    async fn tail(&self) -> Option<SiteTail> {
        let (store, site) = {
            let reach = self.reach.lock().unwrap_or_else(PoisonError::into_inner);
            let node = reach.first()?;
            (node.outside.store.clone(), node.site())
        };
        SiteTail::at_the_end(Arc::new(store), site).await.ok()
    }

    fn words(&self) -> Sealed {
        Sealed { subject: self.actor(), nonce: "00".into(), text: "c0ffee".into() }
    }
}

/// Looks at what waits, and answers: most often in time, and right.
pub async fn operate(asker: Asker, machines: Arc<Machines>) {
    let Some(mut tail) = asker.tail().await else { return };
    while asker.rest(5..40).await {
        if tail.up_to_now().await.is_err() {
            return;
        }
        for proposal in waiting(&tail.site) {
            if asker.chance.per_mille(150) {
                continue;
            }
            let action = proposal.action;
            let binding = if asker.chance.per_mille(50) { "another".into() } else { proposal.binding() };
            if asker.chance.per_mille(150) {
                asker.ask(RejectAction { action, note: None }).await;
            } else {
                asker.ask(ApproveAction { action, binding: binding.clone(), via: None }).await;
            }
            if asker.chance.per_mille(150) {
                asker.ask(ApproveAction { action, binding, via: None }).await;
            }
        }
        for case in mended(&tail.site, asker.time) {
            if asker.chance.per_mille(300) {
                if let Some(file) = tail.site.case(case).open_file() {
                    machines.repair(&file.asset).await;
                }
                asker.ask(RecordOutcome { case, outcome: Outcome::Repaired, true_cause: None, note: None, evidence: vec![] }).await;
            }
        }
        switch(&asker, &tail.site).await;
    }
}

/// In the order of their ids, not of a hash.
fn waiting(site: &Site) -> Vec<Proposal> {
    let files = site.cases.values().filter_map(|case| case.open_file());
    let actions = files.flat_map(|file| file.actions.values());
    let mut waiting: Vec<Proposal> =
        actions.filter_map(|action| if let Action::AwaitingApproval { proposal, .. } = action { Some(proposal.clone()) } else { None }).collect();
    waiting.sort_by_key(|proposal| proposal.action);
    waiting
}

/// Cases that have had time enough.
fn mended(site: &Site, time: TrueTime) -> Vec<CaseId> {
    let old = |case: &CaseId| site.case(*case).open_file().is_some_and(|file| time.now().since(file.opened_at) > TimeDelta::minutes(8));
    site.open_cases.values().flatten().copied().filter(old).collect()
}

/// Kill switch and lock-out, now and then, and never for long.
async fn switch(asker: &Asker, site: &Site) {
    if site.kill_switch.is_some() {
        asker.ask(ReleaseKillSwitch).await;
    } else if asker.chance.per_mille(15) {
        asker.ask(EngageKillSwitch { reason: asker.words() }).await;
    }
    if let Some(asset) = site.locked_out.keys().next().cloned() {
        asker.ask(ReturnAssetToService { asset }).await;
    } else if asker.chance.per_mille(15) {
        let number = asker.chance.from(1..PUMPS as u64 + 1) as usize;
        asker.ask(LockOutAsset { asset: asset(number), tag: asker.words() }).await;
    }
}

/// An alarm system beside ours: alerts and diagnoses that do not wait for a machine to wear out; and a person who proposes by hand.
pub async fn inspect(asker: Asker) {
    let actions = ["slow_pump_to_75pct", "reduce_motor_speed_to_60pct", "shutdown_motor", "send_alert_to_backup_tech", "request_sensor_calibration"];
    while asker.rest(15..90).await {
        let number = asker.chance.from(1..PUMPS as u64 + 1) as usize;
        let alert = AlertRaised::new(asset(number), "thermograph", Severity::Medium);
        let Some(case) = asker.ask(RaiseAlert { alert }).await.and_then(subject) else { continue };
        if asker.chance.per_mille(600) {
            let suggests = [asker.chance.one_of(&actions), asker.chance.one_of(&actions)].map(|name| name.parse().expect("a name")).to_vec();
            let cause = asker.chance.one_of(&["overheating", "misalignment"]).parse().expect("a name");
            let diagnosis = DiagnosisRecorded {
                asset: asset(number),
                cause,
                confidence: 0.5 + asker.chance.share() / 2.0,
                by: "thermograph".into(),
                explanation: String::new(),
                evidence_for: vec![],
                evidence_against: vec![],
                suggests,
                branched_from: None,
            };
            asker.ask(RecordDiagnosis { case, diagnosis, revises: false }).await;
        } else {
            let because = EventId(derived(asker.name, "because", asker.asked.load(Ordering::Relaxed)));
            asker.ask(ProposeAction { case, name: asker.chance.one_of(&actions).parse().expect("a name"), because }).await;
        }
    }
}

fn subject(answer: Answer) -> Option<CaseId> {
    match answer {
        Answer::Done { subject, .. } => subject?.parse().ok(),
        Answer::AlreadySo | Answer::Refused { .. } => None,
    }
}

/// An agent that calls a model: holds tokens in the site's budget and its own, calls, settles once, twice or too late; or forgets to, or uses
/// more than it held.
pub async fn spend(asker: Asker) {
    let scope = || SITE.to_string();
    for number in 0.. {
        if !asker.rest(5..60).await {
            return;
        }
        let reservation = ReservationId(derived(asker.name, "reserves", number));
        let tokens = asker.chance.from(500..6_000);
        let lane = if asker.chance.per_mille(200) { Lane::Critical } else { Lane::Ordinary };
        let (agent, also) = (asker.actor(), vec![scope_of_agent(&asker.actor())]);
        let command = ReserveTokens { scope: scope(), also, reservation, agent, tokens, expires_after_s: 60, lane, about: None };
        let Some(Answer::Done { .. }) = asker.ask(command).await else { continue };
        if asker.chance.per_mille(150) {
            asker.ask(ReleaseTokens { scope: scope(), reservation, uncounted: false }).await;
            continue;
        }
        asker.ask(DispatchCall { scope: scope(), reservation }).await;
        let patience = if asker.chance.per_mille(200) { 61..90 } else { 1..20 };
        if !asker.rest(patience).await || asker.chance.per_mille(150) {
            continue;
        }
        let used = if asker.chance.per_mille(40) { tokens + 300 } else { asker.chance.from(1..tokens + 1) };
        for _ in 0..if asker.chance.per_mille(300) { 2 } else { 1 } {
            asker.ask(SettleTokens { scope: scope(), reservation, used, estimated: false }).await;
        }
    }
}
