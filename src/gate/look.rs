//! What an attempt looks like: by the trained model, by plain weights, or not at all.

use super::{Gate, Revision};
use crate::cells::{Attempt, Cells, Views};
use crate::decide::{self, Prior};
use crate::domain::{Facts, PageCode, Rung};
use crate::model::{Features, Look, Model};

/// Parts of a look that are told, at most.
const TOLD: usize = 5;
/// What moves the prior by less isn't told.
const SLIGHT: f32 = 0.05;

/// How an attempt looks.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// 0 to 1 of heat.
    pub(super) prior: f32,
    /// What speaks, in words.
    pub(super) words: Vec<&'static str>,
    /// What the model read.
    pub(super) row: Option<Features>,
}

impl Looks {
    /// Of an attempt whose cells show `views` at the first rung. `page` is what the page's token is worth, which weighs
    /// also where looks are switched off.
    pub(super) fn of(
        cells: &Cells,
        revision: &Revision,
        (facts, page_seen, page): (&Facts, bool, Option<PageCode>),
        (attempt, views): (&Attempt, &Views),
    ) -> Self {
        let (look, row) = match &revision.prior {
            Prior::None => Default::default(),
            Prior::Weights => (decide::prior(facts, page_seen), None),
            Prior::Model(model) => {
                let habits = cells.habits(attempt, facts.at);
                let row = Features::of(&Look { facts, page_seen, views, habits });
                let prior = model.prior(&row);
                let words = if prior > decide::TOLD_PRIOR { words(model, &row) } else { Vec::new() };
                ((prior, words), Some(row))
            }
        };
        let (prior, words) = decide::with_page(look, page);
        Self { prior, words, row }
    }
}

fn words(model: &Model, row: &Features) -> Vec<&'static str> {
    let parts = model.parts(row).into_iter().filter(|part| part.share >= SLIGHT);
    parts.take(TOLD).map(|part| part.words()).collect()
}

/// An attempt as a model is trained on it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// What the model reads.
    pub row: Features,
    /// What plain weights make of it.
    pub plain: f32,
    /// The hottest of its cells: 1 is where the first rung closes.
    pub heat: f32,
}

impl Gate {
    /// What a model reads of an attempt, and how hot its cells are. Counts nothing.
    pub fn seen(&self, revision: &Revision, facts: &Facts) -> Seen {
        let attempt = self.cells.attempt(facts);
        let views = self.cells.look(&revision.kinds, &attempt, Rung::None, facts.at);
        let heat = views.iter().flatten().map(|view| view.heat).fold(0.0, f32::max);
        let page_seen = self.cells.page_seen(&facts.client.address, facts.at);
        let habits = self.cells.habits(&attempt, facts.at);
        let (plain, _) = decide::prior(facts, page_seen);
        Seen { row: Features::of(&Look { facts, page_seen, views: &views, habits }), plain, heat }
    }

    /// What an attempt's look is made of, each with its share of what asks for a proof by itself, and whatever speaks for
    /// it below 0.
    pub(super) fn look_parts(&self, revision: &Revision, facts: &Facts) -> Vec<(&'static str, f32)> {
        match &revision.prior {
            Prior::None => Vec::new(),
            Prior::Weights => {
                decide::prior_parts(facts, self.cells.page_seen(&facts.client.address, facts.at)).collect()
            }
            Prior::Model(model) => {
                let row = self.seen(revision, facts).row;
                model.parts(&row).iter().map(|part| (part.words(), part.share)).collect()
            }
        }
    }
}
