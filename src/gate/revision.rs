//! Everything that a reload replaces, as one immutable value.

use std::sync::Arc;

use http::HeaderName;

use super::Endpoint;
use crate::budget;
use crate::cells::Kinds;
use crate::challenge;
use crate::decide::Prior;
use crate::domain::RevisionId;
use crate::extract::{Router, TrustedProxies};
use crate::limits::Set;
use crate::model::Model;
use crate::numbering::Numbering;
use crate::privacy::{Pseudonym, Pseudonyms};
use crate::ruleset::RuleSet;

/// A compiled configuration, as far as decisions read it. A request is decided by one revision from its first byte to
/// its outcome; counters live outside and outlast it.
#[derive(Debug)]
pub struct Revision {
    /// Its name; every decision carries it.
    pub id: RevisionId,
    /// Which requests belong to which endpoint.
    pub router: Router,
    /// The endpoints; the router gives their index.
    pub endpoints: Vec<Endpoint>,
    /// Whose word about a client's address is believed, and in which header.
    pub trusted: TrustedProxies,
    /// How each kind of cell behaves.
    pub kinds: Kinds,
    /// What the look of a client is judged by.
    pub prior: Prior,
    /// A model that is watched: what it would ask for is counted, and it asks for nothing.
    pub shadow: Option<Arc<Model>>,
    /// The header in which a trusted proxy says what the client's TLS handshake looked like (JA4).
    pub ja4: Option<HeaderName>,
    /// How challenges are asked.
    pub challenge: challenge::Settings,
    /// What captchas need that are somebody else's.
    pub captcha: challenge::captcha::Setup,
    /// The limits, with their tables.
    pub limits: Set,
    /// What operators ask for.
    pub rules: RuleSet,
    /// What may be spent.
    pub budgets: budget::Policy,
    /// Number intelligence with the price table.
    pub numbering: Arc<Numbering>,
}

impl Revision {
    /// The model that is asked and the one that is watched.
    pub(super) fn models(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.prior.model().into_iter().chain(&self.shadow)
    }

    /// Keeps what models counted, where another revision has the same ones.
    pub(super) fn with_models_of(mut self, before: &Self) -> Self {
        let kept = |model: &Arc<Model>| before.models().find(|known| known.name() == model.name()).cloned();
        if let Some(model) = self.prior.model().and_then(kept) {
            self.prior = Prior::Model(model);
        }
        if let Some(model) = self.shadow.as_ref().and_then(kept) {
            self.shadow = Some(model);
        }
        self
    }

    /// The name of a phone from its number in international form, with or without the plus.
    pub fn phone_of(&self, number: &str, names: &Pseudonyms) -> Option<Pseudonym> {
        let plus = if number.starts_with('+') { "" } else { "+" };
        let number = self.numbering.read(&format!("{plus}{number}"), None).ok()?;
        Some(number.named(names).id)
    }
}
