//! One SQLite file of the log: how it is made and opened, and the rows in it.

use super::{
    batch::Row,
    failure::{sqlite, storage},
    options::EmbeddedOptions,
};
use millwright_domain::{
    Timestamp,
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params, types::Type};
use std::{collections::BTreeMap, fs::File, io, path::Path, time::Duration};

/// The format that this program writes. A file of a newer one is refused.
const FORMAT: u32 = 1;
/// "mwlg": tells `file` and us that it is a log of ours.
const APPLICATION: u32 = 0x6d77_6c67;
const PAGE: u64 = 16 << 10;

/// `begins` is where each partition stood when the file was begun; it lets the next file be told without the former ones.
const SCHEMA: &str = "
    CREATE TABLE batches (
        partition TEXT NOT NULL, base_seq INTEGER NOT NULL, count INTEGER NOT NULL,
        first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
        crc32c INTEGER NOT NULL, codec INTEGER NOT NULL, bytes BLOB NOT NULL);
    CREATE UNIQUE INDEX batches_by_seq ON batches (partition, base_seq);
    CREATE TABLE begins (partition TEXT PRIMARY KEY, next_seq INTEGER NOT NULL) WITHOUT ROWID;";

/// Skips from partition to partition through the index instead of walking every batch.
const ENDS: &str = "
    WITH RECURSIVE found (partition) AS (
        SELECT min(partition) FROM batches
        UNION ALL
        SELECT (SELECT min(partition) FROM batches WHERE partition > found.partition) FROM found WHERE found.partition IS NOT NULL)
    SELECT partition, (SELECT base_seq + count FROM batches b WHERE b.partition = found.partition ORDER BY base_seq DESC LIMIT 1)
    FROM found WHERE partition IS NOT NULL";

const COLUMNS: &str = "SELECT partition, base_seq, count, first_time, last_time, crc32c, codec, bytes FROM batches";

/// Opens a file for writing; makes it, with where its partitions begin, if there is none.
pub(super) fn open(path: &Path, begins: &BTreeMap<PartitionId, u64>, options: &EmbeddedOptions) -> Result<Connection, LogError> {
    if !path.exists() {
        create(path, begins)?;
    }
    let fail = |cause| sqlite("open the log", path, cause);
    let db = Connection::open(path).map_err(fail)?;
    prepare(&db, options).map_err(fail)?;
    refuse_what_is_not_ours(db, path)
}

/// Opens a file beside its writer.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|cause| sqlite("open the log", path, cause))?;
    db.busy_timeout(Duration::from_secs(5)).map_err(|cause| sqlite("open the log", path, cause))?;
    refuse_what_is_not_ours(db, path)
}

fn prepare(db: &Connection, options: &EmbeddedOptions) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "synchronous", if options.synchronous { "full" } else { "off" })?;
    db.pragma_update(None, "wal_autocheckpoint", options.fold_back_after_pages)?;
    if let Some(bytes) = options.max_file_bytes {
        db.pragma_update(None, "max_page_count", (bytes / PAGE).max(8))?;
    }
    Ok(())
}

fn refuse_what_is_not_ours(db: Connection, path: &Path) -> Result<Connection, LogError> {
    let pragma = |name: &str| db.query_row(name, [], |row| row.get::<_, u32>(0)).map_err(|cause| sqlite("open the log", path, cause));
    let (application, found) = (pragma("PRAGMA application_id")?, pragma("PRAGMA user_version")?);
    if application != APPLICATION {
        return Err(LogError::Damaged { place: path.display().to_string(), what: "it is no file of the log".into() });
    }
    if found > FORMAT {
        return Err(LogError::TooNew { place: path.display().to_string(), found, known: FORMAT });
    }
    Ok(db)
}

/// Made under another name and renamed when it is whole and synced: whoever finds a file of the log, finds a whole one,
/// whenever the power went.
fn create(path: &Path, begins: &BTreeMap<PartitionId, u64>) -> Result<(), LogError> {
    let draft = path.with_extension("new");
    let renamed = remove(&draft).and_then(|()| remove(path)).and_then(|()| {
        fill(&draft, begins).map_err(io::Error::other)?;
        File::open(&draft)?.sync_all()?;
        std::fs::rename(&draft, path)
    });
    renamed.map_err(|cause| storage("make a file of the log", path, cause))?;
    sync_directory_of(path)
}

fn fill(draft: &Path, begins: &BTreeMap<PartitionId, u64>) -> rusqlite::Result<()> {
    let mut db = Connection::open(draft)?;
    db.pragma_update(None, "page_size", PAGE)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    all.execute_batch(SCHEMA)?;
    for (partition, next_seq) in begins {
        all.execute("INSERT INTO begins VALUES (?1, ?2)", params![partition.to_string(), next_seq])?;
    }
    all.pragma_update(None, "application_id", APPLICATION)?;
    all.pragma_update(None, "user_version", FORMAT)?;
    all.commit()?;
    fold_back(&db)?;
    db.close().map_err(|(_still_open, cause)| cause)
}

/// Removes a file with what SQLite keeps beside it, if it is there. The file goes first: without its write-ahead log it would be
/// taken for a shorter one, whereas a log without its file is removed before the next file of that name is made.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(&name) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

/// SQLite syncs what is in the file; that the file is there at all is the directory's to remember.
pub(super) fn sync_directory_of(path: &Path) -> Result<(), LogError> {
    let dir = path.parent().unwrap_or(path);
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|cause| storage("sync the log's directory", dir, cause))
}

/// Appends all rows, or none.
pub(super) fn insert(db: &mut Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let all = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = all.prepare_cached("INSERT INTO batches VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        for row in rows {
            let (first, last) = (row.first_time.micros(), row.last_time.micros());
            insert.execute(params![row.partition.to_string(), row.base_seq, row.count, first, last, row.crc, row.codec, row.bytes])?;
        }
    }
    all.commit()
}

/// Brings everything from the write-ahead log into the file, which then is whole by itself: to copy, or to open from a read-only disk.
pub(super) fn fold_back(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Where each partition ends in this file.
pub(super) fn ends(db: &Connection) -> rusqlite::Result<Position> {
    let mut position = begins(db)?;
    let mut select = db.prepare_cached(ENDS)?;
    let ends = select.query_map([], |row| Ok((partition_of(row)?, row.get::<_, u64>(1)?)))?;
    for end in ends {
        let (partition, next_seq) = end?;
        position.advance(&partition, next_seq);
    }
    Ok(position)
}

/// Where each partition stood when this file was begun.
pub(super) fn begins(db: &Connection) -> rusqlite::Result<Position> {
    let mut position = Position::default();
    let mut select = db.prepare_cached("SELECT partition, next_seq FROM begins")?;
    for begin in select.query_map([], |row| Ok((partition_of(row)?, row.get::<_, u64>(1)?)))? {
        let (partition, next_seq) = begin?;
        position.advance(&partition, next_seq);
    }
    Ok(position)
}

/// The batches that hold `limit` records from `from` on: the first one may begin before, the last one end behind.
/// One short statement, so that no reader ever keeps the writer from folding its write-ahead log back.
pub(super) fn rows_from(db: &Connection, partition: &PartitionId, from: u64, limit: usize) -> rusqlite::Result<Vec<Row>> {
    /// Enough for a good stride, little enough to hold in memory.
    const MAX_BYTES: usize = 8 << 20;
    let sql = format!(
        "{COLUMNS} WHERE partition = ?1 AND base_seq >=
            coalesce((SELECT max(base_seq) FROM batches WHERE partition = ?1 AND base_seq <= ?2), 0) ORDER BY base_seq"
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut found = select.query(params![partition.to_string(), from])?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        let row = row_of(row)?;
        bytes += row.bytes.len();
        let end = row.end();
        rows.push(row);
        if end >= from.saturating_add(limit as u64) || bytes > MAX_BYTES {
            break;
        }
    }
    Ok(rows)
}

/// The last batch that begins before `before`.
pub(super) fn row_before(db: &Connection, partition: &PartitionId, before: u64) -> rusqlite::Result<Option<Row>> {
    let mut select = db.prepare_cached(&format!("{COLUMNS} WHERE partition = ?1 AND base_seq < ?2 ORDER BY base_seq DESC LIMIT 1"))?;
    let mut found = select.query(params![partition.to_string(), before.min(i64::MAX as u64)])?;
    found.next()?.map(row_of).transpose()
}

fn row_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        partition: partition_of(row)?,
        base_seq: row.get(1)?,
        count: row.get(2)?,
        first_time: Timestamp::from_micros(row.get(3)?),
        last_time: Timestamp::from_micros(row.get(4)?),
        crc: row.get(5)?,
        codec: row.get(6)?,
        bytes: row.get(7)?,
    })
}

fn partition_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<PartitionId> {
    let text: String = row.get(0)?;
    text.parse().map_err(|bad: millwright_domain::ids::BadName| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, bad.into()))
}
