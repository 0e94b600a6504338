//! The Merkle tree of RFC 6962, §2.1, over hashes of entries, and its proofs (RFC 9162, §2.1).

use sha2::{Digest as _, Sha256};

/// A node of the tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// The hash of two nodes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the empty tree.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Whoever knows the hash of every complete subtree: of its level, and its place among those of the level.
///
/// The subtree `(level, index)` is over the leaves from `index << level` to `(index + 1) << level`.
pub trait Nodes {
    /// What goes wrong.
    type Error;

    /// The hash of a complete subtree.
    ///
    /// # Errors
    /// Where it is not to be had.
    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The root over the leaves from `start` to `end`, a range that RFC 6962's recursion reaches; not empty.
fn range<N: Nodes + ?Sized>(nodes: &mut N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let mut parts = Vec::new();
    let mut at = start;
    while at < end {
        // The largest complete subtree that begins here and ends in time.
        let most = (end - at).ilog2() as u8;
        let level = if at == 0 { most } else { most.min(at.trailing_zeros() as u8) };
        parts.push(nodes.node(level, at >> level)?);
        at += 1 << level;
    }
    let last = parts.pop().expect("the range is not empty");
    Ok(parts.iter().rfold(last, |right, left| node_hash(left, &right)))
}

/// The root of the tree over the first `size` leaves.
///
/// # Errors
/// Where a node is not to be had.
pub fn root<N: Nodes + ?Sized>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(empty_root()) } else { range(nodes, 0, size) }
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// That the leaf is in the tree over the first `size` leaves: the path from it to the root. `leaf` is below `size`.
///
/// # Errors
/// Where a node is not to be had.
pub fn inclusion<N: Nodes + ?Sized>(nodes: &mut N, leaf: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if leaf < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// That the tree over the first `old` leaves is the beginning of the one over the first `size`; `old` is at most `size`.
///
/// # Errors
/// Where a node is not to be had.
pub fn consistency<N: Nodes + ?Sized>(nodes: &mut N, old: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    let (mut start, mut end, mut whole) = (0, size, true);
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(range(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether the path leads from the entry's hash at that place to the root of a tree of that size: RFC 9162, §2.1.3.2.
pub fn is_included(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(step, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether the path shows that the first tree is the beginning of the second: RFC 9162, §2.1.4.2.
pub fn is_consistent(old: u64, old_root: &Hash, size: u64, root: &Hash, path: &[Hash]) -> bool {
    if old > size {
        return false;
    }
    if old == size {
        return path.is_empty() && old_root == root;
    }
    if old == 0 {
        return path.is_empty() && *old_root == empty_root();
    }
    let mut steps = path.iter();
    let (mut node, mut last) = (old - 1, size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(&first) = first else { return false };
    let (mut before, mut now) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = node_hash(step, &before);
            now = node_hash(step, &now);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            now = node_hash(&now, step);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && before == *old_root && now == *root
}

/// A tree of which only the right edge is kept: enough to go on, and to say its root at any time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees, the largest first: one for each bit of the size.
    edge: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree that is kept.
    ///
    /// # Errors
    /// Where a node is not to be had.
    pub fn of<N: Nodes + ?Sized>(nodes: &mut N, size: u64) -> Result<Self, N::Error> {
        let mut edge = Vec::new();
        for level in (0..64).rev().filter(|level| size >> level & 1 == 1) {
            let before = size >> level >> 1 << 1;
            edge.push(nodes.node(level, before)?);
        }
        Ok(Self { size, edge })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// One leaf more.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.edge.pop().expect("one for each bit of the size");
            hash = node_hash(&left, &hash);
        }
        self.edge.push(hash);
        self.size += 1;
    }

    /// Its root.
    pub fn root(&self) -> Hash {
        let smaller = self.edge.iter().rev().copied();
        smaller.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// All leaves, and nothing kept.
    struct Leaves(Vec<Hash>);

    impl Nodes for Leaves {
        type Error = Infallible;

        fn node(&mut self, level: u8, index: u64) -> Result<Hash, Infallible> {
            match level {
                0 => Ok(self.0[index as usize]),
                _ => Ok(node_hash(&self.node(level - 1, 2 * index)?, &self.node(level - 1, 2 * index + 1)?)),
            }
        }
    }

    fn leaves(size: u64) -> Leaves {
        Leaves((0..size).map(|at| leaf_hash(&at.to_be_bytes())).collect())
    }

    fn peer(size: u64) -> ct_merkle::mem_backed_tree::MemoryBackedTree<Sha256, [u8; 8]> {
        let mut tree = ct_merkle::mem_backed_tree::MemoryBackedTree::new();
        (0..size).for_each(|at| tree.push(at.to_be_bytes()));
        tree
    }

    #[test]
    fn the_roots_are_those_of_rfc_6962_s_published_test_tree() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut tree = Leaves(entries.iter().map(|entry| leaf_hash(entry)).collect());
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let roots = [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ];
        for (size, expected) in roots {
            assert_eq!(hex(root(&mut tree, size).unwrap()), expected, "{size} entries");
        }
    }

    #[test]
    fn roots_and_proofs_of_all_small_trees_are_those_of_another_implementation() {
        let mut ours = leaves(40);
        for size in 1..=40 {
            let theirs = peer(size);
            let root = root(&mut ours, size).unwrap();
            assert_eq!(root[..], theirs.root().as_bytes()[..]);
            for leaf in 0..size {
                let path = inclusion(&mut ours, leaf, size).unwrap();
                assert_eq!(
                    path.concat(),
                    theirs.prove_inclusion(leaf as usize).as_bytes(),
                    "{leaf} in {size}"
                );
            }
            for old in 1..size {
                let path = consistency(&mut ours, old, size).unwrap();
                let added = (size - old) as usize;
                assert_eq!(path.concat(), theirs.prove_consistency(added).as_bytes(), "{old} to {size}");
            }
        }
    }

    #[test]
    fn an_edge_goes_on_like_the_whole_tree() {
        let mut tree = leaves(70);
        let mut edge = Frontier::default();
        for size in 0..70 {
            assert_eq!((edge.size(), edge.root()), (size, root(&mut tree, size).unwrap()));
            assert_eq!(edge, Frontier::of(&mut tree, size).unwrap());
            edge.push(tree.0[size as usize]);
        }
    }

    proptest! {
        #[test]
        fn a_proof_holds_for_its_own_leaf_tree_and_root_and_for_nothing_else(
            size in 1u64..300, pick in any::<u64>(), other in any::<u64>(), damage in any::<u64>()
        ) {
            let mut tree = leaves(size);
            let (leaf, root_) = (pick % size, root(&mut tree, size).unwrap());
            let hash = tree.0[leaf as usize];
            let path = inclusion(&mut tree, leaf, size).unwrap();
            prop_assert!(is_included(&hash, leaf, size, &path, &root_));
            let wrong = other % (size + 3);
            prop_assert_eq!(is_included(&hash, wrong, size, &path, &root_), wrong == leaf);
            prop_assert!(!is_included(&hash, leaf, size, &[&path[..], &[hash]].concat(), &root_));
            if !path.is_empty() {
                let mut bad = path.clone();
                bad[(damage as usize) % path.len()][0] ^= 1;
                prop_assert!(!is_included(&hash, leaf, size, &bad, &root_));
                prop_assert!(!is_included(&hash, leaf, size, &path[1..], &root_));
            }
        }

        #[test]
        fn a_tree_is_the_beginning_of_a_later_one_and_of_no_other(
            size in 1u64..300, pick in any::<u64>(), damage in any::<u64>()
        ) {
            let mut tree = leaves(size);
            let old = pick % (size + 1);
            let (before, now) = (root(&mut tree, old).unwrap(), root(&mut tree, size).unwrap());
            let path = consistency(&mut tree, old, size).unwrap();
            prop_assert!(is_consistent(old, &before, size, &now, &path));
            let mut changed = leaves(size);
            if old > 0 {
                let at = (damage % old) as usize;
                changed.0[at][0] ^= 1;
                let now = root(&mut changed, size).unwrap();
                let path = consistency(&mut changed, old, size).unwrap();
                prop_assert!(!is_consistent(old, &before, size, &now, &path), "a changed leaf {}", at);
            }
            if !path.is_empty() {
                let mut bad = path.clone();
                bad[(damage as usize) % path.len()][0] ^= 1;
                prop_assert!(!is_consistent(old, &before, size, &now, &bad));
                prop_assert!(!is_consistent(old, &before, size, &now, &path[1..]));
            }
            prop_assert!(!is_consistent(old, &before, size, &now, &[&path[..], &[now]].concat()));
        }
    }
}
