//! Signed notes as C2SP has them: some lines of text, an empty line, and lines with signatures. Witnesses may add theirs.

use super::key::PublicKey;
use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;

/// A note is small; what is larger is none.
const MOST_BYTES: usize = 1 << 20;
const MARK: &str = "\u{2014} ";

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadNote {
    #[error("this is no signed note: it has no empty line before its signatures, or is larger than 1 MB")]
    Shape,
    #[error("line {0} of its signatures is none")]
    Signature(usize),
    #[error("no signature in it is by the key {key} under the name {name}")]
    NotBy { key: PublicKey, name: String },
    #[error("the signature by {0} does not fit the text: one of the two was changed")]
    Forged(String),
}

/// One line under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    key: [u8; 4],
    signature: Vec<u8>,
}

/// A note as it was signed. What it says counts only for who has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    lines: Vec<Line>,
}

impl SignedNote {
    /// Signs `text`, which ends in a newline and has no empty line.
    pub fn sign(text: String, name: &str, key: &PublicKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> Self {
        let signature = sign(text.as_bytes()).to_vec();
        Self { text, lines: vec![Line { name: name.to_string(), key: key.id(name), signature }] }
    }

    pub fn parse(note: &str) -> Result<Self, BadNote> {
        if note.len() > MOST_BYTES {
            return Err(BadNote::Shape);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(BadNote::Shape)?;
        let signatures = signatures.strip_suffix('\n').filter(|lines| !lines.is_empty()).ok_or(BadNote::Shape)?;
        let lines = (1..).zip(signatures.split('\n')).map(|(number, line)| read_line(line).ok_or(BadNote::Signature(number)));
        Ok(Self { text: format!("{text}\n"), lines: lines.collect::<Result<_, _>>()? })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, once this key is known to have signed it under this name.
    pub fn verified(&self, name: &str, key: &PublicKey) -> Result<&str, BadNote> {
        let id = key.id(name);
        let line = self.lines.iter().find(|line| line.name == name && line.key == id);
        let line = line.ok_or_else(|| BadNote::NotBy { key: *key, name: name.to_string() })?;
        let signature: Option<[u8; 64]> = line.signature.as_slice().try_into().ok();
        match signature.filter(|signature| key.verifies(self.text.as_bytes(), signature)) {
            Some(_) => Ok(&self.text),
            None => Err(BadNote::Forged(name.to_string())),
        }
    }
}

fn read_line(line: &str) -> Option<Line> {
    let (name, signature) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = STANDARD.decode(signature).ok()?;
    let (key, signature) = bytes.split_first_chunk::<4>()?;
    let plain = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    plain.then(|| Line { name: name.to_string(), key: *key, signature: signature.to_vec() })
}

impl std::fmt::Display for SignedNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        let mut lines = self.lines.iter();
        lines.try_for_each(|line| {
            let signature = [&line.key[..], &line.signature].concat();
            writeln!(f, "{MARK}{} {}", line.name, STANDARD.encode(signature))
        })
    }
}

/// The notes of a file in which one follows the other.
pub fn notes_in(file: &str) -> impl Iterator<Item = Result<SignedNote, BadNote>> {
    let mut rest = file;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('\n');
        if rest.is_empty() {
            return None;
        }
        let text = rest.find("\n\n").map_or(rest.len(), |at| at + 2);
        let signatures: usize = rest[text..].split_inclusive('\n').take_while(|line| line.starts_with(MARK)).map(str::len).sum();
        let (note, behind) = rest.split_at(text + signatures);
        rest = behind;
        Some(SignedNote::parse(note))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in Go's documentation of signed notes: text, key and signature by a program that is not ours.
    const GO: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_note_that_another_program_signed_is_verified_and_written_as_it_was() {
        let note = SignedNote::parse(GO).unwrap();
        let text = note.verified("PeterNeumann", &GO_KEY.parse().unwrap()).unwrap();
        assert!(text.starts_with("If you think") && text.ends_with("is.\n"), "{text}");
        assert_eq!(note.to_string(), GO);
    }

    #[test]
    fn a_changed_text_or_another_name_is_refused() {
        let key: PublicKey = GO_KEY.parse().unwrap();
        let changed = SignedNote::parse(&GO.replace("cryptography", "accounting")).unwrap();
        assert_eq!(changed.verified("PeterNeumann", &key), Err(BadNote::Forged("PeterNeumann".into())));
        let note = SignedNote::parse(GO).unwrap();
        assert!(matches!(note.verified("Somebody", &key), Err(BadNote::NotBy { .. })));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for text in ["", "a\n", "a\n\n", "a\n\nb\n", "a\n\n\u{2014} n\n", "a\n\n\u{2014} n+m AAAAAAAA\n", "a\n\n\u{2014} n AAAA"] {
            assert!(SignedNote::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn notes_that_follow_each_other_are_told_apart() {
        let file = format!("{GO}\n{GO}{GO}torn");
        let read: Vec<bool> = notes_in(&file).map(|note| note.is_ok_and(|note| note.to_string() == GO)).collect();
        assert_eq!(read, [true, true, true, false]);
    }
}
