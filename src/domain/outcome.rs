//! What became of a code.

use serde::Serialize;

/// What became of a code that was sent. Silence is the fourth outcome and needs no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// The right code came back.
    Verified,
    /// The carrier delivered the message.
    Delivered,
    /// The carrier says that it could not deliver it.
    Undelivered,
}

impl OutcomeKind {
    /// The name in messages, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
        }
    }

    /// Reads a name; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Verified, Self::Delivered, Self::Undelivered].into_iter().find(|kind| kind.name() == name)
    }
}

/// An outcome that found the sends it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What happened.
    pub outcome: OutcomeKind,
    /// The decision whose send it settles.
    pub decision: super::DecisionId,
    /// When it happened.
    pub at: super::Timestamp,
    /// Endpoint of the send.
    pub endpoint: std::sync::Arc<str>,
}
