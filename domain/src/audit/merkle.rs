//! The Merkle tree of RFC 6962 over a partition's record hashes: built one leaf at a time, with proofs of inclusion and consistency.
//!
//! A tree is kept as the hashes of its complete subtrees, in the order in which they get complete. That list only grows, a proof reads
//! a few places of it, and it can be thrown away: the records tell it anew.

use crate::chain::Hash;
use sha2::{Digest, Sha256};

/// A subtree of `2^level` leaves, the `number`th of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub level: u32,
    pub number: u64,
}

impl Node {
    /// Its place in the list of hashes: behind both its halves, before whatever gets complete later.
    pub fn place(self) -> u64 {
        let last_leaf = ((self.number + 1) << self.level) - 1;
        kept_for(last_leaf) + u64::from(self.level)
    }
}

/// How many hashes a tree of so many leaves keeps: every complete subtree counts.
pub fn kept_for(leaves: u64) -> u64 {
    2 * leaves - u64::from(leaves.count_ones())
}

/// How many leaves a list of so many hashes is for, and how many hashes at its end belong to a leaf that was cut off.
pub fn leaves_in(kept: u64) -> (u64, u64) {
    let mut leaves = kept / 2;
    while kept_for(leaves + 1) <= kept {
        leaves += 1;
    }
    (leaves, kept - kept_for(leaves))
}

pub fn leaf_hash(data: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(data).finalize().into())
}

pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The right edge of a tree: all that the next leaf needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Of the complete subtrees that cover it, largest first.
    peaks: Vec<Hash>,
}

impl Frontier {
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes a leaf in. `completed` gets every hash that is complete with it, the leaf's own first.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(Hash)) {
        let mut hash = leaf;
        completed(hash);
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(left, hash);
            completed(hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        let folded = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(left, right));
        folded.unwrap_or_else(|| Hash(Sha256::digest([]).into()))
    }

    /// The edge of a tree of that size, out of its kept hashes.
    pub fn of<E>(size: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Self, E> {
        let peaks = complete_subtrees(0, size).map(node).collect::<Result<_, E>>()?;
        Ok(Self { size, peaks })
    }
}

/// The complete subtrees that cover the leaves from `from` up to `to`, largest first. `from` is where a subtree as large as the range begins.
fn complete_subtrees(from: u64, to: u64) -> impl Iterator<Item = Node> {
    let mut at = from;
    std::iter::from_fn(move || {
        let left = to.checked_sub(at).filter(|left| *left > 0)?;
        let level = left.ilog2();
        let node = Node { level, number: at >> level };
        at += 1 << level;
        Some(node)
    })
}

fn range_root<E>(from: u64, to: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let peaks: Vec<Hash> = complete_subtrees(from, to).map(node).collect::<Result<_, E>>()?;
    Ok(Frontier { size: to - from, peaks }.root())
}

/// The root of the first `size` leaves.
pub fn root<E>(size: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    range_root(0, size, node)
}

/// The largest power of two below `leaves`, which is two or more.
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// What leads from the leaf to the root of the first `size`, nearest first (RFC 6962, 2.1.1). Empty if the leaf is not among them.
pub fn inclusion<E>(leaf: u64, size: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while leaf < size && to - from > 1 {
        let middle = from + split(to - from);
        if leaf < middle {
            path.push(range_root(middle, to, node)?);
            to = middle;
        } else {
            path.push(range_root(from, middle, node)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that a leaf and its path make, if the path is one for this place in a tree of this size.
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = node_hash(*step, hash);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(hash, *step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// That the first `old` leaves of a tree of `new` are the tree that it was once (RFC 6962, 2.1.2). Empty where there is nothing to show.
pub fn consistency<E>(old: u64, new: u64, node: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let (mut from, mut to) = (0, new);
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range_root(middle, to, node)?);
            to = middle;
        } else {
            path.push(range_root(from, middle, node)?);
            from = middle;
        }
    }
    if from > 0 {
        path.push(range_root(from, to, node)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether the path shows that the tree with the second root begins with the one with the first.
pub fn is_consistent(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size >= new_size {
        return old_size <= new_size && path.is_empty() && (old_size == 0 || old_root == new_root);
    }
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let mut steps = path.iter().copied();
    let first = if at == 0 { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut olds, mut news) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (olds, news) = (node_hash(step, olds), node_hash(step, news));
            while at % 2 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            news = node_hash(news, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && olds == old_root && news == new_root
}

/// A tree in memory.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    frontier: Frontier,
    kept: Vec<Hash>,
}

impl Tree {
    pub fn push(&mut self, leaf: Hash) {
        self.frontier.push(leaf, |hash| self.kept.push(hash));
    }
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }
    /// `None` for a subtree that is not complete yet.
    pub fn node(&self, node: Node) -> Option<Hash> {
        self.kept.get(usize::try_from(node.place()).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::merkle_root;

    fn tree(size: u64) -> (Tree, Vec<[u8; 8]>) {
        let leaves: Vec<[u8; 8]> = (0..size).map(u64::to_be_bytes).collect();
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf)));
        (tree, leaves)
    }
    /// As RFC 6962 defines it, from all leaves anew.
    fn defined(leaves: &[[u8; 8]]) -> Hash {
        merkle_root(&leaves.iter().map(<[u8; 8]>::as_slice).collect::<Vec<_>>())
    }

    #[test]
    fn the_root_kept_leaf_by_leaf_is_the_one_that_the_definition_gives_from_all_of_them() {
        let (whole, leaves) = tree(70);
        let mut node = |node| whole.node(node).ok_or(());
        for size in 0..=70 {
            let expected = defined(&leaves[..size as usize]);
            assert_eq!(tree(size).0.root(), expected);
            assert_eq!(root(size, &mut node), Ok(expected), "from the hashes of a larger tree");
            assert_eq!(Frontier::of(size, &mut node).map(|edge| edge.root()), Ok(expected));
        }
    }

    #[test]
    fn a_list_that_was_cut_says_how_many_leaves_are_whole() {
        for leaves in 0..200u64 {
            assert_eq!(tree(leaves).0.kept.len() as u64, kept_for(leaves));
            for cut in 0..kept_for(leaves + 1) - kept_for(leaves) {
                assert_eq!(leaves_in(kept_for(leaves) + cut), (leaves, cut));
            }
        }
    }

    #[test]
    fn every_leaf_of_every_tree_is_proved_and_at_no_other_place_and_under_no_other_root() {
        let (whole, leaves) = tree(40);
        let mut node = |node| whole.node(node).ok_or(());
        for size in 1..=40u64 {
            let root = defined(&leaves[..size as usize]);
            for index in 0..size {
                let path = inclusion(index, size, &mut node).unwrap();
                let leaf = leaf_hash(&leaves[index as usize]);
                assert_eq!(root_of_inclusion(leaf, index, size, &path), Some(root));
                assert_ne!(root_of_inclusion(leaf_hash(b"another"), index, size, &path), Some(root));
                let elsewhere = (0..size).filter(|other| *other != index);
                assert!(elsewhere.into_iter().all(|other| root_of_inclusion(leaf, other, size, &path) != Some(root)));
                let mut longer = path.clone();
                longer.push(root);
                assert_eq!(root_of_inclusion(leaf, index, size, &longer), None);
            }
            assert_eq!(inclusion(size, size, &mut node), Ok(vec![]));
        }
    }

    #[test]
    fn a_tree_that_grew_is_consistent_and_one_that_was_rewritten_is_not() {
        let (whole, leaves) = tree(40);
        let (mut other, _) = tree(3);
        (3..40u64).for_each(|_| other.push(leaf_hash(b"rewritten")));
        let mut node = |node| whole.node(node).ok_or(());
        for new in 0..=40u64 {
            let newer = (new, defined(&leaves[..new as usize]));
            for old in 0..=new {
                let path = consistency(old, new, &mut node).unwrap();
                assert!(is_consistent((old, defined(&leaves[..old as usize])), newer, &path), "{old} in {new}");
                if old > 3 {
                    let rewritten = root(old, &mut |node| other.node(node).ok_or(())).unwrap();
                    assert!(!is_consistent((old, rewritten), newer, &path), "{old} in {new}");
                }
            }
        }
    }
}
