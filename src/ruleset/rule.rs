//! A rule as it was written.

use std::fmt;
use std::sync::Arc;

use super::Action;
use crate::domain::{Facts, Mode, Timestamp};
use crate::limits::{mix, text_value};
use crate::rules::Expression;

/// One `[[rule]]`.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Unique; in decisions, metrics and logs.
    pub id: Arc<str>,
    /// When it speaks (vocabulary [`crate::rules::RULES`]).
    pub when: Expression,
    /// What it asks for.
    pub action: Action,
    /// Why, for people.
    pub reason: Option<Arc<str>>,
    /// Monitor: a shadow, which is counted and told and changes nothing.
    pub mode: Mode,
    /// For whom it is enforced.
    pub rollout: Rollout,
    /// On the decision where it speaks.
    pub tags: Vec<Arc<str>>,
    /// From then on it is silent.
    pub expires: Option<Timestamp>,
    /// Higher ones are asked first.
    pub priority: i32,
    /// Endpoints that it holds for; empty is all.
    pub endpoints: Vec<Arc<str>>,
    /// Where it was written.
    pub origin: Origin,
}

/// Where something was written.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file as it was named, or `pack geo`.
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A share of phones, always the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// Of 10,000.
    share: u16,
}

impl Rollout {
    /// Nobody.
    pub const NONE: Self = Self { share: 0 };
    /// Everyone.
    pub const ALL: Self = Self { share: 10_000 };

    /// From 0 to 100 percent.
    pub fn percent(percent: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000")]
        Self { share: (percent.clamp(0.0, 100.0) * 100.0).round() as u16 }
    }

    /// Whether the rule of that id is enforced for an attempt: by its phone; without one, by its client; without either,
    /// by its address. Another rule has another share of them.
    pub fn takes_in(self, rule: &str, facts: &Facts) -> bool {
        if self == Self::ALL {
            return true;
        }
        let client = facts.client.id.as_ref().map(|client| client.id);
        let who = facts.phone().map(|phone| phone.id).or(client).unwrap_or(facts.client.address.id);
        mix([text_value(rule), who.short()]) % 10_000 < u64::from(self.share)
    }
}
