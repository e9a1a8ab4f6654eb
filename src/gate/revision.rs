//! Everything that a reload replaces, as one immutable value.

use std::sync::Arc;

use super::Endpoint;
use crate::budget;
use crate::cells::Kinds;
use crate::challenge;
use crate::domain::RevisionId;
use crate::extract::{Router, TrustedProxies};
use crate::limits::Set;
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
    /// Whose `X-Forwarded-For` is believed.
    pub trusted: TrustedProxies,
    /// How each kind of cell behaves.
    pub kinds: Kinds,
    /// Whether the look of a client counts.
    pub looks: bool,
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
    /// The name of a phone from its number in international form, with or without the plus.
    pub fn phone_of(&self, number: &str, names: &Pseudonyms) -> Option<Pseudonym> {
        let plus = if number.starts_with('+') { "" } else { "+" };
        let number = self.numbering.read(&format!("{plus}{number}"), None).ok()?;
        Some(number.named(names).id)
    }
}
