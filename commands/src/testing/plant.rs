//! A small plant, its policy, and the commands that rule tests ask of it.

use super::{Asked, Asking};
use crate::{
    AdoptPolicy, ApproveAction, AssignDevice, AttemptEffect, Command, DelegateApproval, DescribePlant, DispatchCall, EffectResult, EngageKillSwitch,
    ExpireApproval, ExpireReservation, FinishAction, FinishEffect, Gap, Instead, LockOutAsset, ModifyAction, ProposeAction, RaiseAlert,
    RecordDiagnosis, RecordOutcome, RejectAction, ReleaseTokens, ReportGap, ReserveTokens, SetBudget, SettleTokens, StartAction, Verdict, WantEffect,
    safety::Write,
};
use millwright_domain::{
    Now, Timestamp,
    action::{Observed, WriteOrder},
    approval::{Exception, Risk},
    budget::{BudgetSet, Lane},
    case::{AlertRaised, DiagnosisRecorded, Outcome, Severity},
    collecting::{CollectionResumed, DeviceAnswered, DeviceFellSilent},
    effect::EffectWanted,
    evidence::{Evidence, Feature},
    ids::{ActionId, ActionName, AssetId, CaseId, EffectId, EventId, ReservationId, SignalId, derived},
    message::{Channel, Message},
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    policy::{ActionSpec, MessageSpec, Policy, Ruling, Setting, WriteSpec},
    quantity::{QuantityKind, Unit},
    sealed::Sealed,
    site::Site,
    ticket::TicketWork,
};
use std::sync::LazyLock;
use uuid::Uuid;

pub fn now() -> Now {
    Now::both(Timestamp::from_secs(1_700_000_000))
}
pub fn asset() -> AssetId {
    "pump-1".parse().unwrap()
}

pub fn vibration() -> SignalId {
    "pump-1/vibration".parse().unwrap()
}

fn signal(id: &str, kind: QuantityKind, unit: Unit, writable: Option<Writable>) -> Signal {
    Signal { id: id.parse().unwrap(), device: "plc-1".parse().unwrap(), kind, unit, range: None, trip: None, writable }
}

pub fn described(source: Source) -> Plant {
    let writable = Writable {
        limits: Range { low: 600.0, high: 1_500.0 },
        rated: 1_500.0,
        max_step: 800.0,
        min_interval_s: 60,
        tolerance: 5.0,
        actions: vec![],
    };
    let signals = vec![
        signal("pump-1/speed_setpoint", QuantityKind::SpeedSetpoint, Unit::RevolutionsPerMinute, Some(writable)),
        signal("pump-1/pressure", QuantityKind::Pressure, Unit::Bar, None),
        signal("pump-1/vibration", QuantityKind::Vibration, Unit::MillimetresPerSecond, None),
    ];
    let pump = Asset {
        id: asset(),
        name: "Pump 1".into(),
        area: "water".into(),
        line: "circuit-1".into(),
        cell: None,
        class: "centrifugal_pump".into(),
        vendor: String::new(),
        signals,
    };
    Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source, assets: vec![pump] }
}

pub fn write_spec() -> WriteSpec {
    WriteSpec { kind: QuantityKind::SpeedSetpoint, to: Setting::PercentOfRated(60.0), interlock: vec!["pressure < 8".parse().unwrap()] }
}

pub fn policy() -> Policy {
    let slow = |percent| ActionSpec::Write(WriteSpec { to: Setting::PercentOfRated(percent), ..write_spec() });
    let message = ActionSpec::Message(MessageSpec { to: "backup_tech".into(), text: "please look at the pump".into() });
    let named = |name: &str| name.parse().unwrap();
    Policy {
        auto_approve: vec![named("reduce_motor_speed_to_60pct"), named("send_alert_to_backup_tech")],
        require_approval: vec![named("slow_pump_to_75pct"), named("shutdown_motor")],
        never: vec![named("modify_plc_program")],
        approval_expires_after_s: 300,
        readings_fresh_for_s: 10,
        actions: [
            (named("reduce_motor_speed_to_60pct"), slow(60.0)),
            (named("slow_pump_to_75pct"), slow(75.0)),
            (named("shutdown_motor"), slow(40.0)),
            (named("send_alert_to_backup_tech"), message),
        ]
        .into(),
        ..Policy::default()
    }
}

/// Stopping takes two; only Ann and Bob may answer, and Emma after two minutes.
pub fn careful_policy() -> Policy {
    let careful = r#"{"approvers": {"medium": ["ann", "bob"], "high": ["ann", "bob"]}, "remind_after_s": [60, 180], "escalate": [{"after_s": 120, "to": ["emma"]}]}"#;
    let risk = [("shutdown_motor".parse().unwrap(), Risk::High)].into();
    Policy { risk, approval: serde_json::from_str(careful).unwrap(), ..policy() }
}

/// Slowing runs by itself during these hours.
pub fn policy_at(hours: &str) -> Policy {
    let action = "slow_pump_to_75pct".parse().unwrap();
    let hours = Some(hours.parse().unwrap());
    let exception = Exception { action, assets: [asset()].into(), hours, track_record: None, ruling: Ruling::AutoApprove };
    Policy { exceptions: vec![exception], ..policy() }
}

pub fn site() -> Site {
    let mut site = Site::default();
    site.plant = Some(described(Source::Live));
    site.policy = policy();
    site
}

pub fn observed(speed: f64, pressure: f64, at: Timestamp) -> Vec<Observed> {
    let one = |signal: &str, value| Observed { signal: signal.parse().unwrap(), value, at };
    vec![one("pump-1/speed_setpoint", speed), one("pump-1/pressure", pressure)]
}

pub fn write_order(value: f64) -> WriteOrder {
    WriteOrder { device: "plc-1".parse().unwrap(), signal: "pump-1/speed_setpoint".parse().unwrap(), value, tolerance: 5.0 }
}

pub fn write<'a>(order: &'a WriteOrder, spec: &'a WriteSpec) -> Write<'a> {
    static SLOW: LazyLock<ActionName> = LazyLock::new(|| "reduce_motor_speed_to_60pct".parse().unwrap());
    Write { action: &SLOW, order, spec }
}

pub fn ask(by: &str, command: impl Into<Command>) -> Asking {
    let asked = Asked { command: command.into(), by: by.parse().unwrap(), number: 0 };
    Box::new(move |_| asked.clone())
}

pub fn describe() -> Asking {
    ask("svc-settings", DescribePlant { plant: described(Source::Live) })
}
pub fn describe_imported() -> Asking {
    ask("svc-settings", DescribePlant { plant: described(Source::Imported) })
}
pub fn assign_device(collector: &'static str) -> Asking {
    ask("svc-collector", AssignDevice { device: "plc-1".parse().unwrap(), collector: collector.parse().unwrap() })
}
pub fn fell_silent(since: i64) -> Asking {
    let fact = DeviceFellSilent { device: "plc-1".parse().unwrap(), epoch: 4, unit: 1, since: Timestamp::from_secs(since), why: "timeout".into() };
    ask("svc-collector", ReportGap { gap: Gap::FellSilent(fact) })
}
pub fn answered(since: i64, until: i64) -> Asking {
    let (device, why) = ("plc-1".parse().unwrap(), "timeout".into());
    let (since, until) = (Timestamp::from_secs(since), Timestamp::from_secs(until));
    let fact = DeviceAnswered { device, epoch: 4, unit: 1, since, until, gaps: 1, missed: Some(3), why };
    ask("svc-collector", ReportGap { gap: Gap::Answered(fact) })
}
pub fn resumed(former_epoch: u64, epoch: u64) -> Asking {
    let (device, why) = ("plc-1".parse().unwrap(), "no collector was running".into());
    let (since, until) = (Timestamp::from_secs(10), Timestamp::from_secs(20));
    ask("svc-collector", ReportGap { gap: Gap::Resumed(CollectionResumed { device, epoch, former_epoch, since, until, why }) })
}
pub fn adopt_policy() -> Asking {
    ask("svc-settings", AdoptPolicy { policy: policy() })
}
pub fn adopt(policy: Policy) -> Asking {
    ask("svc-settings", AdoptPolicy { policy })
}
/// The pump's setpoint may be written by this action alone.
pub fn describe_kept_for(action: &str) -> Asking {
    let mut plant = described(Source::Live);
    for writable in plant.assets.iter_mut().flat_map(|asset| &mut asset.signals).filter_map(|signal| signal.writable.as_mut()) {
        writable.actions = vec![action.parse().unwrap()];
    }
    ask("svc-settings", DescribePlant { plant })
}
pub fn adopt_other_policy() -> Asking {
    ask("svc-settings", AdoptPolicy { policy: Policy { approval_expires_after_s: 60, ..policy() } })
}
/// What Ann wrote; nothing in the rules can read it.
pub fn sealed() -> Sealed {
    Sealed { subject: "ann".parse().unwrap(), nonce: "00".into(), text: "c0ffee".into() }
}
pub fn kill_switch() -> Asking {
    ask("ann", EngageKillSwitch { reason: sealed() })
}
pub fn lock_out() -> Asking {
    ask("ann", LockOutAsset { asset: asset(), tag: sealed() })
}

pub fn alert(late: bool) -> AlertRaised {
    let evidence = Evidence {
        signal: "pump-1/vibration".parse().unwrap(),
        kind: QuantityKind::Vibration,
        feature: Feature::Drift,
        magnitude: 3.1,
        current: 4.2,
        expected: 2.1,
        window_s: 300,
        at: now().plant,
    };
    AlertRaised { asset: asset(), detector: "drift".into(), severity: Severity::Medium, evidence: vec![evidence], late, says: None }
}
pub fn raise_alert() -> Asking {
    ask("svc-monitor", RaiseAlert { alert: alert(false) })
}
pub fn raise_late_alert() -> Asking {
    ask("svc-monitor", RaiseAlert { alert: alert(true) })
}
pub fn raise_critical_alert() -> Asking {
    ask("svc-monitor", RaiseAlert { alert: AlertRaised { severity: Severity::Critical, ..alert(false) } })
}
pub fn raise_alert_with_id(number: u32) -> Asking {
    let asked = Asked { command: RaiseAlert { alert: alert(false) }.into(), by: "svc-monitor".parse().unwrap(), number };
    Box::new(move |_| asked.clone())
}

fn diagnosis(cause: &'static str, confidence: f64, revises: bool) -> Asking {
    Box::new(move |scene| {
        let diagnosis = DiagnosisRecorded {
            asset: asset(),
            cause: cause.parse().unwrap(),
            confidence,
            by: "rules".into(),
            explanation: String::new(),
            evidence_for: vec![],
            evidence_against: vec![],
            suggests: vec![],
            branched_from: None,
        };
        Asked { command: RecordDiagnosis { case: scene.case(), diagnosis, revises }.into(), by: "svc-diagnosis".parse().unwrap(), number: 0 }
    })
}
pub fn diagnose(cause: &'static str, confidence: f64) -> Asking {
    diagnosis(cause, confidence, false)
}
pub fn revise(cause: &'static str, confidence: f64) -> Asking {
    diagnosis(cause, confidence, true)
}

pub fn proposed_by(by: &'static str, name: &'static str) -> Asking {
    Box::new(move |scene| {
        let command = ProposeAction { case: scene.case(), name: name.parse().unwrap(), because: EventId(Uuid::from_u128(7)) };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
pub fn propose_in(case: CaseId, name: &str) -> Asking {
    ask("svc-diagnosis", ProposeAction { case, name: name.parse().unwrap(), because: EventId(Uuid::from_u128(7)) })
}
pub fn propose(name: &'static str) -> Asking {
    proposed_by("svc-diagnosis", name)
}
pub fn approved_by(by: &'static str, action: ActionId) -> Asking {
    Box::new(move |scene| {
        let command = ApproveAction { action, binding: scene.binding(action), via: None };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
/// By a button with so many digits of the binding.
pub fn approved_in_chat_as(by: &'static str, action: ActionId, digits: usize) -> Asking {
    Box::new(move |scene| {
        let command = ApproveAction { action, binding: scene.binding(action)[..digits].into(), via: Some(Channel::Whatsapp) };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
pub fn approved_in_chat(by: &'static str, action: ActionId) -> Asking {
    approved_in_chat_as(by, action, 16)
}
pub fn delegate(by: &str, action: ActionId, to: &str) -> Asking {
    ask(by, DelegateApproval { action, to: to.parse().unwrap() })
}
pub fn modify(by: &'static str, action: ActionId, instead: Instead) -> Asking {
    Box::new(move |scene| {
        let command = ModifyAction { action, binding: scene.binding(action), instead: instead.clone() };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
fn want(target: &str, body: String, of_case: bool) -> Asking {
    let target = target.to_string();
    Box::new(move |scene| {
        let effect = EffectId(derived(&target, "test", 0));
        let (idempotency_key, subject) = (effect.to_string(), String::new());
        let (target, body, case) = (target.clone(), body.clone(), of_case.then(|| scene.case()));
        let wanted = EffectWanted { effect, idempotency_key, target, subject, body, case, action: None, quotes: vec![] };
        Asked { command: WantEffect { wanted }.into(), by: "svc-test".parse().unwrap(), number: 0 }
    })
}
pub fn want_message(target: &str, message: &Message) -> Asking {
    want(target, message.body_for(target), false)
}
pub fn want_ticket(adapter: &str, work: &TicketWork) -> Asking {
    want(&format!("{adapter}:case"), serde_json::to_string(work).unwrap(), true)
}
pub fn approve(action: ActionId) -> Asking {
    approved_by("ann", action)
}
pub fn approve_bound(action: ActionId, binding: &str) -> Asking {
    ask("ann", ApproveAction { action, binding: binding.into(), via: None })
}
pub fn reject(action: ActionId) -> Asking {
    ask("ann", RejectAction { action, note: None })
}
pub fn expire(action: ActionId) -> Asking {
    ask("svc-timekeeper", ExpireApproval { action })
}
pub fn start(action: ActionId) -> Asking {
    ask("svc-executor", StartAction { action })
}
pub fn finish(action: ActionId, verdict: Verdict) -> Asking {
    ask("svc-executor", FinishAction { action, verdict, sent: None })
}
pub fn outcome_by(by: &'static str, outcome: Outcome) -> Asking {
    Box::new(move |scene| {
        let command = RecordOutcome { case: scene.case(), outcome, true_cause: None, note: None, evidence: vec![] };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
pub fn outcome_in_words(by: &'static str, outcome: Outcome) -> Asking {
    Box::new(move |scene| {
        let command = RecordOutcome { case: scene.case(), outcome, true_cause: None, note: Some(sealed()), evidence: vec![] };
        Asked { command: command.into(), by: by.parse().unwrap(), number: 0 }
    })
}
pub fn closed_by_person() -> Asking {
    outcome_by("ann", Outcome::Repaired)
}
pub fn attempt(effect: EffectId, attempt: u32) -> Asking {
    ask("svc-outbox", AttemptEffect { effect, attempt })
}
pub fn finish_effect(effect: EffectId, attempt: u32, result: EffectResult) -> Asking {
    ask("svc-outbox", FinishEffect { effect, attempt, result })
}

fn reservation(number: u128) -> ReservationId {
    ReservationId(Uuid::from_u128(number))
}
pub fn set_budget(hour: u64, day: u64) -> Asking {
    set_budget_of("site", hour, day)
}
pub fn set_budget_of(scope: &str, hour: u64, day: u64) -> Asking {
    ask("ann", SetBudget { scope: scope.into(), limits: BudgetSet::of(hour, day) })
}
pub fn keep(scope: &str, hour: u64, day: u64, percent: u8) -> Asking {
    ask("ann", SetBudget { scope: scope.into(), limits: BudgetSet::of(hour, day).keeping(percent) })
}
pub fn reserve(number: u128, tokens: u64) -> Asking {
    ask("svc-writer", reservation_of(number, tokens))
}
pub fn reserve_in(number: u128, tokens: u64, also: &str) -> Asking {
    ask("svc-writer", ReserveTokens { also: vec![also.into()], ..reservation_of(number, tokens) })
}
pub fn reserve_lane(number: u128, tokens: u64, also: &str, lane: Lane) -> Asking {
    ask("svc-writer", ReserveTokens { also: vec![also.into()], lane, ..reservation_of(number, tokens) })
}
fn reservation_of(number: u128, tokens: u64) -> ReserveTokens {
    ReserveTokens {
        scope: "site".into(),
        also: vec![],
        reservation: reservation(number),
        agent: "svc-writer".parse().unwrap(),
        tokens,
        expires_after_s: 120,
        lane: Lane::Ordinary,
        about: None,
    }
}
pub fn dispatch(number: u128) -> Asking {
    ask("svc-writer", DispatchCall { scope: "site".into(), reservation: reservation(number) })
}
pub fn settle(number: u128, used: u64) -> Asking {
    ask("svc-writer", SettleTokens { scope: "site".into(), reservation: reservation(number), used, estimated: false })
}
pub fn release(number: u128) -> Asking {
    ask("svc-writer", ReleaseTokens { scope: "site".into(), reservation: reservation(number), uncounted: false })
}
pub fn expire_reservation(number: u128) -> Asking {
    ask("svc-timekeeper", ExpireReservation { scope: "site".into(), reservation: reservation(number) })
}
