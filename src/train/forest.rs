//! A random forest by linfa, read out as the share of abuse in the leaves: its own answer is a vote of yes and no.

use std::collections::VecDeque;

use linfa::Dataset;
use linfa::traits::Fit as _;
use linfa_trees::{DecisionTree, TreeNode};
use ndarray::{Array1, Array2};

use super::run::Error;
use super::sample::Row;
use super::table::Table;
use crate::model::{Body, COUNT, Tree};
use crate::random::Random;

const TREES: usize = 40;
const DEPTH: usize = 10;
/// Features that a tree knows, of a hundred.
const FEATURES_A_TREE: u64 = 40;
/// Rows that a tree learns from at most: it sorts all of them at each node.
const MOST_ROWS: usize = 14_000;
/// A leaf of few rows is drawn towards the middle by so many.
const SHRINK: f64 = 2.0;

/// Learns. Each tree knows some of the rows, drawn with replacement, and some of the features.
pub(super) fn fit(rows: &[&Row], seed: u64) -> Result<Body, Error> {
    let mut random = Random::of(&[seed, 4]);
    let trees = (0..TREES).map(|_| {
        let (tree, known, table) = grow(rows, &mut random)?;
        Ok(read_out(&tree, &known, &table))
    });
    Ok(Body::Forest { trees: trees.collect::<Result<_, Error>>()? })
}

/// A tree, the features that it knows by their places among all, and the rows that it learned from.
type Grown = (DecisionTree<f64, bool>, Vec<usize>, Table);

/// Where as many rows say one thing as the other, linfa goes by the order of a hash map, another each time. So every row
/// weighs a little more than the one before it: then it never comes to that.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "thousands of rows")]
fn grow(rows: &[&Row], random: &mut Random) -> Result<Grown, Error> {
    let drawn: Vec<_> = (0..rows.len().min(MOST_ROWS)).map(|_| *random.one(rows)).collect();
    let mut known: Vec<_> = (0..COUNT).filter(|_| random.chance(FEATURES_A_TREE)).collect();
    if known.is_empty() {
        known.push(random.index(COUNT));
    }
    let table = Table::of(&drawn);
    let records = Array2::from_shape_fn((table.rows, known.len()), |(row, at)| table.values[row * COUNT + known[at]]);
    let weights = Array1::from_shape_fn(table.rows, |row| (1.0 + 1e-3 * row as f64 / table.rows as f64) as f32);
    let data = Dataset::new(records, table.targets()).with_weights(weights);
    let tree = DecisionTree::params().max_depth(Some(DEPTH)).min_weight_leaf(2.0).fit(&data);
    Ok((tree.map_err(|error| Error::Learning("random forest", error.to_string()))?, known, table))
}

/// Nodes in the order of their depth, so that children stand behind their parents, each with the share of abuse among
/// the rows that come by. `known` are the features of the tree, by their places among all.
fn read_out(tree: &DecisionTree<f64, bool>, known: &[usize], table: &Table) -> Tree {
    let mut flat = Tree::default();
    let mut queue = VecDeque::from([tree.root_node()]);
    let mut next = 1;
    while let Some(node) = queue.pop_front() {
        let children = children(node);
        let (feature, below) = match children {
            Some(_) => (known.get(node.split().0).and_then(|at| i16::try_from(*at).ok()).unwrap_or(-1), node.split().1),
            None => (-1, 0.0),
        };
        flat.feature.push(feature);
        flat.below.push(super::boosted::rounded_up(below));
        flat.left.push(if children.is_some() { next } else { 0 });
        flat.value.push(0.0);
        if let Some(children) = children {
            next += 2;
            queue.extend(children);
        }
    }
    fill(&mut flat, table);
    flat
}

/// A node whose children were pruned away is a leaf.
fn children(node: &TreeNode<f64, bool>) -> Option<[&TreeNode<f64, bool>; 2]> {
    let children: Vec<_> = node.children().into_iter().filter_map(|child| child.as_deref()).collect();
    if node.is_leaf() { None } else { children.try_into().ok() }
}

#[expect(clippy::cast_possible_truncation, reason = "a share")]
fn fill(tree: &mut Tree, table: &Table) {
    let mut counts = vec![[SHRINK / 2.0, SHRINK]; tree.feature.len()];
    for (row, (label, weight)) in table.values.chunks_exact(COUNT).zip(table.labels.iter().zip(&table.weights)) {
        let mut node = 0;
        loop {
            counts[node][0] += if *label { *weight } else { 0.0 };
            counts[node][1] += weight;
            let Ok(feature) = usize::try_from(tree.feature[node]) else { break };
            node = usize::from(tree.left[node]) + usize::from(row[feature] >= f64::from(tree.below[node]));
        }
    }
    for (value, [abuse, all]) in tree.value.iter_mut().zip(counts) {
        *value = (abuse / all) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::rows;
    use super::*;
    use linfa::traits::Predict as _;

    /// The answer of a tree is the majority of its leaf, so the leaf is the same one where the majority is.
    #[test]
    fn every_tree_goes_linfas_way() {
        let rows = rows(600, 5);
        let rows: Vec<_> = rows.iter().collect();
        let mut random = Random::seeded(7);
        for _ in 0..20 {
            let (tree, known, table) = grow(&rows, &mut random).unwrap();
            let flat = read_out(&tree, &known, &table);
            let records = Array2::from_shape_fn((rows.len(), known.len()), |(row, at)| {
                f64::from(rows[row].features.0[known[at]])
            });
            let said = tree.predict(&records);
            for (row, said) in rows.iter().zip(said) {
                let mut node = (tree.root_node(), 0);
                while let Some(children) = children(node.0) {
                    let (feature, below, _) = node.0.split();
                    let theirs = usize::from(f64::from(row.features.0[known[feature]]) >= below);
                    let ours = usize::from(
                        row.features.0[usize::try_from(flat.feature[node.1]).unwrap()] >= flat.below[node.1],
                    );
                    assert_eq!(theirs, ours);
                    node = (children[theirs], usize::from(flat.left[node.1]) + ours);
                }
                assert_eq!(flat.feature[node.1], -1);
                assert_eq!(node.0.prediction(), Some(said));
            }
        }
    }
}
