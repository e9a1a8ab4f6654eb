//! What the operator sets about challenges.

use super::work::Effort;
use crate::domain::Span;

/// Settings that a reload may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How much work is asked for.
    pub effort: Effort,
    /// How long a challenge can be solved.
    pub challenge_lifetime: Span,
    /// How long a pass is good.
    pub pass_lifetime: Span,
    /// Challenges that are issued in a second, to all together.
    pub issue_rate: u32,
    /// Challenges that are issued in a minute to one address, after as many at once.
    pub issue_per_address: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            effort: Effort::Normal,
            challenge_lifetime: Span::minutes(5),
            pass_lifetime: Span::minutes(5),
            issue_rate: 500,
            issue_per_address: 60,
        }
    }
}
