//! Reasons as they are written: in words, and their numbers apart, for whoever counts or replays them.

use serde::Serialize;

use crate::domain::{ListName, Listed, Reason, Rung, Span, Timestamp};

/// A reason.
#[derive(Serialize)]
pub(super) struct ReasonLine<'a> {
    code: &'static str,
    text: String,
    /// The smallest change that would have turned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    turned_by: Option<String>,
    #[serde(flatten)]
    numbers: Numbers<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    Limit {
        limit: &'a str,
        key: &'a str,
        count: u32,
        max: u32,
        per: Span,
        until: Timestamp,
        enforced: bool,
    },
    Hot {
        kind: &'static str,
        value: &'a str,
        rung: Rung,
        heat: f64,
        evidence: f64,
        sent: f64,
        verified: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        fades_in: Option<Span>,
    },
    Surge {
        kind: &'static str,
        value: &'a str,
        pressure: f64,
        rate: f64,
        explained: f64,
    },
    Siege {
        kind: &'static str,
        value: &'a str,
        stopped: f64,
        sent: f64,
        verified: f64,
        fades_in: Span,
    },
    Waiting {
        kind: &'static str,
        value: &'a str,
        rung: Rung,
        open: f64,
        bound: f64,
    },
    Look {
        prior: f64,
        parts: &'a [&'static str],
    },
    Rule {
        rule: &'a str,
        action: &'static str,
    },
    Budget {
        budget: &'a str,
        used: f64,
        max: f64,
        bound: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Listed {
        list: ListName,
        entry: u64,
        value: &'a str,
        note: &'a str,
        until: Option<Timestamp>,
    },
    None {},
}

impl<'a> ReasonLine<'a> {
    pub(super) fn of(reason: &'a Reason) -> Self {
        Self {
            code: reason.code(),
            text: reason.to_string(),
            turned_by: reason.turned_by(),
            numbers: Numbers::of(reason),
        }
    }
}

impl<'a> Numbers<'a> {
    fn of(reason: &'a Reason) -> Self {
        match reason {
            Reason::Limit { name, key, what: _, count, max, per, until, enforced } => Self::Limit {
                limit: name,
                key,
                count: *count,
                max: *max,
                per: *per,
                until: *until,
                enforced: *enforced,
            },
            Reason::Hot { kind, value, rung, heat, evidence, sent, verified, fades_in, closes: _ } => Self::Hot {
                kind,
                value,
                rung: *rung,
                heat: short(*heat),
                evidence: short(*evidence),
                sent: short(*sent),
                verified: short(*verified),
                fades_in: *fades_in,
            },
            Reason::Surge { kind, value, pressure, rate, explained, closes: _ } => Self::Surge {
                kind,
                value,
                pressure: short(*pressure),
                rate: short(*rate),
                explained: short(*explained),
            },
            Reason::Siege { kind, value, stopped, sent, verified, fades_in, closes: _ } => Self::Siege {
                kind,
                value,
                stopped: short(*stopped),
                sent: short(*sent),
                verified: short(*verified),
                fades_in: *fades_in,
            },
            Reason::Waiting { kind, value, rung, open, bound } => {
                Self::Waiting { kind, value, rung: *rung, open: short(*open), bound: short(*bound) }
            }
            Reason::Look { prior, parts, closes: _ } => Self::Look { prior: short(*prior), parts },
            Reason::Rule { rule, action, says: _ } => Self::Rule { rule, action },
            Reason::Budget { name, used, max, bound, until } => {
                Self::Budget { budget: name, used: *used, max: *max, bound: *bound, until: *until }
            }
            Reason::Listed(Listed { list, entry, what, note, until }) => {
                Self::Listed { list: *list, entry: *entry, value: what, note, until: *until }
            }
            Reason::LimitTableFull { .. }
            | Reason::NumberKind(_)
            | Reason::ImpossibleNumber
            | Reason::Country(_)
            | Reason::Unreadable(_)
            | Reason::NoPhone
            | Reason::PageToken(_)
            | Reason::Blind => Self::None {},
        }
    }
}

/// Two digits after the point are plenty.
fn short(number: f32) -> f64 {
    (f64::from(number) * 100.0).round() / 100.0
}
