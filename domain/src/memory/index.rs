//! Exact nearest past cases by cosine: every vector is looked at, so recall is 1 by construction; in one contiguous block, so that it is quick.

use serde::{Deserialize, Serialize};
use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
};
use thiserror::Error;

/// Sums run in this many lanes, so that the compiler makes vector instructions of them and every machine adds in one order.
const LANES: usize = 16;

/// Unit vectors of one width, by key. What it holds depends only on the pairs inserted, never on the order of inserts and removals:
/// rows lie in the order of their keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<K>", bound(serialize = "K: Serialize", deserialize = "K: Deserialize<'de> + Ord + Clone"))]
pub struct Index<K> {
    dims: usize,
    /// Ascending.
    keys: Vec<K>,
    /// `keys.len()` rows of `dims`, each of length 1.
    rows: Vec<f32>,
}

#[derive(Deserialize)]
struct Stored<K> {
    dims: usize,
    keys: Vec<K>,
    rows: Vec<f32>,
}

/// A past case and how near it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour<K> {
    pub key: K,
    /// Cosine, -1 to 1.
    pub score: f32,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotIndexed {
    #[error(
        "the vector has {found} figures and the index holds vectors of {expected}; use signatures of one version and rebuild the index from the log"
    )]
    OtherWidth { found: usize, expected: usize },
    #[error("the vector holds a figure that is no finite number, or only zeros; leave this episode out")]
    NoDirection,
    #[error("the stored index does not fit together; delete it and rebuild it from the log")]
    Broken,
}

impl<K: Ord + Clone> Index<K> {
    pub fn new(dims: usize) -> Self {
        Self { dims, keys: vec![], rows: vec![] }
    }

    /// All at once, in the time of a sort. Of a key given twice the last counts, as with [`Self::insert`].
    pub fn rebuilt(dims: usize, pairs: impl IntoIterator<Item = (K, Vec<f32>)>) -> Result<Self, NotIndexed> {
        let mut index = Self::new(dims);
        let pairs: BTreeMap<K, Vec<f32>> = pairs.into_iter().collect();
        index.rows.reserve(pairs.len() * dims);
        for (key, vector) in pairs {
            index.rows.extend(index.unit(&vector)?);
            index.keys.push(key);
        }
        Ok(index)
    }

    /// Replaces the vector of a key that is there.
    pub fn insert(&mut self, key: K, vector: &[f32]) -> Result<(), NotIndexed> {
        let unit = self.unit(vector)?;
        match self.keys.binary_search(&key) {
            Ok(at) => self.rows[at * self.dims..(at + 1) * self.dims].copy_from_slice(&unit),
            Err(at) => {
                self.keys.insert(at, key);
                self.rows.splice(at * self.dims..at * self.dims, unit);
            }
        }
        Ok(())
    }

    /// Whether it was there.
    pub fn remove(&mut self, key: &K) -> bool {
        let Ok(at) = self.keys.binary_search(key) else { return false };
        self.keys.remove(at);
        self.rows.drain(at * self.dims..(at + 1) * self.dims);
        true
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// The `k` nearest, nearest first; of equally near ones the lower key first.
    pub fn nearest(&self, vector: &[f32], k: usize) -> Result<Vec<Neighbour<K>>, NotIndexed> {
        self.nearest_where(vector, k, |_| true)
    }

    /// The `k` nearest of those that `may` be found.
    pub fn nearest_where(&self, vector: &[f32], k: usize, may: impl Fn(&K) -> bool) -> Result<Vec<Neighbour<K>>, NotIndexed> {
        let query = self.unit(vector)?;
        // The worst of the best so far is on top, to be thrown out.
        let mut best: std::collections::BinaryHeap<Reverse<Found>> = std::collections::BinaryHeap::with_capacity(k + 1);
        for (at, row) in self.rows.chunks_exact(self.dims.max(1)).enumerate() {
            let found = Found { score: dot(&query, row), at };
            let is_better = best.len() < k || best.peek().is_some_and(|worst| found > worst.0);
            if !is_better || !may(&self.keys[at]) {
                continue;
            }
            best.push(Reverse(found));
            if best.len() > k {
                best.pop();
            }
        }
        let mut found: Vec<Found> = best.into_iter().map(|found| found.0).collect();
        found.sort_by(|one, other| other.cmp(one));
        Ok(found.into_iter().map(|found| Neighbour { key: self.keys[found.at].clone(), score: found.score }).collect())
    }

    fn unit(&self, vector: &[f32]) -> Result<Vec<f32>, NotIndexed> {
        if vector.len() != self.dims {
            return Err(NotIndexed::OtherWidth { found: vector.len(), expected: self.dims });
        }
        let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() || length <= 0.0 {
            return Err(NotIndexed::NoDirection);
        }
        Ok(vector.iter().map(|value| (f64::from(*value) / length) as f32).collect())
    }
}

impl<K: Ord> TryFrom<Stored<K>> for Index<K> {
    type Error = NotIndexed;
    fn try_from(stored: Stored<K>) -> Result<Self, NotIndexed> {
        let Stored { dims, keys, rows } = stored;
        let fits = rows.len() == keys.len() * dims && keys.is_sorted_by(|one, next| one < next) && rows.iter().all(|value| value.is_finite());
        if fits { Ok(Self { dims, keys, rows }) } else { Err(NotIndexed::Broken) }
    }
}

/// Greater is nearer; at equal nearness the lower place, which is the lower key.
#[derive(Debug, Clone, Copy)]
struct Found {
    score: f32,
    at: usize,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.at.cmp(&self.at))
    }
}
impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Found {}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: f32 = ones.remainder().iter().zip(others.remainder()).map(|(one, other)| one * other).sum();
    for (one, other) in ones.zip(others) {
        for lane in 0..LANES {
            lanes[lane] += one[lane] * other[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors(count: usize, dims: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
        // Whole numbers, so that ties happen.
        prop::collection::vec(prop::collection::vec(-3_i8..=3, dims), 1..=count)
            .prop_map(|rows| rows.into_iter().map(|row| row.into_iter().map(f32::from).chain([1.0]).collect()).collect())
    }

    proptest! {
        #[test]
        fn the_nearest_are_those_of_a_full_sort_with_ties_by_key(rows in vectors(60, 19), k in 0_usize..20) {
            let index = Index::rebuilt(20, rows.iter().cloned().enumerate()).unwrap();
            let query = &rows[0];
            let unit = |row: &[f32]| index.unit(row).unwrap();
            let mut all: Vec<(usize, f32)> = rows.iter().map(|row| dot(&unit(query), &unit(row))).enumerate().collect();
            all.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
            let found: Vec<(usize, f32)> = index.nearest(query, k).unwrap().into_iter().map(|found| (found.key, found.score)).collect();
            prop_assert_eq!(found, all.into_iter().take(k).collect::<Vec<_>>());
        }

        #[test]
        fn inserts_and_removals_in_any_order_give_the_bits_of_a_rebuild(rows in vectors(30, 19), order in any::<u64>()) {
            let mut keys: Vec<usize> = (0..rows.len()).collect();
            keys.sort_by_key(|key| (*key as u64).wrapping_mul(order | 1));
            let mut grown = Index::new(20);
            for key in &keys {
                grown.insert(*key, &rows[*key]).unwrap();
                grown.insert(1_000 + *key, &rows[*key]).unwrap();
            }
            for key in &keys {
                prop_assert!(grown.remove(&(1_000 + *key)));
            }
            let rebuilt = Index::rebuilt(20, rows.into_iter().enumerate()).unwrap();
            prop_assert_eq!(&grown, &rebuilt);
            let stored = serde_json::to_string(&grown).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Index<usize>>(&stored).unwrap(), &rebuilt);
        }
    }

    #[test]
    fn a_vector_that_points_nowhere_is_refused() {
        let mut index = Index::new(2);
        assert_eq!(index.insert(1, &[0.0, 0.0]), Err(NotIndexed::NoDirection));
        assert_eq!(index.insert(1, &[f32::NAN, 1.0]), Err(NotIndexed::NoDirection));
        assert_eq!(index.insert(1, &[1.0]), Err(NotIndexed::OtherWidth { found: 1, expected: 2 }));
        assert_eq!(index, Index::new(2));
    }

    #[test]
    fn a_stored_index_that_does_not_fit_together_is_refused() {
        for broken in [r#"{"dims":2,"keys":[1],"rows":[1.0]}"#, r#"{"dims":1,"keys":[2,1],"rows":[1.0,1.0]}"#] {
            let refused = serde_json::from_str::<Index<u32>>(broken).unwrap_err().to_string();
            assert!(refused.contains("rebuild it"), "{refused}");
        }
    }

    #[test]
    fn the_kept_out_are_not_found() {
        let index = Index::rebuilt(2, [(1, vec![1.0, 0.0]), (2, vec![0.9, 0.1])]).unwrap();
        let found = index.nearest_where(&[1.0, 0.0], 1, |key| *key != 1).unwrap();
        assert_eq!(found.first().map(|found| found.key), Some(2));
    }
}
