//! Recordings of a real water circuit are read whole, when they are there.
#![allow(clippy::unwrap_used)]

use millwright_ingest::files::{
    columns::ColumnMap,
    recording::{Recording, asset_of, imported_plant},
};
use std::path::{Path, PathBuf};

/// The folder with recordings, or `None` after saying loudly that the test is skipped.
fn recordings() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("MILLWRIGHT_SHARED").map_or_else(beside, PathBuf::from);
    if shared.join("data/skab").is_dir() {
        return Some(shared);
    }
    let missing = format!("{} holds no data/skab; set MILLWRIGHT_SHARED", shared.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
    eprintln!("SKIPPED: {missing}");
    None
}

#[test]
fn every_recording_of_the_water_circuit_is_read_without_a_refused_row() {
    let Some(shared) = recordings() else { return };
    let site = "skab".parse().unwrap();
    let files = std::fs::read_dir(shared.join("data/skab/valve1")).unwrap().map(|entry| entry.unwrap().path());
    let open = |file: PathBuf| Recording::open(&file, &ColumnMap::skab(), &site, &asset_of(&file)).unwrap();
    let recordings: Vec<Recording> = files.map(open).collect();
    let plant = imported_plant(&site, &recordings).checked().unwrap();
    assert_eq!((plant.assets.len(), plant.signals().count()), (16, 128));

    let mut anomalous = 0;
    for mut recording in recordings {
        assert_eq!(recording.labels().collect::<Vec<_>>(), ["anomaly", "changepoint"]);
        anomalous += recording.by_ref().filter(|row| row.as_ref().unwrap().labels[0] == 1.0).count();
        let counts = recording.counts();
        assert!(counts.taken > 1_000 && counts.refused == 0, "{counts:?}");
    }
    assert!(anomalous > 5_000, "{anomalous}");
}
