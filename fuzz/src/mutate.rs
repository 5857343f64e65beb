//! Seeded mutations: flipped bits, cut, doubled and spliced pieces, and numbers that parsers stumble over.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub struct Mutator(ChaCha8Rng);

/// Pieces that end buffers, overflow numbers, or mean something to one of the formats.
const PIECES: &[&[u8]] = &[
    b"",
    b"\0",
    b"\n",
    b"\r\n",
    b"\xff\xff\xff\xff",
    b"\xc3\x28",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\u0000",
    b":",
    b",",
    b";",
    b"!",
    b".",
    b"-",
    b"1e999",
    b"-1",
    b"0",
    b"65535",
    b"65536",
    b"4294967296",
    b"18446744073709551616",
    b"NaN",
    b"inf",
    b"null",
    b"true",
    b"&a *a",
    b"<<: *x",
    b"400001",
];

impl Mutator {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// One of the inputs, changed one to eight times.
    pub fn mutated(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.one_of(inputs);
        for _ in 0..self.0.random_range(1..=8) {
            self.change(&mut bytes, inputs);
        }
        bytes.truncate(1 << 16);
        bytes
    }

    fn one_of(&mut self, inputs: &[Vec<u8>]) -> Vec<u8> {
        if inputs.is_empty() {
            return vec![];
        }
        let place = self.0.random_range(0..inputs.len());
        inputs.get(place).cloned().unwrap_or_default()
    }

    fn change(&mut self, bytes: &mut Vec<u8>, inputs: &[Vec<u8>]) {
        let (from, to) = self.stretch(bytes.len());
        match self.0.random_range(0..6) {
            0 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << self.0.random_range(0..8);
                }
            }
            1 => drop(bytes.drain(from..to)),
            2 => {
                let doubled: Vec<u8> = bytes.get(from..to).unwrap_or_default().to_vec();
                bytes.splice(to..to, doubled);
            }
            3 => {
                let piece = PIECES.get(self.0.random_range(0..PIECES.len())).copied().unwrap_or_default();
                bytes.splice(from..from, piece.iter().copied());
            }
            4 => {
                let other = self.one_of(inputs);
                let (start, end) = self.stretch(other.len());
                bytes.splice(from..to, other.get(start..end).unwrap_or_default().iter().copied());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte = self.0.random();
                }
            }
        }
    }

    /// A stretch of up to 32 bytes.
    fn stretch(&mut self, length: usize) -> (usize, usize) {
        let from = self.0.random_range(0..=length);
        let to = (from + self.0.random_range(0..32)).min(length);
        (from, to)
    }
}

/// FNV-1a, to name a file.
pub fn fingerprint(input: &[u8]) -> u64 {
    input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
