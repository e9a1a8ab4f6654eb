//! Label sets of the metrics. Every value comes from the configuration, from a closed set, or from the list of
//! countries; nothing that a client sends becomes a label as it is.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

use crate::domain;

/// Who told an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeSource {
    /// The app's answer to a try of a code.
    Verify,
    /// An app or an SMS provider, by an outcome message.
    Feed,
}

impl OutcomeSource {
    /// The name in metrics and the decision log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Feed => "feed",
        }
    }
}

/// Why an outcome found no open send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unmatched {
    /// Nothing goes by what it names, or its window has ended.
    NoSend,
    /// Its phone and its client are of different sends.
    AtOdds,
}

impl Unmatched {
    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSend => "no_send",
            Self::AtOdds => "at_odds",
        }
    }
}

/// A country, or `none` for numbers of no country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Country(pub(super) Option<domain::Country>);

impl EncodeLabelValue for Country {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(self.0.as_ref().map_or("none", domain::Country::as_str))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Decided {
    pub(super) endpoint: Arc<str>,
    pub(super) verdict: &'static str,
    pub(super) mode: &'static str,
}

impl Decided {
    pub(super) fn of(decision: &domain::Decision) -> Self {
        let (verdict, mode) = (decision.verdict.name(), decision.mode.name());
        Self { endpoint: Arc::clone(&decision.endpoint), verdict, mode }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reason {
    pub(super) endpoint: Arc<str>,
    pub(super) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Limit {
    pub(super) limit: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Sent {
    pub(super) endpoint: Arc<str>,
    pub(super) country: Country,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Saved {
    pub(super) endpoint: Arc<str>,
    pub(super) mode: &'static str,
    /// `refused`, or `challenged`: saved only where nobody solves.
    pub(super) what: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AtRung {
    pub(super) endpoint: Arc<str>,
    pub(super) rung: &'static str,
    pub(super) mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Endpoint {
    pub(super) endpoint: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct OfCountry {
    pub(super) country: Country,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Outcome {
    pub(super) endpoint: Arc<str>,
    pub(super) country: Country,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct UnmatchedOutcome {
    pub(super) source: &'static str,
    pub(super) outcome: &'static str,
    pub(super) why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct UnreadAnswer {
    pub(super) endpoint: Arc<str>,
    pub(super) condition: &'static str,
    pub(super) why: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Unreadable {
    pub(super) endpoint: Arc<str>,
    pub(super) code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Table {
    pub(super) table: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReloadResult {
    pub(super) result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Rule {
    pub(super) rule: Arc<str>,
    pub(super) action: &'static str,
    /// `enforced` or `shadow`.
    pub(super) mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RuleAlert {
    pub(super) rule: Arc<str>,
    pub(super) endpoint: Arc<str>,
}
