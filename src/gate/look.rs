//! What an attempt looks like: by the trained model, by plain weights, or not at all.

use super::stand::Stand;
use super::{Gate, Revision};
use crate::cells::{Attempt, Cells, Views};
use crate::decide::{self, Prior};
use crate::domain::{Decision, Facts, PageCode, Rung, Verdict};
use crate::model::{Features, Look, Model};

/// Parts of a look that are told, at most.
const TOLD: usize = 5;
/// What moves the prior by less isn't told.
const SLIGHT: f32 = 0.05;

/// How an attempt looks.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Heat of the look: 1 asks for a proof by itself.
    pub(super) prior: f32,
    /// What speaks, in words.
    pub(super) words: Vec<&'static str>,
    /// What the models read, and what the one that is watched makes of it.
    pub(super) watched: Watched,
}

/// What is counted of models.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watched {
    row: Option<Features>,
    active: Option<f32>,
    shadow: Option<f32>,
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
        let row = revision.models().next().is_some().then(|| {
            let habits = cells.habits(attempt, facts.at);
            Features::of(&Look { facts, page_seen, views, habits })
        });
        // What a client has shown by verifying is better known than what it looks like.
        let is_known = attempt.trust.is_known();
        let by = |model: &Model| row.as_ref().map(|row| if is_known { 0.0 } else { model.prior(row) });
        let active = revision.prior.model().and_then(|model| by(model));
        let shadow = revision.shadow.as_deref().and_then(by);
        let look = match (&revision.prior, active, &row) {
            (Prior::Weights, ..) => decide::prior(facts, page_seen),
            (Prior::Model(model), Some(prior), Some(row)) if prior > decide::TOLD_PRIOR => (prior, words(model, row)),
            (Prior::Model(_), prior, _) => (prior.unwrap_or_default(), Vec::new()),
            (Prior::None, ..) => Default::default(),
        };
        let (prior, words) = decide::with_page(look, page);
        Self { prior, words, watched: Watched { row, active, shadow } }
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
    /// Counts what the models made of a first attempt, and what they met where it went through unasked: an attack that is
    /// stopped is no drift.
    pub(super) fn watch_models(&self, revision: &Revision, watched: &Watched, decision: &Decision) {
        let Some(row) = watched.row.as_ref().filter(|_| decision.proven == Rung::None) else { return };
        self.tell.metrics.looks().looked(watched.active, watched.shadow);
        if decision.verdict == Verdict::Forward {
            revision.models().for_each(|model| model.drift().count(row));
        }
    }

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
}

/// What an attempt's look is made of, each with its share of what asks for a proof by itself, and whatever speaks for it
/// below 0.
pub(super) fn parts(revision: &Revision, facts: &Facts, stand: &Stand) -> Vec<(&'static str, f32)> {
    match (&revision.prior, &stand.watched().row) {
        (Prior::Weights, _) => decide::prior_parts(facts, stand.standing().page_seen).collect(),
        (Prior::Model(model), Some(row)) => model.parts(row).iter().map(|part| (part.words(), part.share)).collect(),
        (Prior::None, _) | (Prior::Model(_), None) => Vec::new(),
    }
}
