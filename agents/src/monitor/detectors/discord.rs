//! Discord: the distance of the recent course to the most alike course of the past (the left matrix profile; Yeh et al. 2016).

use serde::{Deserialize, Serialize};

/// Points of a course.
const LENGTH: usize = 16;
/// Points of the past that are kept.
const PAST: usize = 1_200;
/// Points that the past must have before a distance means something.
const LEAST: usize = 4 * LENGTH;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discord {
    /// Values in one point.
    width: u32,
    sum: f64,
    count: u32,
    /// Means of `width` values, oldest first; twice as long as needed before it is cut, so that a course is one slice.
    points: Vec<f64>,
    score: f64,
}

impl Discord {
    pub fn new(width: u32) -> Self {
        Self { width: width.max(1), sum: 0.0, count: 0, points: Vec::new(), score: 0.0 }
    }

    /// Mean squared distance per point, in the signal's unit; stays the same until the next point is complete.
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return self.score;
        }
        self.sum += value;
        self.count += 1;
        if self.count < self.width {
            return self.score;
        }
        self.points.push(self.sum / f64::from(self.count));
        (self.sum, self.count) = (0.0, 0);
        if self.points.len() >= 2 * PAST {
            self.points.drain(..PAST);
        }
        self.score = self.distance();
        self.score
    }

    fn distance(&self) -> f64 {
        let end = self.points.len();
        if end < LENGTH + LEAST {
            return 0.0;
        }
        let course = &self.points[end - LENGTH..];
        // Courses that overlap this one are alike by construction.
        let past = &self.points[end.saturating_sub(PAST)..end - LENGTH];
        let mut nearest = f64::INFINITY;
        for other in past.windows(LENGTH) {
            let mut sum = 0.0;
            for (ours, theirs) in course.chunks(4).zip(other.chunks(4)).rev() {
                sum += ours.iter().zip(theirs).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
                if sum >= nearest {
                    break;
                }
            }
            nearest = nearest.min(sum);
        }
        (nearest / LENGTH as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_peak_of_a_height_never_seen_is_the_strangest_course() {
        let mut noise = Noise(9);
        let mut detector = Discord::new(4);
        let scores: Vec<f64> = (0..4_032_u32)
            .map(|t| {
                let height = if t / 288 == 10 { 5.0 } else { 10.0 };
                let peak = if (100..150).contains(&(t % 288)) { height } else { 0.0 };
                detector.step(peak + 0.3 * noise.normal())
            })
            .collect();
        let most = |from: usize, to: usize| scores[from..to].iter().copied().fold(0.0, f64::max);
        let (missing, before) = (most(2_980, 3_168), most(600, 2_880));
        assert!(missing > 1.2 * before, "{missing} {before}");
    }
}
