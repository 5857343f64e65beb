//! A segment file's bytes: a mark, then scans one after another, each with its length and a checksum over both.

use millwright_domain::{codec, reading::Scan};

/// Says what the file is, and in which format.
pub const MARK: &[u8; 8] = b"MWSPOOL1";
/// Length and checksum before each scan, four bytes each, little-endian.
const BEFORE: usize = 8;
/// No scan is longer; a length above it is damage.
const LONGEST: usize = 64 << 20;

/// What could be read, up to the end or to the first damage.
#[derive(Debug, Default, PartialEq)]
pub struct Parsed {
    /// Each scan with the bytes it takes up.
    pub scans: Vec<(Scan, u64)>,
    /// Bytes from the start that are whole. What follows is a torn tail or damage.
    pub whole: u64,
}

pub fn encode(scan: &Scan, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; BEFORE]);
    codec::encode_scan(scan, out);
    let length = u32::try_from(out.len() - start - BEFORE).unwrap_or(u32::MAX).to_le_bytes();
    let sum = checksum(length, &out[start + BEFORE..]).to_le_bytes();
    out[start..start + 4].copy_from_slice(&length);
    out[start + 4..start + BEFORE].copy_from_slice(&sum);
}

/// A whole file, its mark included.
pub fn parse(bytes: &[u8]) -> Parsed {
    let Some(rest) = bytes.strip_prefix(MARK) else { return Parsed::default() };
    let mut parsed = parse_scans(rest);
    parsed.whole += MARK.len() as u64;
    parsed
}

/// What follows the mark, from any scan's beginning on.
pub fn parse_scans(mut bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    while let Some((scan, taken)) = first(bytes) {
        parsed.scans.push((scan, taken as u64));
        parsed.whole += taken as u64;
        bytes = &bytes[taken..];
    }
    parsed
}

fn first(bytes: &[u8]) -> Option<(Scan, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let payload = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok().filter(|length| *length <= LONGEST)?)?;
    // The length is summed, too: a stretch of zeros is no scan.
    if checksum(*length, payload) != u32::from_le_bytes(*sum) {
        return None;
    }
    Some((codec::decode_scan(payload).ok()?, BEFORE + payload.len()))
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), payload)
}

#[cfg(test)]
mod tests {
    use super::super::testing::scan;
    use super::*;

    fn file(scans: &[Scan]) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        scans.iter().for_each(|scan| encode(scan, &mut bytes));
        bytes
    }

    #[test]
    fn a_file_cut_anywhere_yields_every_scan_that_is_whole_and_no_other() {
        let scans = [scan("a", 1, 0), scan("b", 1, 0), scan("a", 1, 1)];
        let bytes = file(&scans);
        for cut in 0..=bytes.len() {
            let parsed = parse(&bytes[..cut]);
            let whole = scans.iter().scan(MARK.len(), |end, scan| {
                let mut one = vec![];
                encode(scan, &mut one);
                *end += one.len();
                Some(*end)
            });
            assert_eq!(parsed.scans.len(), whole.filter(|end| *end <= cut).count(), "cut at {cut}");
            assert!(parsed.scans.iter().map(|(scan, _)| scan).eq(&scans[..parsed.scans.len()]));
        }
    }

    #[test]
    fn one_flipped_bit_ends_what_is_believed() {
        let bytes = file(&[scan("a", 1, 0), scan("a", 1, 1)]);
        let first = parse(&bytes).scans[0].1 as usize + MARK.len();
        for at in first..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert_eq!(parse(&flipped).scans.len(), 1, "bit at byte {at}");
        }
        let zeros = [&bytes[..], &[0; 64]].concat();
        assert_eq!(parse(&zeros).whole, bytes.len() as u64);
    }
}
