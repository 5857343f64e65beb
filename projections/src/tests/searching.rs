//! Cases that are looked for by cause, by words and by the time that they were open in, however many came since.

use super::{Bench, on_both};
use crate::{
    Window,
    case_words::Words,
    open_cases::{self, CaseFilter},
    projections::Projections,
    testing::{MemoryLog, Recorder, road},
};
use millwright_domain::{
    Timestamp,
    case::{DiagnosisRecorded, Outcome},
    envelope::StreamId,
    ids::CaseId,
    site::PlantDescribed,
};

on_both!(an_older_case_is_found_behind_thirty_newer_ones, only_cases_that_were_open_meanwhile_are_told_of_a_stretch);

/// What a page shows at first.
const PAGE: usize = 25;

/// One case of cavitation that failed to be repaired, one of which nobody knows the cause, then thirty of a bearing.
fn thirty_two() -> MemoryLog {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    let mut plant = road::plant();
    plant.assets[0].name = "Kühlwasser 1".into();
    recorder.record(StreamId::site(), "svc-settings", PlantDescribed { plant });
    let at = recorder.now();
    let cavitation = DiagnosisRecorded { cause: "cavitation".parse().unwrap(), ..road::diagnosis(at) };
    let proposal = road::awaiting(&mut recorder, road::case(1));
    recorder.record(StreamId::case(road::case(1)), "svc-diagnosis", cavitation);
    road::finished(&mut recorder, road::case(1), &proposal, Outcome::FalseAlarm);
    recorder.record(StreamId::case(road::case(2)), "svc-monitor", road::alert(at));
    for number in 3..33 {
        let proposal = road::awaiting(&mut recorder, road::case(number));
        road::finished(&mut recorder, road::case(number), &proposal, Outcome::Repaired);
    }
    log
}

async fn found(projections: &Projections, filter: CaseFilter) -> Vec<CaseId> {
    let page = open_cases::page(&projections.ledger(), &filter, &Window::first(PAGE)).await.unwrap();
    page.rows.into_iter().map(|(_, row)| row.id).collect()
}

async fn an_older_case_is_found_behind_thirty_newer_ones(bench: &Bench) {
    let log = thirty_two();
    let projections = bench.caught_up(&log).await;
    let plants = projections.plants();
    let looked_for = |typed: &str| CaseFilter { words: Words::of(typed, plants.iter()).unwrap(), ..CaseFilter::default() };
    assert!(!found(&projections, CaseFilter::default()).await.contains(&road::case(1)), "it is on no first page");
    for typed in ["cavitation", "CAVI", "false alarm", "false_alarm", "Pump cavitation", "alarm pump-1"] {
        assert_eq!(found(&projections, looked_for(typed)).await, [road::case(1)], "{typed}");
    }
    assert_eq!(found(&projections, looked_for("KÜHL cavitation")).await, [road::case(1)], "a name that is not in the id");
    for typed in ["100%", "c_v_tation x", "\\", "'; DROP TABLE cases; --", "cavitation repaired"] {
        assert_eq!(found(&projections, looked_for(typed)).await, [], "{typed}");
    }
    for typed in ["", "  ", "bearing wear"] {
        assert_eq!(found(&projections, looked_for(typed)).await.len(), PAGE, "{typed}");
    }
    let of_a_cause = |cause: &str| CaseFilter { cause: Some(cause.parse().unwrap()), ..CaseFilter::default() };
    assert_eq!(found(&projections, of_a_cause("cavitation")).await, [road::case(1)]);
    assert_eq!(found(&projections, of_a_cause("unknown")).await, [road::case(2)]);
    assert_eq!(found(&projections, CaseFilter { open: Some(false), ..of_a_cause("unknown") }).await, []);
}

async fn only_cases_that_were_open_meanwhile_are_told_of_a_stretch(bench: &Bench) {
    let log = thirty_two();
    let projections = bench.caught_up(&log).await;
    let row = async |number: u32| open_cases::find(&projections.ledger(), road::case(number)).await.unwrap().unwrap();
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| CaseFilter { from, to, ..CaseFilter::default() };
    let (first, tenth) = (row(1).await, row(10).await);
    let until_the_first = found(&projections, between(None, Some(first.opened_at + chrono::TimeDelta::microseconds(1)))).await;
    assert_eq!(until_the_first, [road::case(1)]);
    assert_eq!(found(&projections, between(None, Some(first.opened_at))).await, [], "the last moment does not belong to it");
    let within = found(&projections, between(Some(tenth.opened_at), tenth.closed_at)).await;
    assert_eq!(within, [road::case(10), road::case(2)], "the one that is open since before, too");
    let newest = row(32).await.closed_at.unwrap() + chrono::TimeDelta::hours(1);
    assert_eq!(found(&projections, between(Some(newest), None)).await, [road::case(2)]);
}
