//! Bytes that change, rows that vanish, files that are cut: found, and named with their place.

use crate::plant::{at, drafts, ledger, open, scan, scans, site};
use millwright_domain::{
    chain::StoredRecord,
    ports::event_log::{EventLog, LogError},
    reading::Scan,
};
use millwright_infra::{
    EmbeddedLog,
    log::embedded::verify::{Finding, verify_ledger, verify_readings},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SEED: u64 = 20_261_121;

/// A closed log of one site and one device, and what is in it.
struct Written {
    dir: TempDir,
    records: Vec<StoredRecord>,
    scans: Vec<Scan>,
}

async fn written() -> Written {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).unwrap();
    let mut owner = log.own(&site("demo"), "test", at(0)).await.unwrap();
    for start in (0..200).step_by(20) {
        owner.commit(drafts(start..start + 20), at(1)).await.unwrap();
        log.append_readings((start..start + 20).map(|number| scan("plc", number)).collect()).await.unwrap();
    }
    let (records, scans) = (ledger(&log, &site("demo")).await.unwrap(), scans(&log).await.unwrap());
    log.close().await;
    Written { dir, records, scans }
}

impl Written {
    fn ledger_db(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }
    fn readings_db(&self) -> PathBuf {
        let files = std::fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut days = files.filter(|path| path.extension().is_some_and(|kind| kind == "db") && path.to_string_lossy().contains("readings-"));
        days.next().unwrap()
    }
    fn sql(&self, path: &Path, sql: &str) {
        rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    }
    fn findings(&self) -> Vec<Finding> {
        let ledger = verify_ledger(self.dir.path(), &mut |_| {}).unwrap();
        let readings = verify_readings(self.dir.path(), &mut |_| {}).unwrap();
        [ledger.findings, readings.findings].concat()
    }
    /// Everything as it was written, or an error; never something else.
    async fn read(&self) -> Result<(), LogError> {
        let log = EmbeddedLog::open_read_only(self.dir.path())?;
        assert!(ledger(&log, &site("demo")).await? == self.records && scans(&log).await? == self.scans, "something else was read");
        Ok(())
    }
}

fn place(refused: Result<impl Sized, LogError>) -> String {
    match refused.err() {
        Some(LogError::Damaged { place, .. }) => place,
        other => panic!("expected damage, not {other:?}"),
    }
}

#[tokio::test]
async fn a_whole_log_verifies_and_counts_its_records() {
    let written = written().await;
    let mut told = Vec::new();
    let verified = verify_ledger(written.dir.path(), &mut |walked| told.push((walked.partition.clone(), walked.done, walked.of))).unwrap();
    assert_eq!(verified.good.into_iter().collect::<Vec<_>>(), [(site("demo"), 201)]);
    assert_eq!(told.last(), Some(&(site("demo"), 201, 201)));
    assert_eq!(verify_readings(written.dir.path(), &mut |_| {}).unwrap().good.into_values().collect::<Vec<_>>(), [200]);
    assert_eq!(written.findings(), []);
    written.read().await.unwrap();
}

#[tokio::test]
async fn a_flipped_bit_is_named_or_lies_where_nothing_is_stored() {
    let written = written().await;
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut named = 0;
    for file in [written.ledger_db(), written.readings_db()] {
        let good = std::fs::read(&file).unwrap();
        for _flip in 0..80 {
            let bit = chance.random_range(0..good.len() * 8);
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, &bad).unwrap();
            let verified = [verify_ledger(written.dir.path(), &mut |_| {}), verify_readings(written.dir.path(), &mut |_| {})];
            let found = verified.iter().any(|verified| verified.as_ref().map_or(true, |verified| !verified.findings.is_empty()));
            let read = written.read().await;
            assert!(found || read.is_ok(), "bit {bit} of {} (seed {SEED}) stops reading and is not named: {read:?}", file.display());
            named += usize::from(found);
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(named > 10, "only {named} of 160 flips hit something");
    assert_eq!(written.findings(), []);
}

#[tokio::test]
async fn a_batch_with_a_flipped_bit_is_named_with_file_partition_and_seq() {
    let written = written().await;
    let flip = "UPDATE batches SET bytes = CAST(substr(bytes, 1, 100) || x'00' || substr(bytes, 102) AS BLOB) WHERE base_seq BETWEEN 80 AND 90";
    written.sql(&written.ledger_db(), flip);
    written.sql(&written.readings_db(), flip);
    let places: Vec<String> = written.findings().iter().map(ToString::to_string).collect();
    assert!(places[0].contains("ledger.db, ledger/demo, seq 81: the checksum does not match"), "{places:?}");
    assert!(places[1].contains(".db, readings/0, seq 80: the checksum does not match"), "{places:?}");
    assert!(place(written.read().await).contains("ledger.db, ledger/demo, seq 81"));
}

#[tokio::test]
async fn a_column_of_another_type_is_named_with_its_batch() {
    let written = written().await;
    for file in [written.ledger_db(), written.readings_db()] {
        written.sql(&file, "UPDATE batches SET count = 'many' WHERE base_seq BETWEEN 80 AND 90");
    }
    let seqs: Vec<u64> = written.findings().iter().map(|finding| finding.seq).collect();
    assert_eq!(seqs, [81, 80]);
    assert!(place(written.read().await).contains("ledger.db, ledger/demo, seq"));
}

#[tokio::test]
async fn a_missing_batch_is_named_where_it_is_missing() {
    let written = written().await;
    written.sql(&written.ledger_db(), "DELETE FROM batches WHERE base_seq = 81");
    written.sql(&written.readings_db(), "DELETE FROM batches WHERE base_seq = 80");
    let seqs: Vec<u64> = written.findings().iter().map(|finding| finding.seq).collect();
    assert_eq!(seqs, [81, 80]);
    assert!(place(written.read().await).ends_with("ledger.db, ledger/demo, seq 81"));
}

#[tokio::test]
async fn a_shortened_log_is_refused_with_where_it_ends() {
    let written = written().await;
    written.sql(&written.ledger_db(), "DELETE FROM batches WHERE base_seq > 150");
    assert!(place(open(written.dir.path())).ends_with("ledger.db, ledger/demo, seq 161"));
    assert!(written.findings()[0].what.contains("everything before seq 201 was durable once"));
}

#[tokio::test]
async fn shortened_readings_are_refused_with_where_they_end() {
    let written = written().await;
    written.sql(&written.readings_db(), "DELETE FROM batches WHERE base_seq > 150");
    assert!(place(open(written.dir.path())).ends_with("readings/0, seq 160"));
    assert_eq!((written.findings()[0].seq, written.findings().len()), (160, 1));
    std::fs::remove_file(written.readings_db()).unwrap();
    assert!(place(open(written.dir.path())).ends_with("readings/0, seq 0"));
}

#[tokio::test]
async fn a_file_cut_anywhere_is_never_read_as_something_else() {
    let written = written().await;
    for file in [written.ledger_db(), written.readings_db()] {
        let good = std::fs::read(&file).unwrap();
        let mut found = 0;
        for part in 0..16 {
            std::fs::write(&file, &good[..good.len() * part / 16]).unwrap();
            let refused = matches!(open(written.dir.path()), Err(LogError::Damaged { .. }));
            // What was cut off may have been empty space at the end: then all is read as it was written, which `read` sees to.
            found += usize::from(refused || written.read().await.is_err());
            std::fs::write(&file, &good).unwrap();
        }
        assert!(found >= 12, "only {found} of 16 cuts of {} were found", file.display());
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let written = written().await;
    written.sql(&written.ledger_db(), "PRAGMA user_version = 7");
    let refused = open(written.dir.path()).err().unwrap();
    assert!(matches!(refused, LogError::TooNew { found: 7, known: 1, .. }), "{refused:?}");
    assert!(matches!(written.read().await, Err(LogError::TooNew { .. })));
}

#[tokio::test]
async fn one_process_writes_and_others_may_read_beside_it() {
    let written = written().await;
    let writer = open(written.dir.path()).unwrap();
    assert!(matches!(open(written.dir.path()), Err(LogError::Locked { .. })));
    let reader = EmbeddedLog::open_read_only(written.dir.path()).unwrap();
    assert_eq!(ledger(&reader, &site("demo")).await.unwrap(), written.records);
    let seen = reader.head().await.unwrap();
    writer.append_readings(vec![scan("plc", 200)]).await.unwrap();
    let head = tokio::time::timeout(std::time::Duration::from_secs(20), reader.past(&seen)).await.unwrap().unwrap();
    assert!(!seen.covers(&head));
    assert_eq!(scans(&reader).await.unwrap().len(), 201);
    assert!(reader.append_readings(vec![scan("plc", 201)]).await.is_err());
    writer.close().await;
    open(written.dir.path()).unwrap();
}
