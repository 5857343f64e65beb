//! Lists of tags that other tools export, turned into a plant file: rows in, assets, signals and points out. Pure.
//!
//! `table` reads a CSV file, `tia` what TIA Portal exports, `guess` says what a name probably means, `plant_file` writes it all down. Every row
//! goes through the very check that a configured device goes through, so what is written can be used, and what cannot is named with its reason.

pub mod guess;
pub mod plant_file;
mod table;
mod tia;

use thiserror::Error;

/// No honest export is larger.
pub const MOST_BYTES: u64 = 64 << 20;
const MOST_TAGS: usize = 20_000;

/// One row as the other tool had it. Only what can be used is kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tag {
    /// In the file, from 1.
    pub line: u64,
    pub name: String,
    pub address: String,
    pub data_type: Option<String>,
    pub asset: Option<String>,
    pub kind: Option<String>,
    pub unit: Option<String>,
    pub scale: Option<f64>,
    pub offset: Option<f64>,
    pub byte_order: Option<String>,
    pub comment: String,
}

/// A row that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {name:?} {why}")]
pub struct Unusable {
    pub line: u64,
    pub name: String,
    pub why: String,
}

/// Everything that a file holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tags {
    pub tags: Vec<Tag>,
    pub unusable: Vec<Unusable>,
}

impl Tags {
    fn refuse(&mut self, line: u64, name: &str, why: impl Into<String>) {
        self.unusable.push(Unusable { line, name: shortened(name), why: why.into() });
    }
    fn take(&mut self, tag: Tag) -> Result<(), BadTags> {
        if self.tags.len() + self.unusable.len() >= MOST_TAGS {
            return Err(BadTags::TooMany);
        }
        match (tag.name.is_empty(), tag.address.is_empty()) {
            (true, _) => self.refuse(tag.line, &tag.name, "has no name"),
            (_, true) => self.refuse(tag.line, &tag.name, "has no address; a symbolic or optimised one cannot be reached by number"),
            _ => self.tags.push(tag),
        }
        Ok(())
    }
}

/// Why a file holds no tags at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadTags {
    #[error("it has no column for the {what}; its columns are: {present}. Name it {what:?}, and separate columns by comma, semicolon or tab")]
    NoColumn { what: &'static str, present: String },
    #[error("it is empty; export the tags once more")]
    Empty,
    #[error("it is no XML that can be read, near byte {at}: {why}")]
    BadXml { at: u64, why: String },
    #[error("it has a DOCTYPE, which no export of TIA Portal has; it is not read any further")]
    DocType,
    #[error("it holds no tags; export a PLC tag table (Tags, Export) or a block with absolute offsets")]
    NoTags,
    #[error("it holds more than {MOST_TAGS} tags; a plant file of that size cannot be read by people, so split the export")]
    TooMany,
}

/// The tags in a file, whichever of the known forms it has.
pub fn read(bytes: &[u8]) -> Result<Tags, BadTags> {
    let text = text(bytes);
    let tags = if text.trim_start().starts_with('<') { tia::read(&text)? } else { table::read(&text)? };
    if tags.tags.is_empty() && tags.unusable.is_empty() { Err(BadTags::NoTags) } else { Ok(tags) }
}

/// What the bytes say: UTF-8 or UTF-16, or else the single-byte letters of Western Windows, in which spreadsheets still save.
fn text(bytes: &[u8]) -> String {
    let wide = |of: fn([u8; 2]) -> u16| {
        let pairs = bytes.get(2..).unwrap_or_default().chunks_exact(2);
        String::from_utf16_lossy(&pairs.filter_map(|pair| Some(of(pair.try_into().ok()?))).collect::<Vec<_>>())
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes)) {
            Ok(text) => text.to_string(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_each_encoding_that_tools_save_in() {
        assert_eq!(text("\u{feff}Öl".as_bytes()), "Öl");
        assert_eq!(text(&[0xFF, 0xFE, 0xD6, 0x00, 0x6C, 0x00]), "Öl");
        assert_eq!(text(&[0xFE, 0xFF, 0x00, 0xD6, 0x00, 0x6C]), "Öl");
        assert_eq!(text(&[0xD6, 0x6C]), "Öl");
    }

    #[test]
    fn an_empty_file_or_one_without_tags_says_so() {
        assert_eq!(read(b""), Err(BadTags::Empty));
        assert_eq!(read(b"<Tagtable/>"), Err(BadTags::NoTags));
        assert_eq!(read(b"name,address\n"), Err(BadTags::NoTags));
    }
}
