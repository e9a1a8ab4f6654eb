//! What is watched, and from where on it is told.

use std::sync::Arc;

use super::AlertKind;
use crate::domain::Span;

/// How alerts are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether anything is watched at all.
    pub enabled: bool,
    /// What is watched.
    pub rules: Vec<Rule>,
    /// An open incident is told again when it has grown by this factor.
    pub grow: f64,
    /// Incidents that are kept; the oldest that is over goes first.
    pub incidents: usize,
    /// Of money, in texts.
    pub currency: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { enabled: true, rules: defaults(), grow: 3.0, incidents: 200, currency: "USD".to_owned() }
    }
}

/// One thing that is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Unique; in messages, metrics and incidents.
    pub name: Arc<str>,
    /// What is measured.
    pub kind: AlertKind,
    /// What it is measured of, each apart.
    pub by: By,
    /// The window.
    pub per: Span,
    /// What the thresholds are.
    pub against: Against,
    /// From here on (conversion: down from here) somebody should look today.
    pub warn: Option<f64>,
    /// From here on somebody should look now.
    pub critical: Option<f64>,
    /// Messages or requests that the window must hold before it says anything.
    pub min: u64,
    /// How long it must be so before it is told.
    pub sustain: Span,
    /// How long it must be well again before that is told.
    pub keep_firing_for: Span,
}

/// What a rule's values are measured of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Everything.
    All,
    /// Each endpoint.
    Endpoint,
    /// Each country of phones.
    Country,
    /// Each range of phones: the number less its last four digits.
    Range,
}

impl By {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Endpoint => "endpoint",
            Self::Country => "country",
            Self::Range => "range",
        }
    }
}

/// What a rule's thresholds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Values.
    Fixed,
    /// Multiples of what is usual at that hour of the week. Without enough history the rule says nothing.
    Usual,
}

impl Against {
    /// The name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Usual => "usual",
        }
    }
}

/// What is watched unless the operator says otherwise: shares and multiples, for nobody knows an app's volume but its
/// operator. They were set by replays: every simulated attack is told of within minutes, and a quiet week says nothing.
pub fn defaults() -> Vec<Rule> {
    let rule = |name: &str, kind, by, per, [warn, critical]: [f64; 2], min| Rule {
        name: name.into(),
        kind,
        by,
        per,
        against: Against::Fixed,
        warn: Some(warn),
        critical: Some(critical),
        min,
        sustain: Span::default(),
        keep_firing_for: Span::minutes(15),
    };
    let usual = |name, by, min| Rule {
        against: Against::Usual,
        sustain: Span::minutes(2),
        ..rule(name, AlertKind::Messages, by, Span::hours(1), [3.0, 6.0], min)
    };
    let steady = |rule| Rule { sustain: Span::minutes(5), ..rule };
    let minutes = Span::minutes;
    vec![
        rule("attack", AlertKind::Attack, By::Country, minutes(15), [15.0, 150.0], 0),
        rule("attack-endpoint", AlertKind::Attack, By::Endpoint, minutes(15), [40.0, 400.0], 0),
        usual("messages-usual", By::All, 200),
        usual("messages-usual-country", By::Country, 100),
        steady(rule("conversion", AlertKind::Conversion, By::Endpoint, minutes(30), [0.5, 0.35], 30)),
        steady(rule("conversion-country", AlertKind::Conversion, By::Country, minutes(30), [0.5, 0.3], 30)),
        steady(rule("undelivered", AlertKind::Undelivered, By::Country, minutes(30), [0.2, 0.5], 20)),
        steady(rule("refused", AlertKind::Refused, By::Endpoint, minutes(10), [0.3, 0.6], 50)),
    ]
}
