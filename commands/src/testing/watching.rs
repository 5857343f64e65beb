//! What rule tests ask about alarms, kinds of change, thresholds and what is normal.

use super::{
    Asked, Asking,
    plant::{ask, asset, sealed, vibration},
};
use crate::{
    AcknowledgeAlarm, ApproveRelearning, ClearAlarm, JudgeChange, LearnThreshold, ProposeRelearning, RecordOutcome, RememberCase, RestoreBaseline,
    ReturnAlarmToService, SetThreshold, ShelveAlarm, TakeAlarmOutOfService, UnshelveAlarm,
};
use millwright_domain::{
    Timestamp,
    case::Outcome,
    change::ChangeKind,
    ids::CaseId,
    memory::{Channel, ChannelKey, Episode, Signature, SignatureSettings},
};

pub fn clear_alarm(detector: &str) -> Asking {
    ask("svc-monitor", ClearAlarm { asset: asset(), detector: detector.into() })
}
pub fn acknowledge(by: &str, detector: &str) -> Asking {
    ask(by, AcknowledgeAlarm { asset: asset(), detector: detector.into() })
}
pub fn shelve(by: &str, detector: &str, minutes: u32) -> Asking {
    ask(by, ShelveAlarm { asset: asset(), detector: detector.into(), minutes, reason: sealed() })
}
pub fn unshelve(by: &str, detector: &str) -> Asking {
    ask(by, UnshelveAlarm { asset: asset(), detector: detector.into() })
}
pub fn out_of_service(by: &str, detector: &str) -> Asking {
    ask(by, TakeAlarmOutOfService { asset: asset(), detector: detector.into(), reason: sealed() })
}
pub fn back_in_service(by: &str, detector: &str) -> Asking {
    ask(by, ReturnAlarmToService { asset: asset(), detector: detector.into() })
}
pub fn judge_change(change: ChangeKind) -> Asking {
    Box::new(move |scene| {
        let command = JudgeChange { case: scene.case(), change, because: change.words().into(), evidence: vec![] };
        Asked { command: command.into(), by: "svc-diagnosis".parse().unwrap(), number: 0 }
    })
}
pub fn remember() -> Asking {
    Box::new(move |scene| {
        let values = (0..40_u32).map(|row| f64::from(row * 7_919 % 101)).collect();
        let channels = vec![Channel { key: ChannelKey::new("vibration", "1"), values }];
        let episode = Episode { times: (0..40).map(f64::from).collect(), channels, onset: 20.0 };
        let signature = Signature::of(&episode, SignatureSettings { horizon_s: 20.0 }).unwrap();
        let command = RememberCase { case: scene.case(), onset: Timestamp::from_secs(1_700_000_000), horizon_s: 20, signature };
        Asked { command: command.into(), by: "svc-memory".parse().unwrap(), number: 0 }
    })
}
pub fn propose_relearning() -> Asking {
    ask("svc-monitor", ProposeRelearning { asset: asset(), because: "its setpoint has been elsewhere for two days".into() })
}
pub fn approve_relearning(by: &str) -> Asking {
    ask(by, ApproveRelearning { asset: asset() })
}
pub fn restore_baseline(by: &str) -> Asking {
    ask(by, RestoreBaseline { asset: asset() })
}
pub fn learn_threshold() -> Asking {
    ask("svc-feedback", LearnThreshold { signal: vibration() })
}
pub fn set_threshold(by: &str, factor: f64) -> Asking {
    ask(by, SetThreshold { signal: vibration(), factor, note: sealed() })
}
pub fn outcome_of(case: CaseId, outcome: Outcome) -> Asking {
    ask("ann", RecordOutcome { case, outcome, true_cause: None, note: None, evidence: vec![] })
}
