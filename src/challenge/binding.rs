//! What a proof is good for, and who brings one.

use std::sync::Arc;

use crate::domain::{Decision, DecisionId, Facts};
use crate::privacy::Pseudonym;

/// What a challenge's proof will be good for.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The decision that asked for it.
    pub attempt: DecisionId,
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// The phone.
    pub phone: Bound,
    /// The client, where it is known: cookie or device.
    pub client: Option<Pseudonym>,
}

/// Whether a proof is for one phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// For any: it was asked for before the phone was known.
    Any,
    /// For this one, or for requests without one.
    To(Option<Pseudonym>),
}

impl Binding {
    /// To the attempt that was decided on.
    pub fn of(decision: &Decision, facts: &Facts) -> Self {
        Self {
            attempt: decision.id,
            endpoint: Arc::clone(&facts.endpoint),
            phone: Bound::To(facts.phone().map(|phone| phone.id)),
            client: facts.client.id.as_ref().map(|client| client.id),
        }
    }
}

/// The attempt that brings a proof.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<'a> {
    /// The endpoint.
    pub endpoint: &'a str,
    /// Its phone.
    pub phone: Option<Pseudonym>,
    /// Its client.
    pub client: Option<Pseudonym>,
}

impl<'a> Bearer<'a> {
    /// Who stands behind these facts.
    pub fn of(facts: &'a Facts) -> Self {
        Self {
            endpoint: &facts.endpoint,
            phone: facts.phone().map(|phone| phone.id),
            client: facts.client.id.as_ref().map(|client| client.id),
        }
    }
}
