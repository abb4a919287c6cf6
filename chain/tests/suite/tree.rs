//! The tree is that of RFC 6962, and its proofs hold for what they say and for nothing else.

use std::convert::Infallible;
use std::ops::Range;

use agent_receipts_chain::tree::{
    BuildError, ConsistencyProof, Frontier, GROUP, InclusionProof, NodeHash, NotAtGroup, ProofError,
    TreeReader, prove_consistency, prove_inclusion, root_of,
};
use agent_receipts_core::ReceiptHash;
use proptest::prelude::*;

/// A tree kept whole, hashed as RFC 6962 §2.1 words it.
struct Whole(Vec<NodeHash>);

impl Whole {
    fn of(size: usize) -> Self {
        Self((0..size).map(|leaf| NodeHash::of_receipt(&ReceiptHash::of(&leaf.to_be_bytes()))).collect())
    }

    fn root(&self, size: u64) -> NodeHash {
        tree_hash(&self.0[..usize::try_from(size).unwrap()])
    }
}

fn tree_hash(leaves: &[NodeHash]) -> NodeHash {
    match leaves {
        [] => NodeHash::empty(),
        [leaf] => *leaf,
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            NodeHash::of_children(&tree_hash(&leaves[..split]), &tree_hash(&leaves[split..]))
        }
    }
}

impl TreeReader for Whole {
    type Error = Infallible;

    fn group(&mut self, number: u64) -> Result<NodeHash, Infallible> {
        let first = usize::try_from(number * GROUP).unwrap();
        Ok(tree_hash(&self.0[first..first + usize::try_from(GROUP).unwrap()]))
    }

    fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Infallible> {
        assert!(range.end - range.start <= GROUP && range.start / GROUP == (range.end - 1) / GROUP);
        Ok(self.0[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec())
    }
}

/// The reference leaves and roots of the Certificate Transparency implementations.
#[test]
fn roots_are_those_of_the_reference_implementations() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut tree = Frontier::default();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(tree.size(), size as u64);
        assert_eq!(hex(&tree.root()), *root, "{size} leaves");
        if let Some(leaf) = leaves.get(size) {
            assert_eq!(tree.push(NodeHash::of_leaf(leaf)), None);
        }
    }
}

fn hex(hash: &NodeHash) -> String {
    hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_growing_tree_has_the_root_of_the_whole_one_and_gives_each_full_group_once() {
    let whole = Whole::of(1100);
    let mut tree = Frontier::default();
    let mut groups = Vec::new();
    for (at, leaf) in whole.0.iter().enumerate() {
        groups.extend(tree.push(*leaf));
        if at % 7 == 0 || at % 256 > 252 {
            assert_eq!(tree.root(), tree_hash(&whole.0[..=at]), "{at}");
        }
    }
    assert_eq!(groups, whole.0.chunks_exact(256).map(tree_hash).collect::<Vec<_>>());

    let mut resumed = Frontier::default();
    for group in groups {
        resumed.push_group(group).unwrap();
    }
    for leaf in &whole.0[1024..] {
        resumed.push(*leaf);
    }
    assert_eq!(resumed, tree);
    assert_eq!(resumed.push_group(tree.root()), Err(NotAtGroup { size: 1100 }));
}

#[test]
fn every_receipt_of_every_small_tree_is_shown_to_be_in_it_and_nowhere_else() {
    let mut whole = Whole::of(40);
    for size in 1..=40 {
        let root = whole.root(size);
        assert_eq!(root_of(&mut whole, size), Ok(root));
        for index in 0..size {
            let proof = prove_inclusion(&mut whole, index, size).unwrap();
            let leaf = whole.0[usize::try_from(index).unwrap()];
            assert_eq!(proof.verify(leaf, &root), Ok(()), "{index} of {size}");
            for other in (0..size).filter(|other| *other != index) {
                let moved = InclusionProof { leaf_index: other, ..proof.clone() };
                assert!(moved.verify(leaf, &root).is_err(), "{index} of {size} as {other}");
            }
        }
    }
}

#[test]
fn every_small_tree_is_shown_to_extend_every_smaller_one() {
    let mut whole = Whole::of(40);
    for second in 0..=40 {
        for first in 0..=second {
            let proof = prove_consistency(&mut whole, first, second).unwrap();
            let (earlier, later) = (whole.root(first), whole.root(second));
            assert_eq!(proof.verify(&earlier, &later), Ok(()), "{first} to {second}");
            let other = NodeHash::of_leaf(b"another history");
            assert!(proof.verify(&other, &later).is_err(), "{first} to {second}");
            if first > 0 {
                assert!(proof.verify(&earlier, &other).is_err(), "{first} to {second}");
            }
        }
    }
}

#[test]
fn proofs_hold_across_the_borders_of_groups() {
    let mut whole = Whole::of(2049);
    for size in [255, 256, 257, 511, 512, 513, 768, 1000, 2048, 2049] {
        let root = whole.root(size);
        assert_eq!(root_of(&mut whole, size), Ok(root));
        for index in [0, 1, 127, 128, 254, 255, 256, 257, 511, 512, 767, 999, 2047, 2048] {
            let proof = prove_inclusion(&mut whole, index, size);
            if index >= size {
                assert_eq!(proof, Err(BuildError::OutOfRange { of: index, size }));
                continue;
            }
            let leaf = whole.0[usize::try_from(index).unwrap()];
            assert_eq!(proof.unwrap().verify(leaf, &root), Ok(()), "{index} of {size}");
        }
        for first in [1, 2, 255, 256, 257, 500, 512, 513, 1024].into_iter().filter(|first| *first <= size) {
            let proof = prove_consistency(&mut whole, first, size).unwrap();
            assert_eq!(proof.verify(&whole.root(first), &root), Ok(()), "{first} to {size}");
        }
    }
    let backwards = prove_consistency(&mut whole, 2, 1);
    assert_eq!(backwards, Err(BuildError::OutOfRange { of: 2, size: 1 }));
}

#[test]
fn a_reader_that_lacks_leaves_is_found_out() {
    struct Short(Whole);
    impl TreeReader for Short {
        type Error = Infallible;
        fn group(&mut self, number: u64) -> Result<NodeHash, Infallible> {
            self.0.group(number)
        }
        fn leaves(&mut self, range: Range<u64>) -> Result<Vec<NodeHash>, Infallible> {
            self.0.leaves(range.start..range.end - 1)
        }
    }
    let proof = prove_inclusion(&mut Short(Whole::of(300)), 3, 300);
    assert_eq!(proof, Err(BuildError::Leaves { first: 256, wanted: 44, found: 43 }));
}

proptest! {
    #[test]
    fn no_changed_proof_holds(size in 2_u64..600, at in any::<u64>(), change in 0_u8..4, place in any::<usize>()) {
        let mut whole = Whole::of(600);
        let (root, index) = (whole.root(size), at % size);
        let leaf = whole.0[usize::try_from(index).unwrap()];
        let mut proof = prove_inclusion(&mut whole, index, size).unwrap();
        let place = place % proof.path.len();
        let expected = match change {
            0 => {
                proof.path[place] = NodeHash::of_leaf(b"another");
                ProofError::WrongRoot
            }
            1 => {
                proof.path.remove(place);
                ProofError::WrongLength
            }
            2 => {
                proof.path.push(NodeHash::empty());
                ProofError::WrongLength
            }
            _ => {
                proof.leaf_index = size;
                ProofError::OutOfRange { of: size, size }
            }
        };
        prop_assert_eq!(proof.verify(leaf, &root), Err(expected));
    }

    #[test]
    fn no_changed_consistency_proof_holds(second in 2_u64..600, at in any::<u64>(), change in 0_u8..3, place in any::<usize>()) {
        let mut whole = Whole::of(600);
        let first = 1 + at % (second - 1);
        let roots = (whole.root(first), whole.root(second));
        let mut proof = prove_consistency(&mut whole, first, second).unwrap();
        let place = place % proof.path.len();
        match change {
            0 => proof.path[place] = NodeHash::of_leaf(b"another"),
            1 => drop(proof.path.remove(place)),
            _ => proof.path.push(NodeHash::empty()),
        }
        prop_assert!(proof.verify(&roots.0, &roots.1).is_err());
        let backwards = ConsistencyProof { first_size: second, second_size: first, ..proof };
        prop_assert_eq!(backwards.verify(&roots.1, &roots.0), Err(ProofError::OutOfRange { of: second, size: first }));
    }

    /// Whatever stands in a proof, checking it ends, and does not end well.
    #[test]
    fn nonsense_does_not_hold(index in any::<u64>(), size in any::<u64>(), length in 0_usize..70) {
        let path = vec![NodeHash::empty(); length];
        let root = NodeHash::of_leaf(b"root");
        let proof = InclusionProof { leaf_index: index, tree_size: size, path: path.clone() };
        prop_assert!(proof.verify(NodeHash::of_leaf(b"leaf"), &root).is_err());
        let proof = ConsistencyProof { first_size: index, second_size: size, path };
        prop_assert!(proof.verify(&NodeHash::of_leaf(b"leaf"), &root).is_err());
    }
}
