//! A small plant and one fault on it, all the way from alert to outcome.

use super::Recorder;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    action::{Observed, Order, Proposal, WriteOrder},
    approval::Risk,
    baseline::BaselineLearned,
    budget::{BudgetSet, Lane, TokensReserved, TokensSettled},
    case::{ActionApproved, ActionCompleted, ActionProposed, ActionStarted, AlertRaised, DiagnosisRecorded, Outcome, OutcomeRecorded, Severity},
    effect::{EffectAttempted, EffectDone, EffectWanted},
    envelope::StreamId,
    evidence::{Evidence, Feature},
    ids::{ActionId, CaseId, EffectId, EventId, ReservationId, SiteId, derived},
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    policy::{ActionSpec, MessageSpec, Policy, Ruling, Setting, WriteSpec},
    quantity::{QuantityKind, Unit},
    reading::{Reading, Scan},
    sealed::Sealed,
    site::{PlantDescribed, PolicyAdopted},
};

pub fn site() -> SiteId {
    "demo".parse().unwrap()
}

pub fn plant() -> Plant {
    let signal = |id: &str, kind, unit, writable| Signal {
        id: id.parse().unwrap(),
        device: "plc-1".parse().unwrap(),
        kind,
        unit,
        range: None,
        trip: None,
        writable,
    };
    let limits = Range { low: 0.0, high: 3_000.0 };
    let speed = Writable { limits, rated: 1_450.0, max_step: 1_000.0, min_interval_s: 10, tolerance: 5.0, actions: vec![] };
    let pump = Asset {
        id: "pump-1".parse().unwrap(),
        name: "Pump 1".into(),
        area: "cellar".into(),
        line: "cooling".into(),
        cell: None,
        class: "centrifugal_pump".into(),
        vendor: String::new(),
        signals: vec![
            signal("pump-1/flow", QuantityKind::Flow, Unit::LitresPerMinute, None),
            signal("pump-1/vibration", QuantityKind::Vibration, Unit::MillimetresPerSecond, None),
            signal("pump-1/speed_setpoint", QuantityKind::SpeedSetpoint, Unit::RevolutionsPerMinute, Some(speed)),
        ],
    };
    Plant { site: site(), name: "Demo".into(), source: Source::Live, assets: vec![pump] }
}

pub fn policy() -> Policy {
    let slow = WriteSpec { kind: QuantityKind::SpeedSetpoint, to: Setting::PercentOfRated(60.0), interlock: vec![] };
    let tell = MessageSpec { to: "backup_tech".into(), text: "please look at the pump".into() };
    Policy {
        auto_approve: vec!["tell_backup".parse().unwrap()],
        require_approval: vec!["slow_down".parse().unwrap()],
        approval_expires_after_s: 300,
        actions: [("slow_down".parse().unwrap(), ActionSpec::Write(slow)), ("tell_backup".parse().unwrap(), ActionSpec::Message(tell))].into(),
        ..serde_json::from_str(r#"{"actions":{}}"#).unwrap()
    }
}

pub fn evidence(at: Timestamp) -> Evidence {
    Evidence {
        signal: "pump-1/vibration".parse().unwrap(),
        kind: QuantityKind::Vibration,
        feature: Feature::Drift,
        magnitude: 4.2,
        current: 6.1,
        expected: 2.0,
        window_s: 300,
        at,
    }
}

pub fn alert(at: Timestamp) -> AlertRaised {
    let asset = "pump-1".parse().unwrap();
    AlertRaised { asset, detector: "drift".into(), severity: Severity::High, evidence: vec![evidence(at)], late: false, says: None }
}

pub fn diagnosis(at: Timestamp) -> DiagnosisRecorded {
    DiagnosisRecorded {
        asset: "pump-1".parse().unwrap(),
        cause: "bearing_wear".parse().unwrap(),
        confidence: 0.87,
        by: "rules@test".into(),
        explanation: "vibration is up while flow is normal".into(),
        evidence_for: vec![evidence(at)],
        evidence_against: vec![],
        suggests: vec!["slow_down".parse().unwrap()],
        branched_from: None,
    }
}

pub fn proposal(case: CaseId, because: EventId, now: Timestamp) -> Proposal {
    Proposal {
        action: action_of(case),
        name: "slow_down".parse().unwrap(),
        order: Order::Write(WriteOrder {
            device: "plc-1".parse().unwrap(),
            signal: "pump-1/speed_setpoint".parse().unwrap(),
            value: 870.0,
            tolerance: 5.0,
        }),
        ruling: Ruling::RequireApproval,
        because,
        preconditions: vec![Observed { signal: "pump-1/speed_setpoint".parse().unwrap(), value: 1_450.0, at: now }],
        policy_digest: policy().digest(),
        expires_at: now + TimeDelta::minutes(5),
        proposed_by: "svc-diagnosis".parse().unwrap(),
        risk: Risk::Medium,
        cause: None,
        proposed_at: None,
        instead_of: None,
    }
}

pub fn case(number: u32) -> CaseId {
    CaseId(derived("road", "case", number))
}

pub fn action_of(case: CaseId) -> ActionId {
    ActionId(derived(&case.to_string(), "action", 0))
}

pub fn note(text: &str) -> Sealed {
    Sealed { subject: "local-operator".parse().unwrap(), nonce: "00".into(), text: text.into() }
}

/// The site described, with policy, budget and a baseline.
pub fn described(recorder: &mut Recorder) {
    let vibration = "pump-1/vibration".parse().unwrap();
    let (from, to) = (recorder.now(), recorder.now() + TimeDelta::hours(1));
    recorder
        .record(StreamId::site(), "svc-settings", PlantDescribed { plant: plant() })
        .record(StreamId::site(), "svc-settings", PolicyAdopted { policy: policy() })
        .record(StreamId::budget("site"), "svc-settings", BudgetSet::of(10_000, 50_000))
        .record(
            StreamId::signal(&vibration),
            "svc-monitor",
            BaselineLearned {
                signal: vibration,
                version: 1,
                count: 3_600,
                mean: 2.0,
                std: 0.1,
                p95: 2.2,
                p99: 2.3,
                learned_from: from,
                learned_to: to,
            },
        );
}

/// Alert, diagnosis and a proposal that waits for a yes.
pub fn awaiting(recorder: &mut Recorder, case: CaseId) -> Proposal {
    let stream = StreamId::case(case);
    let at = recorder.now();
    recorder.record(stream.clone(), "svc-monitor", alert(at)).record(stream.clone(), "svc-diagnosis", diagnosis(at));
    let proposal = proposal(case, EventId(derived(&case.to_string(), "because", 0)), recorder.now());
    let fact = ActionProposed { binding: proposal.binding(), proposal: proposal.clone() };
    recorder.record(stream, "svc-diagnosis", fact);
    proposal
}

/// The yes, the write, the message, some tokens, and a person's word on how it ended.
pub fn finished(recorder: &mut Recorder, case: CaseId, proposal: &Proposal, outcome: Outcome) {
    let stream = StreamId::case(case);
    let (action, operator) = (proposal.action, "local-operator".parse().unwrap());
    let effect = EffectId(derived(&case.to_string(), "effect", 0));
    let reservation = ReservationId(derived(&case.to_string(), "reservation", 0));
    let now = recorder.now();
    let wanted = EffectWanted {
        effect,
        idempotency_key: effect.to_string(),
        target: "notice:backup_tech".into(),
        subject: "Pump 1 runs slower".into(),
        body: "because of bearing_wear".into(),
        case: Some(case),
        action: Some(action),
        quotes: vec![],
    };
    let reserved = TokensReserved {
        reservation,
        agent: "svc-weaver".parse().unwrap(),
        tokens: 500,
        reserved_at: now,
        expires_at: now + TimeDelta::minutes(1),
        scopes: vec![],
        lane: Lane::Ordinary,
        about: None,
    };
    recorder
        .record(stream.clone(), "local-operator", ActionApproved { action, binding: proposal.binding(), by: operator })
        .record(
            stream.clone(),
            "svc-executor",
            ActionStarted { action, send_by: now + TimeDelta::seconds(2), device_epoch: None, observed: proposal.preconditions.clone() },
        )
        .record(stream.clone(), "svc-executor", ActionCompleted { action, read_back: Some(870.0), sent: None })
        .record(StreamId::effect(effect), "svc-executor", wanted)
        .record(StreamId::effect(effect), "svc-outbox", EffectAttempted { effect, attempt: 1 })
        .record(StreamId::effect(effect), "svc-outbox", EffectDone { effect, attempt: 1, receipt: "ok".into() })
        .record(StreamId::budget("site"), "svc-weaver", reserved)
        .record(StreamId::budget("site"), "svc-weaver", TokensSettled { reservation, used: 420, estimated: false })
        .record(
            stream,
            "local-operator",
            OutcomeRecorded {
                outcome,
                by: "local-operator".parse().unwrap(),
                credited: Some(action),
                true_cause: None,
                note: Some(note("bearing replaced")),
                evidence: vec![],
                closes: true,
            },
        );
}

/// One scan of the pump's PLC, with the same value for each of its signals.
pub fn scan(number: u64, at: Timestamp, value: f64) -> Scan {
    let readings = ["pump-1/flow", "pump-1/vibration", "pump-1/speed_setpoint"].map(|signal| Reading::measured(signal.parse().unwrap(), value));
    Scan { site: site(), device: "plc-1".parse().unwrap(), epoch: 1, scan: number, scanned_at: at, received_at: at, readings: readings.into() }
}
