//! Search over all pages: by words (BM25, stemmed) and by likeness of their letters, which forgives spelling; the two ranks are joined.

use super::Manual;
use bm25::{DefaultTokenizer, Language, SearchEngine, SearchEngineBuilder, Tokenizer};
use std::collections::{BTreeMap, BTreeSet};

/// A place in a manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub manual: String,
    pub title: String,
    pub revision: String,
    /// From 1.
    pub page: u32,
    pub quote: String,
}

/// A paragraph, where it stands.
struct Passage {
    manual: usize,
    page: u32,
    text: String,
    words: BTreeSet<String>,
    /// How often each three letters stand beside each other, over their length.
    likeness: BTreeMap<[char; 3], f32>,
}

/// All manuals, ready to be searched.
pub struct Library {
    pub manuals: Vec<Manual>,
    passages: Vec<Passage>,
    by_words: SearchEngine<u32>,
    tokenizer: DefaultTokenizer,
}

impl Default for Library {
    fn default() -> Self {
        Self::of(vec![])
    }
}

const LONGEST_PASSAGE: usize = 900;
const LONGEST_QUOTE: usize = 360;
/// Of each ranking.
const RANKED: usize = 50;
/// As in reciprocal rank fusion (Cormack, Clarke, Büttcher 2009).
const FUSION: f64 = 60.0;

impl Library {
    pub fn of(manuals: Vec<Manual>) -> Self {
        let tokenizer = DefaultTokenizer::new(Language::English);
        let mut passages = vec![];
        for (number, manual) in manuals.iter().enumerate() {
            for (page, text) in (1..).zip(&manual.pages) {
                passages.extend(paragraphs(text).into_iter().map(|text| Passage {
                    manual: number,
                    page,
                    words: tokenizer.tokenize(&text).into_iter().collect(),
                    likeness: likeness(&text),
                    text,
                }));
            }
        }
        let documents = (0..).zip(&passages).map(|(id, passage): (u32, _)| bm25::Document { id, contents: passage.text.clone() });
        let by_words = SearchEngineBuilder::<u32>::with_documents(Language::English, documents.collect::<Vec<_>>()).build();
        Self { manuals, passages, by_words, tokenizer }
    }

    /// The best places first. `must` are the words that it has to be about: a place with less than half of them is no answer.
    pub fn search(&self, must: &str, also: &str, is_about: impl Fn(&Manual) -> bool, most: usize) -> Vec<Hit> {
        let wanted: BTreeSet<String> = self.tokenizer.tokenize(must).into_iter().collect();
        if wanted.is_empty() {
            return vec![];
        }
        let query = format!("{must} {also}");
        let mut fused: BTreeMap<usize, f64> = BTreeMap::new();
        let by_words = self.by_words.search(&query, RANKED).into_iter().filter_map(|found| usize::try_from(found.document.id).ok());
        for (rank, passage) in by_words.enumerate() {
            *fused.entry(passage).or_default() += 1.0 / (FUSION + f64::from(u32::try_from(rank).unwrap_or(u32::MAX)));
        }
        for (rank, passage) in self.alike(&query).into_iter().enumerate() {
            *fused.entry(passage).or_default() += 1.0 / (FUSION + f64::from(u32::try_from(rank).unwrap_or(u32::MAX)));
        }
        let mut ranked: Vec<(usize, f64)> = fused.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let places = ranked.into_iter().filter_map(|(number, _)| self.passages.get(number));
        let answers = places.filter(|place| is_about(&self.manuals[place.manual]) && self.is_answer(place, &wanted));
        answers.take(most).map(|place| self.hit(place, &wanted)).collect()
    }

    fn is_answer(&self, place: &Passage, wanted: &BTreeSet<String>) -> bool {
        let known = wanted.iter().filter(|word| place.words.contains(*word) || self.is_nearly(place, word)).count();
        known * 2 >= wanted.len()
    }

    /// A misspelt word: most of its threes of letters stand in the text.
    fn is_nearly(&self, place: &Passage, word: &str) -> bool {
        let threes = likeness(word);
        let there = threes.keys().filter(|three| place.likeness.contains_key(*three)).count();
        threes.len() >= 4 && there * 5 >= threes.len() * 4
    }

    fn alike(&self, query: &str) -> Vec<usize> {
        let asked = likeness(query);
        let score = |passage: &Passage| asked.iter().map(|(three, share)| share * passage.likeness.get(three).copied().unwrap_or(0.0)).sum::<f32>();
        let mut ranked: Vec<(usize, f32)> = self.passages.iter().map(score).enumerate().filter(|(_, score)| *score > 0.1).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.into_iter().take(RANKED).map(|(number, _)| number).collect()
    }

    fn hit(&self, place: &Passage, wanted: &BTreeSet<String>) -> Hit {
        let manual = &self.manuals[place.manual];
        let sentences: Vec<&str> = place.text.split_inclusive(['.', '!', '?', ';', '\n']).collect();
        let told = |sentence: &str| self.tokenizer.tokenize(sentence).iter().filter(|word| wanted.contains(*word)).count();
        let best = (0..sentences.len()).max_by_key(|number| (told(sentences[*number]), usize::MAX - number)).unwrap_or(0);
        let mut quote = String::new();
        for sentence in sentences.iter().skip(best) {
            if !quote.is_empty() && quote.len() + sentence.len() > LONGEST_QUOTE {
                break;
            }
            quote.push_str(sentence);
        }
        let quote = quote.split_whitespace().collect::<Vec<_>>().join(" ");
        let quote = quote.chars().take(LONGEST_QUOTE).collect();
        Hit { manual: manual.name.clone(), title: manual.title.clone(), revision: manual.revision.clone(), page: place.page, quote }
    }
}

/// By empty lines, long ones cut between two lines or words.
fn paragraphs(page: &str) -> Vec<String> {
    let mut all = vec![];
    let mut current = String::new();
    for line in page.lines() {
        if line.trim().is_empty() || current.len() + line.len() > LONGEST_PASSAGE {
            all.extend((!current.trim().is_empty()).then(|| std::mem::take(&mut current)));
            current.clear();
        }
        current.push_str(line);
        current.push('\n');
    }
    all.extend((!current.trim().is_empty()).then_some(current));
    all
}

fn likeness(text: &str) -> BTreeMap<[char; 3], f32> {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect();
    let mut counts: BTreeMap<[char; 3], f32> = BTreeMap::new();
    for three in letters.windows(3) {
        *counts.entry([three[0], three[1], three[2]]).or_default() += 1.0;
    }
    let length = counts.values().map(|count| count * count).sum::<f32>().sqrt();
    counts.values_mut().for_each(|count| *count /= length.max(f32::MIN_POSITIVE));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn library() -> Library {
        let pump = [
            "General notes on the pump.",
            "Bearings.\n\nA worn bearing shows as vibration at the housing. Replace the bearing above 7 mm/s.",
            "Seals leak when dry.",
        ];
        let motor = ["A motor that is overloaded trips. Compare the current of the phases."];
        let manual = |name: &str, pages: &[&str], classes: &[&str]| Manual {
            classes: classes.iter().map(ToString::to_string).collect(),
            ..Manual::of(name, name, pages.iter().map(ToString::to_string).collect(), Utc::now()).unwrap()
        };
        Library::of(vec![manual("pump", &pump, &["centrifugal_pump"]), manual("motor", &motor, &[])])
    }
    fn first(must: &str) -> Option<Hit> {
        library().search(must, "", |_| true, 3).into_iter().next()
    }

    #[test]
    fn a_place_is_found_by_other_forms_of_its_words_and_cited_by_page() {
        let hit = first("bearing wear worn").unwrap();
        assert_eq!((hit.manual.as_str(), hit.page), ("pump", 2));
        assert!(hit.quote.contains("7 mm/s"), "{hit:?}");
        assert_eq!(first("motor overload").unwrap().manual, "motor");
    }

    #[test]
    fn a_misspelt_word_is_found_all_the_same() {
        assert_eq!(first("vibrationn bearingg").unwrap().page, 2);
    }

    #[test]
    fn what_no_page_is_about_has_no_answer() {
        assert_eq!(first("compressor surge"), None);
        assert_eq!(first(""), None);
    }

    #[test]
    fn another_machines_manual_is_not_asked() {
        let found = library().search("bearing wear", "", |manual| manual.is_about("motor", ""), 3);
        assert!(found.is_empty(), "{found:?}");
    }
}
