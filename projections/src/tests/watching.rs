//! Alarms by their state and their figures, and what was said about thresholds and about learning anew.

use super::{Bench, on_both};
use crate::{
    alarm_performance::performance,
    alarms,
    testing::{MemoryLog, Recorder, road},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    alarm::{AlarmAcknowledged, AlarmCleared, AlarmShelved, AlarmState},
    baseline::{BaselineRestored, RelearningApproved, RelearningProposed},
    envelope::StreamId,
    ids::AssetId,
    threshold::ThresholdAdjusted,
};

on_both!(an_alarm_is_followed_from_raised_to_shelved, what_people_said_of_normal_is_shown_with_the_plant);

fn pump() -> AssetId {
    "pump-1".parse().unwrap()
}

fn described(log: &MemoryLog) -> Recorder {
    let mut recorder = Recorder::on(log, &road::site());
    road::described(&mut recorder);
    recorder
}

async fn an_alarm_is_followed_from_raised_to_shelved(bench: &Bench) {
    let log = MemoryLog::default();
    let mut recorder = described(&log);
    let stream = StreamId::asset(&pump());
    let by: millwright_domain::ids::ActorId = "local-operator".parse().unwrap();
    let now = recorder.now();
    recorder.record(StreamId::case(road::case(1)), "svc-monitor", road::alert(now));
    recorder.record(stream.clone(), "local-operator", AlarmAcknowledged { asset: pump(), detector: "drift".into(), by: by.clone() });
    let shelved =
        AlarmShelved { asset: pump(), detector: "drift".into(), until: now + TimeDelta::days(9), by, reason: road::note("it is being mended") };
    recorder.record(stream.clone(), "local-operator", shelved).record(
        stream,
        "svc-monitor",
        AlarmCleared { asset: pump(), detector: "drift".into() },
    );
    let projections = bench.caught_up(&log).await;
    let rows = alarms::all(&projections.ledger(), Some(&road::site())).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.raised, row.alarm.active, row.alarm.state(now, false)), (1, false, AlarmState::Shelved));
    assert!(row.silenced.is_some() && row.acknowledged_by.is_some());
    let span = [now - TimeDelta::hours(1), now + TimeDelta::hours(1)];
    let logged = alarms::log(&projections.ledger(), &road::site(), span, 100).await.unwrap();
    assert_eq!(logged.iter().map(|line| line.what.as_str()).collect::<Vec<_>>(), ["raised", "acknowledged", "shelved", "cleared"]);
    let found = performance(&logged, &rows, span);
    assert_eq!((found.raised, found.in_flood, found.top[0].count), (1, false, 1));
    assert_eq!(alarms::log(&projections.ledger(), &road::site(), [Timestamp::default(), span[0]], 100).await.unwrap(), []);
}

async fn what_people_said_of_normal_is_shown_with_the_plant(bench: &Bench) {
    let log = MemoryLog::default();
    let mut recorder = described(&log);
    let (stream, by) = (StreamId::asset(&pump()), "local-operator".parse::<millwright_domain::ids::ActorId>().unwrap());
    let vibration = "pump-1/vibration".parse().unwrap();
    let adjusted = ThresholdAdjusted {
        signal: "pump-1/vibration".parse().unwrap(),
        factor: 1.15,
        was: 1.0,
        by: "svc-feedback".parse().unwrap(),
        reason: "2 false alarms".into(),
        because: vec![road::case(1), road::case(2)],
        note: None,
    };
    recorder.record(StreamId::signal(&vibration), "svc-feedback", adjusted).record(
        stream.clone(),
        "svc-monitor",
        RelearningProposed { asset: pump(), because: "it runs slower".into() },
    );
    let projections = bench.caught_up(&log).await;
    let row = projections.plants()[0].clone();
    assert_eq!(row.thresholds["pump-1/vibration"].0.because.len(), 2);
    assert_eq!(row.relearning[&pump()].proposed.as_deref(), Some("it runs slower"));
    recorder
        .record(stream.clone(), "local-operator", RelearningApproved { asset: pump(), by: by.clone() })
        .record(stream.clone(), "local-operator", RelearningApproved { asset: pump(), by: by.clone() })
        .record(stream, "local-operator", BaselineRestored { asset: pump(), by });
    projections.catch_up(&log).await.unwrap();
    let known = projections.plants()[0].relearning[&pump()].clone();
    assert_eq!((known.proposed, known.depth), (None, 1));
}
