//! Asks the memory of each episode, as it is and disturbed: does the right fault come first, and is a claimed percentage true?

use super::{
    disturb::Disturbance,
    folder::{BadFolder, Labelled, Reading, read_folder},
    manifest::Role,
    report::{Figures, Ranked, SimilarReport},
};
use millwright_domain::memory::{Calibrating, Calibration, Judged, Memory, NoSignature, NotIndexed, Signature, SignatureSettings, calibration_error};
use std::path::Path;
use thiserror::Error;

/// Suggestions that are calibrated, as many as a person is shown.
const SHOWN: usize = 5;
/// Claims about one part of the queries are calibrated on the other parts.
const PARTS: usize = 5;

#[derive(Debug, Clone, PartialEq)]
pub struct SimilarOptions {
    pub reading: Reading,
    /// In which a fault shows itself; else the shorter median of the time after the onset over the episodes in memory.
    pub horizon_s: Option<f64>,
    /// What is done to the queries for the written ranking; what is lost by each part of it is reported, too.
    pub disturbance: Disturbance,
    /// Ask only episodes of other vendors.
    pub other_vendors: bool,
    /// Ranks written for each query.
    pub top: usize,
}

impl Default for SimilarOptions {
    fn default() -> Self {
        let disturbance = Disturbance { units: true, every: 2, noise: 0.3, seed: 1 };
        Self { reading: Reading::default(), horizon_s: None, disturbance, other_vendors: false, top: 10 }
    }
}

#[derive(Debug, Error)]
pub enum CannotCompareEpisodes {
    #[error("the folder of episodes cannot be used")]
    Folder(#[from] BadFolder),
    #[error("{file} cannot be compared{}", disturbed(*.is_disturbed))]
    Episode {
        file: String,
        is_disturbed: bool,
        #[source]
        cause: NoSignature,
    },
    #[error("{file} cannot be remembered")]
    NotIndexed {
        file: String,
        #[source]
        cause: NotIndexed,
    },
    #[error("the horizon must be a positive number of seconds; leave it out to have it taken from the episodes")]
    BadHorizon,
    #[error("no query has another episode of its label in memory; give at least two runs of a fault, or check `role` and the labels in the manifest")]
    NothingToFind,
}

fn disturbed(is_disturbed: bool) -> &'static str {
    if is_disturbed { " once it is disturbed; ask for less (--every)" } else { "" }
}

/// Reads the folder and asks.
pub fn evaluate_similar(folder: &Path, options: &SimilarOptions) -> Result<SimilarReport, CannotCompareEpisodes> {
    compare_episodes(&read_folder(folder, &options.reading)?, options)
}

pub fn compare_episodes(episodes: &[Labelled], options: &SimilarOptions) -> Result<SimilarReport, CannotCompareEpisodes> {
    let settings = SignatureSettings { horizon_s: horizon(episodes, options)? };
    let undisturbed = Asked::all(episodes, settings, Disturbance::NONE)?;
    let remembered = || episodes.iter().zip(&undisturbed).filter(|(episode, _)| episode.role != Some(Role::Query));
    let memory = Memory::rebuilt(remembered().map(|(episode, asked)| (episode.file.as_str(), asked.signature.clone())))
        .map_err(|cause| CannotCompareEpisodes::NotIndexed { file: "an episode".into(), cause })?;
    let asking = Asking { episodes, memory, other_vendors: options.other_vendors, top: options.top.max(SHOWN) };
    let mut figures = Vec::new();
    let mut ranking = asking.rank(&undisturbed)?;
    figures.push(asking.figures("as recorded", &mut ranking));
    for (name, disturbance) in parts(options.disturbance) {
        let asked = Asked::all(episodes, settings, disturbance)?;
        ranking = asking.rank(&asked)?;
        figures.push(asking.figures(&name, &mut ranking));
    }
    if figures.first().is_none_or(|figures| figures.queries == 0) {
        return Err(CannotCompareEpisodes::NothingToFind);
    }
    ranking.retain(|ranked| ranked.rank <= options.top);
    Ok(SimilarReport { horizon_s: settings.horizon_s, episodes: episodes.len(), in_memory: asking.memory.len(), figures, ranking })
}

/// Each part by itself, then all at once. The last one's ranking is written.
fn parts(whole: Disturbance) -> Vec<(String, Disturbance)> {
    let none = Disturbance { seed: whole.seed, ..Disturbance::NONE };
    let mut parts = Vec::new();
    if whole.units {
        parts.push(("foreign units".to_string(), Disturbance { units: true, ..none }));
    }
    if whole.every > 1 {
        parts.push((format!("every {}. row", whole.every), Disturbance { every: whole.every, ..none }));
    }
    if whole.noise > 0.0 {
        parts.push((format!("{:.0} % noise", 100.0 * whole.noise), Disturbance { noise: whole.noise, ..none }));
    }
    if parts.len() > 1 {
        parts.push(("all of these".to_string(), whole));
    }
    parts
}

fn horizon(episodes: &[Labelled], options: &SimilarOptions) -> Result<f64, CannotCompareEpisodes> {
    let in_memory = episodes.iter().filter(|labelled| labelled.role != Some(Role::Query));
    let mut spans: Vec<f64> = in_memory.filter_map(|labelled| Some(labelled.episode.times.last()? - labelled.episode.onset)).collect();
    spans.sort_by(f64::total_cmp);
    let middle = spans.get(spans.len().saturating_sub(1) / 2).copied();
    let horizon = options.horizon_s.or(middle).filter(|horizon| horizon.is_finite() && *horizon > 0.0);
    horizon.ok_or(CannotCompareEpisodes::BadHorizon)
}

/// An episode's signature.
struct Asked {
    signature: Signature,
}

impl Asked {
    fn all(episodes: &[Labelled], settings: SignatureSettings, disturbance: Disturbance) -> Result<Vec<Self>, CannotCompareEpisodes> {
        let is_disturbed = disturbance.every > 1;
        let asked = |labelled: &Labelled| {
            let cannot = |cause| CannotCompareEpisodes::Episode { file: labelled.file.clone(), is_disturbed, cause };
            Ok(Self { signature: Signature::of(&disturbance.of(&labelled.episode, &labelled.file), settings).map_err(cannot)? })
        };
        episodes.iter().map(asked).collect()
    }
}

struct Asking<'a> {
    episodes: &'a [Labelled],
    memory: Memory<&'a str>,
    other_vendors: bool,
    top: usize,
}

impl<'a> Asking<'a> {
    fn episode(&self, file: &str) -> Option<&'a Labelled> {
        let at = self.episodes.binary_search_by(|labelled| labelled.file.as_str().cmp(file)).ok()?;
        self.episodes.get(at)
    }

    /// Never itself, and with `other_vendors` nobody of its own.
    fn may_answer(&self, query: &Labelled, file: &str) -> bool {
        let is_of_other_vendor = || self.episode(file).is_some_and(|past| past.vendor != query.vendor);
        file != query.file && (!self.other_vendors || is_of_other_vendor())
    }

    fn queries(&self) -> impl Iterator<Item = (usize, &'a Labelled)> {
        self.episodes.iter().enumerate().filter(|(_, labelled)| labelled.role != Some(Role::Memory))
    }

    fn rank(&self, asked: &[Asked]) -> Result<Vec<Ranked>, CannotCompareEpisodes> {
        let mut ranking = Vec::new();
        for (number, query) in self.queries() {
            let cannot = |cause| CannotCompareEpisodes::NotIndexed { file: query.file.clone(), cause };
            let found = self.memory.similar(&asked[number].signature, self.top, |file| self.may_answer(query, file)).map_err(cannot)?;
            for (rank, similar) in (1..).zip(found) {
                let Some(past) = self.episode(similar.key) else { continue };
                let hit = past.label == query.label;
                let (query, file, label) = (query.file.clone(), past.file.clone(), past.label.clone());
                ranking.push(Ranked { query, rank, file, label, score: similar.score, calibrated: None, hit });
            }
        }
        Ok(ranking)
    }

    /// Fills in what is claimed, and counts.
    fn figures(&self, name: &str, ranking: &mut [Ranked]) -> Figures {
        let calibration_error = claim(ranking);
        let mut figures = Figures { disturbance: name.into(), calibration_error, ..Figures::default() };
        for (_, query) in self.queries() {
            let can_be_found = self
                .episodes
                .iter()
                .any(|past| past.label == query.label && self.memory.get(&past.file.as_str()).is_some() && self.may_answer(query, &past.file));
            if !can_be_found {
                figures.unanswerable += 1;
                continue;
            }
            let hit_by = |rank: usize| ranking.iter().any(|ranked| ranked.query == query.file && ranked.rank <= rank && ranked.hit);
            figures.queries += 1;
            figures.first += usize::from(hit_by(1));
            figures.among_five += usize::from(hit_by(SHOWN));
        }
        figures
    }
}

/// Claims a hit rate for every suggestion, from the queries of the other parts, and says how far the claims of shown ones are off.
fn claim(ranking: &mut [Ranked]) -> Option<f64> {
    let mut queries: Vec<String> = ranking.iter().map(|ranked| ranked.query.clone()).collect();
    queries.dedup();
    // Neighbours in the manifest are often runs of one fault, so parts are dealt out like cards.
    let part_of = |query: &String| queries.binary_search(query).unwrap_or(0) % PARTS;
    let calibration_without = |part: usize, ranking: &[Ranked]| -> Option<Calibration> {
        let mut calibrating = Calibrating::default();
        let others = ranking.iter().filter(|ranked| ranked.rank <= SHOWN && part_of(&ranked.query) != part);
        others.for_each(|ranked| calibrating.take(Judged { score: ranked.score, hit: ranked.hit }));
        calibrating.fitted()
    };
    let calibrations: Vec<Option<Calibration>> = (0..PARTS).map(|part| calibration_without(part, ranking)).collect();
    let mut claims = Vec::new();
    for ranked in ranking {
        let Some(calibration) = calibrations.get(part_of(&ranked.query)).and_then(Option::as_ref) else { continue };
        let rate = calibration.rate(ranked.score);
        ranked.calibrated = Some(rate);
        if ranked.rank <= SHOWN {
            claims.push(Judged { score: rate, hit: ranked.hit });
        }
    }
    if claims.is_empty() { None } else { Some(calibration_error(&claims)) }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
