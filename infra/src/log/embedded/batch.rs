//! A record batch: many records of one partition in one row, compressed together, under one checksum.
//!
//! The idea is Kafka's record batch. Inside are frames: a length (u32, little endian) and so many bytes, one after the other.

use millwright_domain::{Timestamp, position::PartitionId};
use thiserror::Error;

/// No batch is ever this large unpacked, so a damaged length cannot make us ask for more memory.
const MAX_UNPACKED: usize = 64 << 20;
const PLAIN: u8 = 0;
const LZ4: u8 = 1;

/// Why stored bytes are no batch that we wrote.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadBatch {
    #[error("the checksum does not match")]
    Checksum,
    #[error("codec {0} is unknown")]
    Codec(u8),
    #[error("the compressed bytes do not unpack")]
    Packing,
    #[error("it was cut short or its count is wrong")]
    Frames,
}

/// A record that no batch can hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a record of {0} bytes is too large for the log, which takes up to 64 MiB")]
pub struct TooLarge(usize);

/// Frames on their way into one batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frames {
    count: u32,
    times: Option<(Timestamp, Timestamp)>,
    bytes: Vec<u8>,
}

impl Frames {
    /// Adds one record, whose bytes `write` appends. A record that cannot fit leaves the frames as they were.
    pub fn push(&mut self, time: Timestamp, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), TooLarge> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let size = self.bytes.len() - start - 4;
        if self.bytes.len() > MAX_UNPACKED {
            self.bytes.truncate(start);
            return Err(TooLarge(size));
        }
        self.bytes[start..start + 4].copy_from_slice(&(size as u32).to_le_bytes());
        self.count += 1;
        self.times = Some(self.times.map_or((time, time), |(first, last)| (first.min(time), last.max(time))));
        Ok(())
    }
    pub const fn count(&self) -> u32 {
        self.count
    }
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// Bytes before compression.
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }
    /// Takes in the frames of `next` behind our own.
    pub fn absorb(&mut self, next: &Self) {
        self.bytes.extend_from_slice(&next.bytes);
        self.count += next.count;
        self.times = match (self.times, next.times) {
            (Some((first, last)), Some((next_first, next_last))) => Some((first.min(next_first), last.max(next_last))),
            (ours, theirs) => ours.or(theirs),
        };
    }
    /// Compresses, if that helps.
    pub fn pack(self) -> Packed {
        let (first_time, last_time) = self.times.unwrap_or_default();
        let packed = lz4_flex::block::compress_prepend_size(&self.bytes);
        let (codec, bytes) = if packed.len() < self.bytes.len() { (LZ4, packed) } else { (PLAIN, self.bytes) };
        Packed { count: self.count, first_time, last_time, codec, bytes_crc: crc32c::crc32c(&bytes), bytes }
    }
}

/// A batch that has everything but its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    count: u32,
    first_time: Timestamp,
    last_time: Timestamp,
    codec: u8,
    bytes: Vec<u8>,
    bytes_crc: u32,
}

impl Packed {
    pub const fn count(&self) -> u32 {
        self.count
    }
    /// Gives the batch its place, which the checksum covers too.
    pub fn at(self, partition: PartitionId, base_seq: u64) -> Row {
        let Self { count, first_time, last_time, codec, bytes, bytes_crc } = self;
        let mut row = Row { partition, base_seq, count, first_time, last_time, crc: 0, codec, bytes };
        row.crc = row.checksum_over(bytes_crc);
        row
    }
}

/// A batch as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub partition: PartitionId,
    pub base_seq: u64,
    pub count: u32,
    pub first_time: Timestamp,
    pub last_time: Timestamp,
    pub crc: u32,
    pub codec: u8,
    pub bytes: Vec<u8>,
}

impl Row {
    /// The seq behind the last record.
    pub const fn end(&self) -> u64 {
        self.base_seq.saturating_add(self.count as u64)
    }
    /// The records, if every bit is as it was written.
    pub fn records(&self) -> Result<Vec<Vec<u8>>, BadBatch> {
        self.look(&mut Vec::new(), owned)
    }
    /// Looks at the records where they lie unpacked, in `room` or in the row, if every bit is as it was written. Whoever looks at many rows
    /// gives the same room each time.
    pub fn look<T>(&self, room: &mut Vec<u8>, at: impl FnOnce(Vec<&[u8]>) -> T) -> Result<T, BadBatch> {
        if self.checksum_over(crc32c::crc32c(&self.bytes)) != self.crc {
            return Err(BadBatch::Checksum);
        }
        unpacked(self.codec, self.count, &self.bytes, room, at)
    }
    fn checksum_over(&self, bytes_crc: u32) -> u32 {
        let mut crc = crc32c::crc32c_append(bytes_crc, self.partition.to_string().as_bytes());
        let numbers = [self.base_seq, u64::from(self.count), self.first_time.micros() as u64, self.last_time.micros() as u64, u64::from(self.codec)];
        for number in numbers {
            crc = crc32c::crc32c_append(crc, &number.to_le_bytes());
        }
        crc
    }
}

/// Unpacks the bytes of a batch into its records. Trusts nothing: also what passes the checksum may have been written by somebody else.
pub fn decode_batch(codec: u8, count: u32, bytes: &[u8]) -> Result<Vec<Vec<u8>>, BadBatch> {
    unpacked(codec, count, bytes, &mut Vec::new(), owned)
}

fn owned(records: Vec<&[u8]>) -> Vec<Vec<u8>> {
    records.into_iter().map(<[u8]>::to_vec).collect()
}

fn unpacked<T>(codec: u8, count: u32, bytes: &[u8], room: &mut Vec<u8>, at: impl FnOnce(Vec<&[u8]>) -> T) -> Result<T, BadBatch> {
    match codec {
        PLAIN => split(bytes, count).map(at),
        LZ4 => split(unpack(bytes, room)?, count).map(at),
        unknown => Err(BadBatch::Codec(unknown)),
    }
}

fn unpack<'a>(bytes: &[u8], room: &'a mut Vec<u8>) -> Result<&'a [u8], BadBatch> {
    let size = lz4_flex::block::uncompressed_size(bytes).ok().filter(|(size, _)| *size <= MAX_UNPACKED);
    let (size, packed) = size.ok_or(BadBatch::Packing)?;
    if room.len() < size {
        room.resize(size, 0);
    }
    let plain = &mut room[..size];
    let written = lz4_flex::block::decompress_into(packed, plain).ok().filter(|written| *written == size);
    written.ok_or(BadBatch::Packing)?;
    Ok(plain)
}

fn split(mut rest: &[u8], count: u32) -> Result<Vec<&[u8]>, BadBatch> {
    // Each frame has at least its length, so a wrong count cannot make us reserve more than the bytes could hold.
    let mut records = Vec::with_capacity((count as usize).min(rest.len() / 4));
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (record, next) = behind.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(BadBatch::Frames)?;
        records.push(record);
        rest = next;
    }
    if rest.is_empty() && records.len() == count as usize { Ok(records) } else { Err(BadBatch::Frames) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row_of(records: &[Vec<u8>]) -> Row {
        let mut frames = Frames::default();
        for (number, record) in records.iter().enumerate() {
            frames.push(Timestamp::from_secs(number as i64), |out| out.extend_from_slice(record)).unwrap();
        }
        frames.pack().at(PartitionId::platform(), 40)
    }

    proptest! {
        #[test]
        fn records_come_out_as_they_went_in(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..50)) {
            let row = row_of(&records);
            prop_assert_eq!(row.end(), 40 + records.len() as u64);
            prop_assert_eq!(row.records(), Ok(records));
        }

        #[test]
        fn arbitrary_bytes_never_panic(codec in 0u8..3, count in any::<u32>(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(records) = decode_batch(codec, count, &bytes) {
                prop_assert_eq!(records.len(), count as usize);
            }
        }

        #[test]
        fn a_cut_batch_is_detected(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..20), keep in 0.0..1.0f64) {
            let mut row = row_of(&records);
            row.bytes.truncate((row.bytes.len() as f64 * keep) as usize);
            prop_assert_eq!(row.records(), Err(BadBatch::Checksum));
            prop_assert!(decode_batch(row.codec, row.count, &row.bytes).is_err());
        }
    }

    #[test]
    fn every_single_flipped_bit_is_detected() {
        let good = row_of(&[b"{\"type\":\"AlertRaised\"}".repeat(9), b"x".to_vec(), vec![]]);
        for bit in 0..good.bytes.len() * 8 {
            let mut bad = good.clone();
            bad.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(bad.records(), Err(BadBatch::Checksum), "bit {bit} of the bytes");
        }
        for bit in 0..64 {
            let flips: [fn(&mut Row, u32); 6] = [
                |row, bit| row.base_seq ^= 1 << bit,
                |row, bit| row.count ^= 1 << (bit % 32),
                |row, bit| row.first_time = Timestamp::from_micros(row.first_time.micros() ^ (1 << bit)),
                |row, bit| row.last_time = Timestamp::from_micros(row.last_time.micros() ^ (1 << bit)),
                |row, bit| row.crc ^= 1 << (bit % 32),
                |row, bit| row.codec ^= 1 << (bit % 8),
            ];
            for (field, flip) in flips.iter().enumerate() {
                let mut bad = good.clone();
                flip(&mut bad, bit);
                assert_eq!(bad.records(), Err(BadBatch::Checksum), "bit {bit} of field {field}");
            }
        }
        let moved = Row { partition: PartitionId::readings(0), ..good };
        assert_eq!(moved.records(), Err(BadBatch::Checksum));
    }

    #[test]
    fn what_repeats_is_compressed_and_what_does_not_is_left() {
        assert_eq!(row_of(&[vec![7; 1000]]).codec, LZ4);
        assert_eq!(row_of(&[vec![7]]).codec, PLAIN);
    }

    #[test]
    fn a_length_from_damage_asks_for_no_memory() {
        assert_eq!(decode_batch(LZ4, 1, &[0xff, 0xff, 0xff, 0xff, 0]), Err(BadBatch::Packing));
        assert_eq!(decode_batch(PLAIN, u32::MAX, b""), Err(BadBatch::Frames));
    }
}
