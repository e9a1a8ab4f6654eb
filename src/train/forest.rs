//! A random forest by linfa, read out as the share of abuse in the leaves: its own answer is a vote of yes and no.

use std::collections::VecDeque;

use linfa::traits::Fit as _;
use linfa::{Dataset, ParamGuard as _};
use linfa_ensemble::{RandomForest, RandomForestParams};
use linfa_trees::{DecisionTree, TreeNode};
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::run::Error;
use super::sample::Row;
use super::table::Table;
use crate::model::{Body, Tree};

const TREES: usize = 40;
const DEPTH: usize = 10;
/// The part of the features that a tree knows.
const FEATURES_A_TREE: f64 = 0.4;
/// Rows that are learned from at most: it sorts all of them at each node.
const MOST_ROWS: usize = 20_000;
/// A leaf of few rows is drawn towards the middle by so many.
const SHRINK: f64 = 2.0;

/// Learns from a part of the rows, each as likely to be in it.
pub(super) fn fit(rows: &[&Row], seed: u64) -> Result<Body, Error> {
    let step = rows.len().div_ceil(MOST_ROWS).max(1);
    let rows: Vec<_> = rows.iter().step_by(step).copied().collect();
    let table = Table::of(&rows);
    let forest = grow(&table, seed)?;
    let trees = forest.models.iter().zip(&forest.model_features).map(|(tree, known)| read_out(tree, known, &table));
    Ok(Body::Forest { trees: trees.collect() })
}

fn grow(table: &Table, seed: u64) -> Result<RandomForest<f64, bool>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Learning("random forest", error.to_string());
    let data = Dataset::new(table.records(), table.targets());
    let tree = DecisionTree::params().max_depth(Some(DEPTH)).min_weight_leaf(2.0);
    let forest = RandomForestParams::new_fixed_rng(tree, SmallRng::seed_from_u64(seed));
    let forest = forest.ensemble_size(TREES).bootstrap_proportion(0.7).feature_proportion(FEATURES_A_TREE);
    let forest = forest.check().map_err(|error| failed(&error))?;
    forest.fit(&data).map_err(|error| failed(&error))
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
    for (row, (label, weight)) in
        table.values.chunks_exact(crate::model::COUNT).zip(table.labels.iter().zip(&table.weights))
    {
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
    use linfa::traits::Predict as _;
    use ndarray::Axis;

    use super::super::sample::tests::rows;
    use super::*;

    /// The answer of a tree is the majority of its leaf, so the leaf is the same one where the majority is.
    #[test]
    fn every_tree_goes_linfas_way() {
        let rows = rows(600, 5);
        let rows: Vec<_> = rows.iter().collect();
        let table = Table::of(&rows);
        let forest = grow(&table, 7).unwrap();
        for (tree, known) in forest.models.iter().zip(&forest.model_features) {
            let flat = read_out(tree, known, &table);
            let said = tree.predict(&table.records().select(Axis(1), known));
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
