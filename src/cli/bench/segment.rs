//! The physical limit that appending is measured against: a bare file of length-prefixed, checksummed records, synced after each batch.

use anyhow::Result;
use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

/// Appends the batch so many times; nothing is compressed, indexed or chained.
pub fn append(path: &Path, batch: &[Vec<u8>], times: u64) -> Result<Duration> {
    let mut file = File::create(path)?;
    let began = Instant::now();
    let mut buffer = Vec::new();
    for _ in 0..times {
        buffer.clear();
        for record in batch {
            buffer.extend_from_slice(&u32::try_from(record.len())?.to_le_bytes());
            buffer.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
            buffer.extend_from_slice(record);
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
    }
    Ok(began.elapsed())
}
