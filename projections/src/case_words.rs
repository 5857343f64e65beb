//! Words that cases are looked for by: each has to be in where the case stands, what it is thought to be, or what its machine is called.

use crate::{
    db::{Ask, Value},
    plant::PlantRow,
};
use millwright_domain::ids::{AssetId, SiteId};
use thiserror::Error;

/// Longer is no search any more.
const MOST_BYTES: usize = 200;
const MOST_WORDS: usize = 8;
/// Machines that are named in one question: a database takes only so many values.
const MOST_MACHINES: usize = 10_000;
/// What a case says of itself, in the columns of `cases`.
const SAID: &str = "LOWER(asset || ' ' || COALESCE(cause, '') || ' ' || stage || ' ' || COALESCE(outcome, ''))";

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadWords {
    #[error("look for {MOST_WORDS} words of {MOST_BYTES} bytes in all at most")]
    TooMany,
    #[error("more than {MOST_MACHINES} machines are called that; say more of their name, or give `asset`")]
    TooCommon,
}

/// Each of them has to be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<Word>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Machines with the word in a name that they were given, where their id does not hold it anyway.
    named: Vec<(SiteId, AssetId)>,
}

impl Words {
    /// As somebody typed them. Names come from the plants, which alone know them.
    pub fn of<'a>(typed: &str, plants: impl Iterator<Item = &'a PlantRow> + Clone) -> Result<Self, BadWords> {
        if typed.len() > MOST_BYTES {
            return Err(BadWords::TooMany);
        }
        // Ids write `_` where people write a space.
        let typed = typed.to_lowercase();
        let words: Vec<&str> = typed.split(|c: char| c.is_whitespace() || c == '_').filter(|word| !word.is_empty()).collect();
        if words.len() > MOST_WORDS {
            return Err(BadWords::TooMany);
        }
        let words: Vec<Word> = words.into_iter().map(|word| Word { text: word.to_string(), named: named(word, plants.clone()) }).collect();
        if words.iter().map(|word| word.named.len()).sum::<usize>() > MOST_MACHINES {
            return Err(BadWords::TooCommon);
        }
        Ok(Self(words))
    }

    /// Adds the condition to a question about `cases` that ends in a `WHERE`.
    pub(crate) fn narrow(&self, ask: &mut Ask) {
        for Word { text, named } in &self.0 {
            ask.push(&format!(" AND ({SAID} LIKE ")).push_bind(Value::Text(anywhere(text))).push(" ESCAPE '\\'");
            for (place, (site, asset)) in named.iter().enumerate() {
                ask.push(if place == 0 { " OR (site, asset) IN (VALUES (" } else { ", (" }).push_bind(Value::text(site));
                ask.push(", ").push_bind(Value::text(asset)).push(")");
            }
            ask.push(if named.is_empty() { ")" } else { "))" });
        }
    }
}

fn named<'a>(word: &str, plants: impl Iterator<Item = &'a PlantRow>) -> Vec<(SiteId, AssetId)> {
    let plants = plants.filter_map(|row| row.plant.as_ref());
    let machines = plants.flat_map(|plant| plant.assets.iter().map(|asset| (&plant.site, asset)));
    let wanted = machines.filter(|(_, asset)| asset.name.to_lowercase().contains(word) && !asset.id.as_str().contains(word));
    wanted.map(|(site, asset)| (site.clone(), asset.id.clone())).collect()
}

/// A pattern of `LIKE` in which no character of the word means anything but itself.
fn anywhere(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_itself_in_a_pattern() {
        assert_eq!(anywhere("50%"), "%50\\%%");
        assert_eq!(anywhere("a_b\\"), "%a\\_b\\\\%");
    }

    #[test]
    fn words_are_told_apart_by_spaces_and_underscores_and_are_few() {
        let words = Words::of(" Bearing_wear  P-101 ", [].iter()).unwrap();
        assert_eq!(words.0.iter().map(|word| &*word.text).collect::<Vec<_>>(), ["bearing", "wear", "p-101"]);
        assert_eq!(Words::of("  ", [].iter()), Ok(Words::default()));
        assert_eq!(Words::of(&"a ".repeat(9), [].iter()), Err(BadWords::TooMany));
        assert_eq!(Words::of(&"a".repeat(201), [].iter()), Err(BadWords::TooMany));
    }
}
