//! An alarm that rises once per episode: on past its limit, off only after it has been well below it for a while.

use serde::{Deserialize, Serialize};

/// The alarm changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    Raised,
    Cleared,
}

/// How far a figure is from its limit, as the alarm sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Past the limit.
    Above,
    /// Neither: keeps whatever the alarm is.
    Between,
    /// Well below the limit.
    Below,
}

impl Level {
    /// `limit` raises, `clear` (lower) clears.
    pub fn of(figure: f64, limit: f64, clear: f64) -> Self {
        if figure > limit {
            Self::Above
        } else if figure < clear {
            Self::Below
        } else {
            Self::Between
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Alarm {
    on: bool,
    /// Updates in a row that argue for the other state.
    streak: u32,
}

impl Alarm {
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Rises after `raise_after` updates above in a row (at least one), clears after more than `clear_after` below in a row.
    pub fn update(&mut self, level: Level, raise_after: u32, clear_after: u32) -> Option<Edge> {
        let argues = if self.on { level == Level::Below } else { level == Level::Above };
        if !argues {
            self.streak = 0;
            return None;
        }
        self.streak += 1;
        let needed = if self.on { clear_after.saturating_add(1) } else { raise_after.max(1) };
        if self.streak < needed {
            return None;
        }
        self.streak = 0;
        self.on = !self.on;
        Some(if self.on { Edge::Raised } else { Edge::Cleared })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_raises_once_and_clears_only_after_it_was_quiet_for_long() {
        let mut alarm = Alarm::default();
        let figures = [1.0, 3.0, 3.0, 1.5, 0.5, 3.0, 0.5, 0.5, 0.5, 3.0];
        let edges: Vec<_> = figures.iter().map(|figure| alarm.update(Level::of(*figure, 2.0, 1.0), 1, 2)).collect();
        let mut expected = vec![None; figures.len()];
        expected[1] = Some(Edge::Raised);
        expected[8] = Some(Edge::Cleared);
        expected[9] = Some(Edge::Raised);
        assert_eq!(edges, expected);
    }

    #[test]
    fn a_figure_that_is_no_number_neither_raises_nor_clears() {
        assert_eq!(Level::of(f64::NAN, 2.0, 1.0), Level::Between);
    }
}
