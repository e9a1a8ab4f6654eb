//! What rules did to a decision.

use std::sync::Arc;

use serde::Serialize;

/// A rule whose condition held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleHit {
    /// The rule's id.
    pub rule: Arc<str>,
    /// What it asks for: `block`, `weigh` and so on.
    pub action: &'static str,
    /// False for one that only tells what it would have done: in shadow mode, or outside of its rollout.
    pub enforced: bool,
}

/// A way to prove a phone other than by SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Divert {
    /// A call that reads the code.
    Voice,
    /// A call that isn't answered; its number is the code.
    Flash,
    /// A message to the app.
    Push,
    /// A letter to the mail address on file.
    Mail,
}

impl Divert {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Voice, Self::Flash, Self::Push, Self::Mail];

    /// The name in configuration and in the header `sendwall-divert`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Flash => "flash",
            Self::Push => "push",
            Self::Mail => "mail",
        }
    }
}
