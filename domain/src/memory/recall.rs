//! Remembering: a short list by sketch, exact over all; then the whole signatures decide.

use super::{
    index::{Index, NotIndexed},
    signature::{SKETCH_DIMS, Signature, cosine},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Whole signatures are compared with so many of the nearest by sketch. A sketch is off by 0.06, so the true nearest is far inside this.
const SHORT_LIST: usize = 1_000;

/// Past episodes by key. A pure state: the same episodes give the same memory in whatever order they came.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory<K> {
    episodes: BTreeMap<K, Kept>,
    sketches: Index<K>,
}

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    signature: Signature,
    /// [`Signature::flat`], made once.
    flat: Vec<f32>,
}

impl From<Signature> for Kept {
    fn from(signature: Signature) -> Self {
        Self { flat: signature.flat(), signature }
    }
}

/// A past episode and its likeness.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Similar<K> {
    pub key: K,
    /// [`Signature::similarity`].
    pub score: f64,
}

impl<K> Default for Memory<K>
where
    K: Ord + Clone,
{
    fn default() -> Self {
        Self { episodes: BTreeMap::new(), sketches: Index::new(SKETCH_DIMS) }
    }
}

impl<K: Ord + Clone> Memory<K> {
    pub fn rebuilt(episodes: impl IntoIterator<Item = (K, Signature)>) -> Result<Self, NotIndexed> {
        let episodes: BTreeMap<K, Kept> = episodes.into_iter().map(|(key, signature)| (key, signature.into())).collect();
        let sketches = Index::rebuilt(SKETCH_DIMS, episodes.iter().map(|(key, kept)| (key.clone(), kept.signature.sketch())))?;
        Ok(Self { episodes, sketches })
    }
    pub fn remember(&mut self, key: K, signature: Signature) -> Result<(), NotIndexed> {
        self.sketches.insert(key.clone(), &signature.sketch())?;
        self.episodes.insert(key, signature.into());
        Ok(())
    }
    /// Many at once, in the time of a sort. Those that cannot be indexed are left out and returned.
    pub fn remember_all(&mut self, episodes: impl IntoIterator<Item = (K, Signature)>) -> Vec<(K, NotIndexed)> {
        let mut refused = Vec::new();
        for (key, signature) in episodes {
            match Index::new(SKETCH_DIMS).insert(key.clone(), &signature.sketch()) {
                Ok(()) => _ = self.episodes.insert(key, signature.into()),
                Err(cause) => refused.push((key, cause)),
            }
        }
        let sketches = self.episodes.iter().map(|(key, kept)| (key.clone(), kept.signature.sketch()));
        self.sketches = Index::rebuilt(SKETCH_DIMS, sketches).expect("an index has taken each of these before");
        refused
    }
    /// Whether it was there.
    pub fn forget(&mut self, key: &K) -> bool {
        self.episodes.remove(key);
        self.sketches.remove(key)
    }
    pub fn get(&self, key: &K) -> Option<&Signature> {
        self.episodes.get(key).map(|kept| &kept.signature)
    }
    pub fn len(&self) -> usize {
        self.episodes.len()
    }
    pub fn is_empty(&self) -> bool {
        self.episodes.is_empty()
    }

    /// The `k` likest of those that `may` be found, likest first, of equally like ones the lower key.
    pub fn similar(&self, signature: &Signature, k: usize, may: impl Fn(&K) -> bool) -> Result<Vec<Similar<K>>, NotIndexed> {
        let short_list: Vec<&K> = if self.len() <= SHORT_LIST {
            self.episodes.keys().filter(|key| may(key)).collect()
        } else {
            let near = self.sketches.nearest_where(&signature.sketch(), SHORT_LIST.max(k), may)?;
            near.iter().filter_map(|near| self.episodes.get_key_value(&near.key)).map(|(key, _)| key).collect()
        };
        let flat = signature.flat();
        let scored = |key: &K| {
            let past = self.episodes.get(key)?;
            let same_channels = past.signature.keys() == signature.keys();
            let score = if same_channels { cosine(&flat, &past.flat) } else { signature.similarity(&past.signature) };
            Some(Similar { key: key.clone(), score })
        };
        let mut found: Vec<Similar<K>> = short_list.into_iter().filter_map(scored).collect();
        found.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.key.cmp(&other.key)));
        found.truncate(k);
        Ok(found)
    }
}
