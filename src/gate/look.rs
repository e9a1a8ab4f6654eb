//! What an attempt looks like: by the trained model, by plain weights, or not at all.

use super::{Gate, Revision};
use crate::cells::{Attempt, Cells, Views};
use crate::decide::{self, Prior};
use crate::domain::{Decision, Facts, Oddness, PageCode, Rung, Verdict};
use crate::model::{Features, Look, Model, Says};

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
    /// Whether it is rather right than wrong. Where looks are switched off none is.
    pub(super) is_right: bool,
    /// How well the endpoint is known, 0 to 1.
    pub(super) known: f32,
    /// What it was made of.
    pub(super) made_of: MadeOf,
}

/// What a look was made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MadeOf {
    odd: Oddness,
    row: Option<Features>,
    active: Option<Says>,
    shadow: Option<Says>,
}

impl MadeOf {
    /// How much doubt a look leaves that keeps an attempt out by itself, 0 to 1. Plain weights leave none.
    pub(super) fn doubt(&self) -> f32 {
        self.active.unwrap_or_default().doubt
    }
}

impl Looks {
    /// Of an attempt whose cells show `views` at the first rung. `page` is what the page's token is worth, which weighs
    /// also where looks are switched off.
    pub(super) fn of(
        cells: &Cells,
        revision: &Revision,
        (facts, page): (&Facts, Option<PageCode>),
        (attempt, views): (&Attempt, &Views),
    ) -> Self {
        let habits = cells.habits(attempt, facts.at);
        let row = revision.models().next().is_some().then(|| Features::of(&Look { facts, views, habits }));
        let plain = decide::prior(facts, &habits.odd);
        let by = |model: &Model| {
            // What a client has shown by verifying is better known than what it looks like.
            if attempt.trust.is_known() {
                return Some(Says::default());
            }
            if is_certain(plain) {
                return Some(Says { prior: plain, doubt: 0.0 });
            }
            let Says { prior, doubt } = model.says(row.as_ref()?);
            // Where hardly anybody was seen yet, nobody can look like those who are real there.
            Some(Says { prior: if prior < 0.0 { prior * habits.known } else { prior }, doubt })
        };
        let active = revision.prior.model().and_then(|model| by(model));
        let shadow = revision.shadow.as_deref().and_then(by);
        let prior = match &revision.prior {
            Prior::None => 0.0,
            Prior::Weights => plain,
            Prior::Model(_) => active.unwrap_or_default().prior,
        };
        let made_of = MadeOf { odd: habits.odd, row, active, shadow };
        let words = if prior > decide::TOLD_PRIOR { words(parts(revision, facts, &made_of)) } else { Vec::new() };
        let (prior, words) = decide::with_page((prior, words), page);
        let is_right = !matches!(revision.prior, Prior::None) && prior < decide::RIGHT;
        Self { prior, words, is_right, known: habits.known, made_of }
    }
}

/// What plain weights are certain of is known without a model: that a script asks, on an endpoint of which nothing else is
/// known yet. A model that is trained on endpoints with a history goes by that history, and found no reason in it.
fn is_certain(plain: f32) -> bool {
    plain >= 1.0
}

/// What an attempt's look is made of, each with its share of what asks for a proof by itself, the weightiest first, and
/// below 0 whatever speaks for it.
pub(super) fn parts(revision: &Revision, facts: &Facts, made_of: &MadeOf) -> Vec<(&'static str, f32)> {
    match (&revision.prior, &made_of.row) {
        (Prior::Model(model), Some(row)) if !is_certain(decide::prior(facts, &made_of.odd)) => {
            model.parts(row).iter().map(|part| (part.words(), part.share)).collect()
        }
        (Prior::Weights | Prior::Model(_), _) => decide::prior_parts(facts, &made_of.odd),
        (Prior::None, _) => Vec::new(),
    }
}

fn words(parts: Vec<(&'static str, f32)>) -> Vec<&'static str> {
    parts.into_iter().filter(|(_, share)| *share >= SLIGHT).map(|(words, _)| words).take(TOLD).collect()
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
    pub(super) fn watch_models(&self, revision: &Revision, made_of: &MadeOf, decision: &Decision) {
        let Some(row) = made_of.row.as_ref().filter(|_| decision.proven == Rung::None) else { return };
        let prior = |says: Option<Says>| says.map(|says| says.prior);
        self.tell.metrics.looks().looked(prior(made_of.active), prior(made_of.shadow));
        if decision.verdict == Verdict::Forward {
            revision.models().for_each(|model| model.drift().count(row));
        }
    }

    /// What a model reads of an attempt, and how hot its cells are. Counts nothing.
    pub fn seen(&self, revision: &Revision, facts: &Facts) -> Seen {
        let attempt = self.cells.attempt(facts);
        let views = self.cells.look(&revision.kinds, &attempt, facts.at);
        let heat = views.iter().flatten().map(|view| view.heat).fold(0.0, f32::max);
        let habits = self.cells.habits(&attempt, facts.at);
        let plain = decide::prior(facts, &habits.odd);
        Seen { row: Features::of(&Look { facts, views: &views, habits }), plain, heat }
    }
}
