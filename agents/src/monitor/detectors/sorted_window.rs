//! The last values in order of arrival and in order of size, so that median and MAD cost no sorting.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SortedWindow {
    capacity: usize,
    arrived: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl SortedWindow {
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), arrived: VecDeque::new(), sorted: Vec::new() }
    }
    pub fn len(&self) -> usize {
        self.sorted.len()
    }
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Values that are no number are left out.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        if self.arrived.len() == self.capacity {
            let oldest = self.arrived.pop_front().unwrap_or_default();
            let at = self.sorted.partition_point(|it| *it < oldest);
            self.sorted.remove(at);
        }
        let at = self.sorted.partition_point(|it| *it < value);
        self.sorted.insert(at, value);
        self.arrived.push_back(value);
    }

    /// 0 of nothing.
    pub fn median(&self) -> f64 {
        let n = self.sorted.len();
        if n == 0 { 0.0 } else { f64::midpoint(self.sorted[(n - 1) / 2], self.sorted[n / 2]) }
    }

    /// Median of the absolute deviations from the median (of an even number, the lower of the two in the middle); 0 of nothing.
    pub fn mad(&self) -> f64 {
        let median = self.median();
        let (below, above) = self.sorted.split_at(self.sorted.partition_point(|it| *it < median));
        let down = |nth: usize| median - below[below.len() - 1 - nth];
        let up = |nth: usize| above[nth] - median;
        // Both sides ascend, so the nearest half is some of each: how many are below is found by halving.
        let nearest = self.sorted.len().div_ceil(2);
        let (mut low, mut high) = (nearest.saturating_sub(above.len()), nearest.min(below.len()));
        while low < high {
            let taken = usize::midpoint(low, high);
            if down(taken) < up(nearest - taken - 1) {
                low = taken + 1;
            } else {
                high = taken;
            }
        }
        let furthest_down = if low > 0 { down(low - 1) } else { 0.0 };
        let furthest_up = if nearest > low { up(nearest - low - 1) } else { 0.0 };
        furthest_down.max(furthest_up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn median_and_mad_are_those_of_the_last_values() {
        let mut window = SortedWindow::new(5);
        [100.0, 1.0, 1.0, 2.0, 2.0, 4.0, f64::NAN].into_iter().for_each(|value| window.push(value));
        assert_eq!((window.len(), window.median(), window.mad()), (5, 2.0, 1.0));
    }

    proptest! {
        #[test]
        fn it_agrees_with_sorting_everything(values in prop::collection::vec(-1e3_f64..1e3, 1..60), capacity in 1_usize..30) {
            let mut window = SortedWindow::new(capacity);
            values.iter().for_each(|value| window.push(*value));
            let mut last = values[values.len().saturating_sub(capacity)..].to_vec();
            last.sort_by(f64::total_cmp);
            prop_assert_eq!(window.sorted(), &last[..]);
            let median = f64::midpoint(last[(last.len() - 1) / 2], last[last.len() / 2]);
            let mut deviations: Vec<f64> = last.iter().map(|it| (it - median).abs()).collect();
            deviations.sort_by(f64::total_cmp);
            // The lower of the two middle deviations.
            prop_assert_eq!(window.mad(), deviations[(last.len() - 1) / 2]);
        }
    }
}
