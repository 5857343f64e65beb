//! Which files of a folder hold which fault since when: `manifest.csv` or `manifest.json`, and `channels.csv` for vendors' words.

use serde::{Deserialize, Deserializer};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// One labelled episode. Other columns, such as a seed, are the author's own and are not looked at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// Relative to the folder.
    pub file: String,
    #[serde(alias = "fault", alias = "cause", deserialize_with = "word")]
    pub label: String,
    /// The first faulty row, from 0, behind the header: as many rows are healthy.
    #[serde(default, alias = "lead_in_rows", alias = "lead_in", alias = "healthy_rows")]
    pub onset_row: Option<usize>,
    /// The first faulty time, as the file writes times.
    #[serde(default, alias = "onset", deserialize_with = "maybe_word")]
    pub onset_time: Option<String>,
    #[serde(default)]
    pub vendor: Option<String>,
    /// `memory` or `query`; without any, each is asked of all others.
    #[serde(default)]
    pub role: Option<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Memory,
    Query,
}

/// What `column` of a vendor's files is, in words that vendors share.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Translation {
    vendor: String,
    column: String,
    key: String,
}

/// (vendor, column) to shared key.
pub type Translations = BTreeMap<(String, String), String>;

#[derive(Debug, Error)]
pub enum BadManifest {
    #[error(
        "there is no manifest.csv or manifest.json in {}; write one: manifest.csv with the columns file,label,onset_row[,vendor][,role], one line an episode",
        .0.display()
    )]
    Missing(PathBuf),
    #[error("could not read {}; it needs the columns file,label and onset_row or onset_time, and may have vendor and role (memory or query)", .path.display())]
    Csv {
        path: PathBuf,
        #[source]
        cause: csv::Error,
    },
    #[error("could not read {}; it must be a list of objects, or one object with it as `episodes`, with file, label and onset_row or onset_time, and may have vendor and role (memory or query)", .path.display())]
    Json {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
    #[error("could not read {}; check that it may be read", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("{} names {count} episodes; name at least two", .path.display())]
    TooFew { path: PathBuf, count: usize },
    #[error("{} names {file} twice; name each file once", .path.display())]
    FileTwice { path: PathBuf, file: String },
    #[error("{} marks no episode as {missing}; mark both memory and query, or leave `role` out to ask each episode of all others", .path.display())]
    OneSided { path: PathBuf, missing: &'static str },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Bare(Vec<Entry>),
    Named { episodes: Vec<Entry> },
}

/// The episodes of the folder in the order of their file names, whatever the manifest's.
pub fn read_manifest(folder: &Path) -> Result<Vec<Entry>, BadManifest> {
    let (table, list) = (folder.join("manifest.csv"), folder.join("manifest.json"));
    let (path, mut entries) = if table.is_file() {
        let entries = rows(&table)?;
        (table, entries)
    } else if list.is_file() {
        let text = std::fs::read_to_string(&list).map_err(|cause| BadManifest::Unreadable { path: list.clone(), cause })?;
        let entries: Listed = serde_json::from_str(&text).map_err(|cause| BadManifest::Json { path: list.clone(), cause })?;
        let (Listed::Bare(entries) | Listed::Named { episodes: entries }) = entries;
        (list, entries)
    } else {
        return Err(BadManifest::Missing(folder.into()));
    };
    entries.sort_by(|one, other| one.file.cmp(&other.file));
    if entries.len() < 2 {
        return Err(BadManifest::TooFew { path, count: entries.len() });
    }
    if let Some(twice) = entries.windows(2).find(|pair| pair[0].file == pair[1].file) {
        return Err(BadManifest::FileTwice { path, file: twice[0].file.clone() });
    }
    let has = |role| entries.iter().any(|entry| entry.role == Some(role));
    match (has(Role::Memory), has(Role::Query)) {
        (true, false) => Err(BadManifest::OneSided { path, missing: "query" }),
        (false, true) => Err(BadManifest::OneSided { path, missing: "memory" }),
        (true, true) | (false, false) => Ok(entries),
    }
}

/// From `channels.csv` (vendor,column,key), if there is one. Without it columns of one name are one channel.
pub fn read_translations(folder: &Path) -> Result<Translations, BadManifest> {
    let path = folder.join("channels.csv");
    if !path.is_file() {
        return Ok(Translations::new());
    }
    let rows: Vec<Translation> = rows(&path)?;
    Ok(rows.into_iter().map(|row| ((row.vendor, row.column), row.key)).collect())
}

fn rows<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, BadManifest> {
    let unreadable = |cause| BadManifest::Csv { path: path.into(), cause };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(unreadable)?;
    reader.deserialize().collect::<Result<_, _>>().map_err(unreadable)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Whole(i64),
    Number(f64),
}

impl Word {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Fault numbers are labels, too.
fn word<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Word::deserialize(from).map(Word::text)
}

fn maybe_word<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Word>::deserialize(from)?.map(Word::text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Vec<Entry>, BadManifest> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        read_manifest(folder.path())
    }

    #[test]
    fn both_kinds_of_manifest_say_the_same() {
        let table = read("manifest.csv", "file,label,onset_row,vendor\nb.csv,2,160,acme\na.csv,clog,20,\n").unwrap();
        let list = r#"[{"file":"a.csv","label":"clog","onset_row":20},{"file":"b.csv","label":2,"onset_row":160,"vendor":"acme"}]"#;
        assert_eq!(table, read("manifest.json", list).unwrap());
        assert_eq!(table, read("manifest.json", &format!("{{\"episodes\":{list}}}")).unwrap());
        assert_eq!(table, read("manifest.csv", "file,fault,lead_in_rows,vendor\nb.csv,2,160,acme\na.csv,clog,20,\n").unwrap());
        assert_eq!((table[1].label.as_str(), table[1].onset_row), ("2", Some(160)));
        let timed = read("manifest.csv", "file,label,onset\na.csv,1,2020-03-09 10:14:33\nb.csv,1,28800\n").unwrap();
        assert_eq!(timed[1].onset_time.as_deref(), Some("28800"));
    }

    #[test]
    fn a_manifest_that_cannot_be_used_is_refused_with_what_to_do() {
        for (text, needed) in [
            ("file,kind\na.csv,1\n", "columns file,label"),
            ("file,label\na.csv,1\n", "at least two"),
            ("file,label\na.csv,1\na.csv,2\n", "each file once"),
            ("file,label,role\na.csv,1,query\nb.csv,1,\n", "no episode as memory"),
        ] {
            let refused = read("manifest.csv", text).unwrap_err().to_string();
            assert!(refused.contains(needed), "{refused}");
        }
        assert!(read("other.csv", "").unwrap_err().to_string().contains("write one"));
    }
}
