//! Gradient boosting, which linfa lacks, by forust: shallow trees, each mending what those before it missed.
//!
//! Held to the direction of every feature: what can only make abuse likelier never makes it less likely. Without that a
//! model learns the quirks of the attacks that it was shown, and takes new ones for real use.

use forust_ml::constraints::{Constraint, ConstraintMap};
use forust_ml::objective::ObjectiveType;
use forust_ml::tree::Tree as Grown;
use forust_ml::{GradientBooster, Matrix};

use super::run::Error;
use super::table::Table;
use crate::model::{Body, COUNT, FEATURES, Tree};

/// What learns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) trees: usize,
    pub(super) depth: usize,
}

pub(super) const SHAPE: Shape = Shape { trees: 120, depth: 4 };
const RATE: f32 = 0.15;
/// Draws leaves towards 0.
const L2: f32 = 5.0;
/// A leaf of less weight than this is chance.
const LEAST_LEAF: f32 = 8.0;
/// Parts that a feature's values are told apart in.
const BINS: u16 = 128;

/// Learns.
pub(super) fn fit(table: &Table, shape: Shape, seed: u64) -> Result<Body, Error> {
    let booster = grow(table, shape, seed)?;
    let trees: Option<Vec<_>> = booster.trees.iter().map(read_out).collect();
    let trees = trees.ok_or_else(|| Error::Learning("gradient boosting", "a tree is too large".to_owned()))?;
    Ok(Body::Boosted { base: booster.base_score, trees })
}

fn grow(table: &Table, shape: Shape, seed: u64) -> Result<GradientBooster, Error> {
    let failed = |error: forust_ml::errors::ForustError| Error::Learning("gradient boosting", error.to_string());
    let mut columns = vec![0.0; table.values.len()];
    for (row, values) in table.values.chunks_exact(COUNT).enumerate() {
        for (column, value) in values.iter().enumerate() {
            columns[column * table.rows + row] = *value;
        }
    }
    let labels: Vec<_> = table.labels.iter().map(|label| f64::from(u8::from(*label))).collect();
    let mut booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::LogLoss)
        .set_iterations(shape.trees)
        .set_max_depth(shape.depth)
        .set_max_leaves(1 << shape.depth)
        .set_learning_rate(RATE)
        .set_l2(L2)
        .set_min_leaf_weight(LEAST_LEAF)
        .set_nbins(BINS)
        .set_base_score(0.0)
        .set_initialize_base_score(false)
        .set_allow_missing_splits(false)
        .set_create_missing_branch(false)
        .set_monotone_constraints(Some(directions()))
        .set_parallel(false)
        .set_seed(seed);
    let data = Matrix::new(&columns, table.rows, COUNT);
    booster.fit(&data, &labels, &table.weights, None).map_err(failed)?;
    Ok(booster)
}

fn directions() -> ConstraintMap {
    let constraint = |direction| match direction {
        1.. => Constraint::Positive,
        ..=0 => Constraint::Negative,
    };
    FEATURES.iter().enumerate().map(|(index, feature)| (index, constraint(feature.direction))).collect()
}

/// Nodes in the order of their depth. `None`: more than a node can name.
fn read_out(tree: &Grown) -> Option<Tree> {
    let mut flat = Tree::default();
    let mut order = vec![0];
    let mut at = 0;
    while let Some(node) = order.get(at).and_then(|index| tree.nodes.get(*index)) {
        at += 1;
        flat.value.push(node.weight_value);
        if node.is_leaf {
            flat.feature.push(-1);
            flat.below.push(0.0);
            flat.left.push(0);
        } else {
            flat.feature.push(i16::try_from(node.split_feature).ok()?);
            flat.below.push(rounded_up(node.split_value));
            flat.left.push(u16::try_from(order.len()).ok()?);
            order.extend([node.left_child, node.right_child]);
        }
    }
    Some(flat)
}

/// The smallest `f32` that is not below: what is below the one is below the other, for every `f32`.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is about")]
pub(super) fn rounded_up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

#[cfg(test)]
mod tests {
    use super::super::sample::tests::rows;
    use super::*;

    #[test]
    fn flat_trees_say_what_the_library_says() {
        let rows = rows(900, 3);
        let table = Table::of(&rows.iter().collect::<Vec<_>>());
        let shape = Shape { trees: 30, depth: 4 };
        let booster = grow(&table, shape, 1).unwrap();
        let Body::Boosted { base, trees } = fit(&table, shape, 1).unwrap() else { panic!() };
        let columns: Vec<_> =
            (0..COUNT).flat_map(|at| rows.iter().map(move |row| f64::from(row.features.0[at]))).collect();
        let theirs = booster.predict(&Matrix::new(&columns, rows.len(), COUNT), false);
        let model = super::super::run::tests::model(Body::Boosted { base, trees });
        for (row, theirs) in rows.iter().zip(theirs) {
            assert!((model.score(&row.features) - theirs).abs() < 1e-6);
        }
    }

    #[test]
    fn what_can_only_make_abuse_likelier_never_makes_it_less_likely() {
        let rows = rows(900, 4);
        let table = Table::of(&rows.iter().collect::<Vec<_>>());
        let model = super::super::run::tests::model(fit(&table, Shape { trees: 30, depth: 4 }, 1).unwrap());
        for row in rows.iter().take(200) {
            for (index, feature) in FEATURES.iter().enumerate() {
                let mut more = row.features;
                more.0[index] += 1.0;
                let change = model.score(&more) - model.score(&row.features);
                assert!(change * f64::from(feature.direction) >= -1e-6, "{}: {change}", feature.name);
            }
        }
    }

    #[test]
    fn a_threshold_is_rounded_so_that_nothing_changes_sides() {
        for value in [0.1_f64, 1.0, 1.0 / 3.0, 16_777_217.0, -0.1] {
            let rounded = rounded_up(value);
            for near in [rounded.next_down(), rounded, rounded.next_up()] {
                assert_eq!(f64::from(near) < value, near < rounded, "{value}");
            }
        }
    }
}
