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
    /// Whether version 1 of ALTCHA is spoken, for widgets before version 3.
    pub older_altcha: bool,
    /// What pages' tokens have to be like.
    pub page: PageSettings,
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
            older_altcha: false,
            page: PageSettings::default(),
            issue_rate: 500,
            issue_per_address: 600,
        }
    }
}

/// What pages' tokens have to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSettings {
    /// Nobody fills a form sooner.
    pub min_age: Span,
    /// Nobody leaves one open longer.
    pub max_age: Span,
    /// Phones that codes may be asked for with one token.
    pub max_phones: usize,
}

impl Default for PageSettings {
    fn default() -> Self {
        Self { min_age: Span::seconds(1), max_age: Span::hours(4), max_phones: 3 }
    }
}
