//! The whole road: a folder of runs of the made plant, read, disturbed, ranked; and bad folders.

use super::*;
use crate::evaluate::similar::process::{FAULTS, ProcessPlant};
use std::fmt::Write;

fn runs(plant: u64, seeds: std::ops::Range<u64>, onset: usize, rows: usize) -> Vec<Labelled> {
    let made = ProcessPlant::new(plant);
    let mut runs = Vec::new();
    for seed in seeds {
        for (number, (label, fault)) in FAULTS.into_iter().enumerate() {
            let episode = made.episode(fault, seed * 100 + number as u64, onset, rows);
            runs.push(Labelled { file: format!("{label}/{seed:02}.csv"), label: label.into(), vendor: None, role: None, episode });
        }
    }
    runs.sort_by(|one, other| one.file.cmp(&other.file));
    runs
}

/// Three plants that no constant was chosen on, pooled: on one alone a few confusions of a stuck and a sticking valve weigh too much.
#[test]
fn the_right_fault_comes_first_and_disturbances_take_little() {
    let reports: Vec<SimilarReport> =
        (101..104).map(|plant| compare_episodes(&runs(plant, 0..4, 160, 560), &SimilarOptions::default()).unwrap()).collect();
    let first = |at: usize| reports.iter().map(|report| report.figures[at].top_1()).sum::<f64>() / 3.0;
    assert!(first(0) >= 0.95, "{}", first(0));
    for at in 1..5 {
        assert!(first(at) >= first(0) - 0.02, "{at}: {} of {}", first(at), first(0));
    }
    let error = reports.iter().filter_map(|report| report.figures[4].calibration_error).sum::<f64>() / 3.0;
    assert!(error > 0.0 && error < 0.08, "{error}");
}

#[test]
fn a_folder_is_read_ranked_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut manifest = "file,label,onset_row\n".to_string();
    for run in runs(102, 0..2, 60, 260).iter().filter(|run| run.label.starts_with("step-")) {
        let file = run.file.replace('/', "-");
        let names: Vec<&str> = run.episode.channels.iter().map(|channel| channel.key.0.as_str()).collect();
        let mut text = format!("time,{}\n", names.join(","));
        for (row, time) in run.episode.times.iter().enumerate() {
            let values: Vec<String> = run.episode.channels.iter().map(|channel| channel.values[row].to_string()).collect();
            writeln!(text, "{time},{}", values.join(",")).unwrap();
        }
        std::fs::write(folder.path().join(&file), text).unwrap();
        writeln!(manifest, "{file},{},60", run.label).unwrap();
    }
    std::fs::write(folder.path().join("manifest.csv"), manifest).unwrap();
    let report = evaluate_similar(folder.path(), &SimilarOptions { top: 3, ..SimilarOptions::default() }).unwrap();
    assert_eq!((report.figures.len(), report.figures[0].queries, report.ranking.len()), (5, 14, 42));
    assert!(report.figures[0].top_1() > 0.8, "{:?}", report.figures());
    let mut out = Vec::new();
    report.write_ranking(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("query,rank,file,label,score,calibrated\nstep-0-00.csv,1,"), "{text}");
}

#[test]
fn a_query_is_asked_of_the_memory_only_and_never_of_its_own_vendor() {
    let mut runs = runs(103, 0..3, 60, 260);
    runs.retain(|run| ["step-0", "step-5"].contains(&run.label.as_str()));
    for run in &mut runs {
        let first = run.file.ends_with("00.csv");
        run.role = Some(if first { Role::Query } else { Role::Memory });
        run.vendor = Some(if run.file.ends_with("02.csv") { "other" } else { "own" }.into());
    }
    let options = SimilarOptions { other_vendors: true, disturbance: Disturbance::NONE, ..SimilarOptions::default() };
    let report = compare_episodes(&runs, &options).unwrap();
    assert_eq!((report.in_memory, report.figures[0].queries), (4, 2));
    assert!(report.ranking.iter().all(|ranked| ranked.query.ends_with("00.csv") && ranked.file.ends_with("02.csv")));
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_to_do() {
    let mut alone = runs(104, 0..1, 60, 260);
    alone.truncate(2);
    let refused = compare_episodes(&alone, &SimilarOptions::default()).unwrap_err();
    assert!(matches!(refused, CannotCompareEpisodes::NothingToFind), "{refused}");
    let mut short = runs(104, 0..2, 60, 260);
    short[3].episode.onset = 2.0 * 180.0;
    let refused = compare_episodes(&short, &SimilarOptions::default()).unwrap_err();
    assert!(matches!(&refused, CannotCompareEpisodes::Episode { file, .. } if *file == short[3].file), "{refused}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("manifest.csv"), "file,label\na.csv,1\nb.csv,1\n").unwrap();
    std::fs::write(folder.path().join("a.csv"), "time,x\n0,1\n1,2\n").unwrap();
    let refused = evaluate_similar(folder.path(), &SimilarOptions::default()).unwrap_err();
    assert!(std::error::Error::source(&refused).unwrap().to_string().contains("--lead-in-rows"));
}
