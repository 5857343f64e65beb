//! What the comparison of episodes found, for people, for programs and as a ranking.

use serde::Serialize;
use serde_json::{Value, json};
use std::io;

/// One line of the ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranked {
    pub query: String,
    /// From 1.
    pub rank: usize,
    pub file: String,
    pub label: String,
    pub score: f64,
    /// Share of such suggestions that are right; empty while there were too few to say.
    pub calibrated: Option<f64>,
    #[serde(skip)]
    pub hit: bool,
}

/// Of one disturbance.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    pub disturbance: String,
    /// Those with an episode of their label to be found.
    pub queries: usize,
    pub unanswerable: usize,
    pub first: usize,
    pub among_five: usize,
    /// Of the five shown, claims made from the other queries.
    pub calibration_error: Option<f64>,
}

impl Figures {
    pub fn top_1(&self) -> f64 {
        self.first as f64 / self.queries.max(1) as f64
    }
    pub fn top_5(&self) -> f64 {
        self.among_five as f64 / self.queries.max(1) as f64
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct SimilarReport {
    pub horizon_s: f64,
    pub episodes: usize,
    pub in_memory: usize,
    /// As recorded first, everything at once last.
    pub figures: Vec<Figures>,
    /// Of the last figures, by query and rank.
    pub ranking: Vec<Ranked>,
}

impl SimilarReport {
    /// Percentage points of top-1 lost against the recordings as they are.
    pub fn lost(&self, figures: &Figures) -> f64 {
        100.0 * (self.figures.first().map_or(0.0, Figures::top_1) - figures.top_1())
    }

    pub fn json(&self) -> Value {
        let one = |figures: &Figures| {
            json!({
                "disturbance": figures.disturbance, "queries": figures.queries, "unanswerable": figures.unanswerable,
                "top_1": figures.top_1(), "top_5": figures.top_5(), "lost_points": self.lost(figures), "calibration_error": figures.calibration_error,
            })
        };
        let figures: Vec<Value> = self.figures.iter().map(one).collect();
        json!({ "episodes": self.episodes, "in_memory": self.in_memory, "horizon_s": self.horizon_s, "figures": figures })
    }

    /// By what was done to the queries.
    pub fn figures(&self) -> Vec<(String, String)> {
        let one = |figures: &Figures| {
            let error = figures.calibration_error.map_or_else(|| "too few to say".into(), |error| format!("{:.1} %", 100.0 * error));
            let (first, five, lost) = (100.0 * figures.top_1(), 100.0 * figures.top_5(), self.lost(figures));
            let figure = format!("the right one first in {first:.1} %, among five in {five:.1} %; {lost:.1} points lost; calibration error {error}");
            (figures.disturbance.clone(), figure)
        };
        let mut lines: Vec<(String, String)> = self.figures.iter().map(one).collect();
        let unanswerable = self.figures.first().map_or(0, |figures| figures.unanswerable);
        if unanswerable > 0 {
            lines.push(("not counted".into(), format!("{unanswerable} queries have no other episode of their label")));
        }
        let queries = self.figures.first().map_or(0, |figures| figures.queries);
        let read = format!("{} episodes, {} in memory, {queries} queries, horizon {:.0} s", self.episodes, self.in_memory, self.horizon_s);
        lines.push(("read".into(), read));
        lines
    }

    /// `query,rank,file,label,score,calibrated`
    pub fn write_ranking(&self, out: impl io::Write) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        for ranked in &self.ranking {
            writer.serialize(ranked)?;
        }
        writer.flush()?;
        Ok(())
    }
}
