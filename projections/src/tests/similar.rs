//! What closed cases teach a new one: which looked like it, what helped then, how often such a diagnosis was right, and when it gets serious.

use super::{Bench, on_both};
use crate::{
    experience::{self, Attempt},
    open_cases,
    testing::{MemoryLog, Recorder, road},
};
use chrono::TimeDelta;
use millwright_domain::{
    case::{CaseRemembered, Outcome},
    envelope::StreamId,
    ids::CauseId,
    memory::{Channel, ChannelKey, Episode, Signature, SignatureSettings},
    ports::event_log::EventLog,
};

on_both!(
    the_past_case_that_looked_like_it_comes_first_with_its_outcome,
    a_case_without_a_signature_is_compared_with_nothing,
    an_action_and_a_diagnosis_show_how_they_fared,
    a_signal_that_drifts_shows_when_it_reaches_its_threshold,
);

/// Flow falls in one fault and rises in the other, while vibration goes its own way.
fn signature(fault: f64, seed: u32) -> Signature {
    let noise = |row: u32, salt: u32| f64::from((row * 7_919 + salt * 104_729 + seed * 31) % 101) / 101.0;
    let rows = 240_u32;
    let value = |row: u32, salt: u32, way: f64| noise(row, salt) + if row >= 180 { way * f64::from(row - 180) * 0.1 } else { 0.0 };
    let channel =
        |name: &str, salt: u32, way: f64| Channel { key: ChannelKey::new(name, "1"), values: (0..rows).map(|row| value(row, salt, way)).collect() };
    let channels = vec![channel("flow", 1, fault), channel("pressure", 2, 0.0), channel("vibration", 3, 1.0 - fault.abs())];
    let episode = Episode { times: (0..rows).map(|row| f64::from(row) * 10.0).collect(), channels, onset: 1_800.0 };
    Signature::of(&episode, SignatureSettings { horizon_s: 600.0 }).unwrap()
}

fn remembered(recorder: &mut Recorder, number: u32, fault: f64) {
    let case = road::case(number);
    let fact = CaseRemembered { asset: "pump-1".parse().unwrap(), onset: recorder.now(), horizon_s: 600, signature: signature(fault, number) };
    recorder.record(StreamId::case(case), "svc-memory", fact);
}

/// Two finished cases that look otherwise, and an open one that looks like the first.
fn recorded() -> MemoryLog {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    for (number, fault) in [(1, -1.0), (2, 1.0)] {
        let proposal = road::awaiting(&mut recorder, road::case(number));
        remembered(&mut recorder, number, fault);
        road::finished(&mut recorder, road::case(number), &proposal, Outcome::Repaired);
    }
    road::awaiting(&mut recorder, road::case(3));
    remembered(&mut recorder, 3, -1.0);
    road::awaiting(&mut recorder, road::case(4));
    log
}

async fn the_past_case_that_looked_like_it_comes_first_with_its_outcome(bench: &Bench) {
    let log = recorded();
    let projections = bench.caught_up(&log).await;
    let found = projections.similar_cases(road::case(3), 5).await.unwrap();
    assert!(found.remembered && found.compared_with == 2 && found.calibrated_on == 0);
    let ids: Vec<_> = found.cases.iter().map(|similar| similar.case.id).collect();
    assert_eq!(ids, [road::case(1), road::case(2)]);
    assert_eq!(found.cases[0].case.ended_as(), Some(Outcome::Repaired));
    assert!(found.cases[0].similarity > 0.8 && found.cases[0].likely_the_same > 0.9, "{:?}", found.cases[0].similarity);
    assert!(found.cases[1].likely_the_same < found.cases[0].likely_the_same);
    // The first case has no past to be compared with.
    assert_eq!(projections.similar_cases(road::case(1), 5).await.unwrap().cases.len(), 0);
    // What is loaded from the tables of another run is the same.
    let again = Bench::like(bench).caught_up(&log).await.similar_cases(road::case(3), 5).await.unwrap();
    let scores = |cases: &crate::similar::SimilarCases| cases.cases.iter().map(|similar| similar.similarity.to_bits()).collect::<Vec<_>>();
    assert_eq!(scores(&again), scores(&found));
}

async fn a_case_without_a_signature_is_compared_with_nothing(bench: &Bench) {
    let projections = bench.caught_up(&recorded()).await;
    let found = projections.similar_cases(road::case(4), 5).await.unwrap();
    assert!(!found.remembered && found.cases.is_empty() && found.compared_with == 3);
}

async fn an_action_and_a_diagnosis_show_how_they_fared(bench: &Bench) {
    let projections = bench.caught_up(&recorded()).await;
    let (cause, action): (CauseId, _) = ("bearing_wear".parse().unwrap(), "slow_down".parse().unwrap());
    let attempt = Attempt { site: road::site(), asset: "pump-1".parse().unwrap(), cause: cause.clone(), action };
    let never = Attempt { cause: "cavitation".parse().unwrap(), ..attempt.clone() };
    let tracks = projections.track_records(&[never, attempt]).await.unwrap();
    assert_eq!(tracks.iter().map(|track| (track.tried, track.helped, track.rate())).collect::<Vec<_>>(), [(0, 0, None), (2, 2, None)]);
    let records = experience::records_of(&projections.ledger(), &[(cause, 0.87), ("cavitation".parse().unwrap(), 0.5)]).await.unwrap();
    let told: Vec<_> = records.iter().map(|record| (record.confirmed, record.refuted, record.calibrated)).collect();
    assert_eq!(told, [(2, 0, None), (0, 0, None)]);
    let patterns = projections.fault_patterns().await.unwrap();
    assert_eq!(patterns.iter().map(|pattern| pattern.cases.len()).sum::<usize>(), 2);
}

async fn a_signal_that_drifts_shows_when_it_reaches_its_threshold(bench: &Bench) {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    let begun = recorder.now();
    road::awaiting(&mut recorder, road::case(1));
    // From 2.0 at its baseline's mean by 0.1 standard deviations a minute: 0.8 above it is critical.
    let scans =
        (0..1_800_u32).map(|second| road::scan(second.into(), begun + TimeDelta::seconds(second.into()), 2.0 + f64::from(second) * 0.01 / 60.0));
    log.append_readings(scans.collect()).await.unwrap();
    let projections = bench.caught_up(&log).await;
    let row = open_cases::find(&projections.ledger(), road::case(1)).await.unwrap().unwrap();
    let found = projections.forecasts(&row).await.unwrap();
    let [vibration] = found.as_slice() else { panic!("{found:?}") };
    assert!(!vibration.described && (vibration.threshold - 2.8).abs() < 1e-9, "{vibration:?}");
    let hours = vibration.forecast.expected_s / 3_600.0;
    assert!((hours - 0.5 / 0.6).abs() < 0.05 && (vibration.forecast.velocity_per_h - 0.6).abs() < 0.02, "{vibration:?}");
}
