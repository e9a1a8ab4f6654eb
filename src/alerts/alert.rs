//! What on-call people are told: plain data, made by the incidents and carried by the channels.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::{Span, Timestamp};

/// One message about an incident: that it began, that it grew, or that it is over.
///
/// Nothing in it is a raw number: ranges, countries and keyed names at most. Its texts are whole sentences, so a channel
/// shows them as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Names this message and no other, also after a restart: `INCIDENT.SEQUENCE`. Receivers drop repeats by it.
    pub id: String,
    /// The incident: the same for all of its messages, so the key by which receivers join them.
    pub incident: IncidentId,
    /// Counts the messages of the incident, from 1. A channel keeps their order.
    pub sequence: u32,
    /// What the incident is about: that of its leading alert.
    pub kind: AlertKind,
    /// The rule that spoke first, such as `attack`, `messages-1h`.
    pub rule: String,
    /// How bad it is. Rises within an incident, and never falls.
    pub severity: Severity,
    /// What this message tells.
    pub status: Status,
    /// What it is about: `endpoint`, `country`, `range`, `part`, as far as they are known. Names and values are short.
    pub labels: BTreeMap<String, String>,
    /// When the incident began.
    pub started: Timestamp,
    /// When it was over; only in the message that says so.
    pub ended: Option<Timestamp>,
    /// When this message was made.
    pub at: Timestamp,
    /// What was measured, and what it was held against.
    pub value: Value,
    /// One sentence for a screen that shows little.
    pub summary: String,
    /// What else is known, a line each: size, ranges, networks, money so far, what to do.
    pub details: Vec<String>,
    /// Made by `sendwall alerts test`: nothing has happened.
    #[serde(default)]
    pub test: bool,
}

/// Names an incident: its start in milliseconds and a count, such as `inc-19aa5c3f100-1`. Letters, digits and hyphens,
/// at most 40.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(String);

impl IncidentId {
    /// Of the `count`th incident that began at `at`.
    pub fn new(at: Timestamp, count: u64) -> Self {
        Self(format!("inc-{:x}-{count}", at.unix_ms()))
    }

    /// Reads a name; `None` for what can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = text.starts_with("inc-") && text.len() <= 40 && text.chars().all(is_plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Cells turned hot: somebody pumps or bombs.
    Attack,
    /// More messages than a threshold, or than is usual.
    Messages,
    /// More money than a threshold, or than is usual.
    Money,
    /// Fewer codes are verified than of real use.
    Conversion,
    /// Messages don't arrive.
    Undelivered,
    /// A large share of requests is refused or challenged.
    Refused,
    /// A budget is used up, or nearly.
    Budget,
    /// sendwall itself, or what it leans on, is in trouble.
    Trouble,
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Attack,
        Self::Messages,
        Self::Money,
        Self::Conversion,
        Self::Undelivered,
        Self::Refused,
        Self::Budget,
        Self::Trouble,
    ];

    /// The name in configuration, messages and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attack => "attack",
            Self::Messages => "messages",
            Self::Money => "money",
            Self::Conversion => "conversion",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
            Self::Budget => "budget",
            Self::Trouble => "trouble",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody should look today.
    Warn,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    /// Every severity.
    pub const ALL: [Self; 2] = [Self::Warn, Self::Critical];

    /// The name in configuration, messages and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Critical => "critical",
        }
    }
}

/// What a message tells of its incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It began.
    Firing,
    /// It grew, or became worse.
    Updated,
    /// It is over.
    Resolved,
}

impl Status {
    /// The name in messages and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Updated => "updated",
            Self::Resolved => "resolved",
        }
    }
}

/// What was measured, and what it was held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What was measured.
    pub value: f64,
    /// What it was held against.
    pub limit: f64,
    /// Of both.
    pub unit: Unit,
    /// The window that was looked at; zero where there is none.
    pub per_ms: u64,
}

impl Value {
    /// Nothing was measured.
    pub const NOTHING: Self = Self { value: 0.0, limit: 0.0, unit: Unit::Count, per_ms: 0 };

    /// The window.
    pub const fn per(&self) -> Span {
        Span::millis(self.per_ms)
    }
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Text messages.
    Messages,
    /// Requests for a code.
    Requests,
    /// The operator's currency.
    Money,
    /// A part of a whole, 0 to 1.
    Share,
    /// Things of sendwall's own: dropped lines, problems.
    Count,
}

/// A number with its noun: `1 address`, `2 addresses`.
pub fn counted(count: impl fmt::Display, noun: &str) -> String {
    let count = count.to_string();
    let end = match (count.as_str(), noun.ends_with('s')) {
        ("1", _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{end}")
}

impl fmt::Display for Value {
    /// `142 messages in 5m (limit 40)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = format_args!("{:.0}", self.value);
        match self.unit {
            Unit::Messages => f.write_str(&counted(whole, "message"))?,
            Unit::Requests => f.write_str(&counted(whole, "request"))?,
            Unit::Money => write!(f, "{:.2} of money", self.value)?,
            Unit::Share => write!(f, "{:.0} %", self.value * 100.0)?,
            Unit::Count => write!(f, "{:.0}", self.value)?,
        }
        if self.per_ms > 0 {
            write!(f, " in {}", self.per())?;
        }
        match self.unit {
            Unit::Share => write!(f, " (limit {:.0} %)", self.limit * 100.0),
            Unit::Money => write!(f, " (limit {:.2})", self.limit),
            Unit::Messages | Unit::Requests | Unit::Count => write!(f, " (limit {:.0})", self.limit),
        }
    }
}

/// Takes messages away: the channels; in tests and replays whoever looks on.
pub trait Sink: Send + Sync + fmt::Debug {
    /// Takes one message. Returns soon: what is slow happens elsewhere.
    fn take(&self, alert: &Alert);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_reads_back_as_it_was_written() {
        let at = Timestamp::from_unix_ms(1_795_197_600_000);
        let incident = IncidentId::new(at, 7);
        let alert = Alert {
            id: format!("{incident}.1"),
            incident: incident.clone(),
            sequence: 1,
            kind: AlertKind::Attack,
            rule: "attack".to_owned(),
            severity: Severity::Critical,
            status: Status::Firing,
            labels: BTreeMap::from([("country".to_owned(), "UZ".to_owned())]),
            started: at,
            ended: None,
            at: at + Span::seconds(3),
            value: Value { value: 142.0, limit: 40.0, unit: Unit::Messages, per_ms: 300_000 },
            summary: "142 SMS in 5m to UZ.".to_owned(),
            details: vec!["+99899394: 142 SMS.".to_owned()],
            test: false,
        };
        let text = serde_json::to_string(&alert).unwrap();
        assert_eq!(serde_json::from_str::<Alert>(&text).unwrap(), alert, "{text}");
        assert_eq!(alert.value.to_string(), "142 messages in 5m (limit 40)");
        assert_eq!(Value { value: 1.2, ..alert.value }.to_string(), "1 message in 5m (limit 40)");
        assert_eq!(
            ["0", "1", "10"].map(|count| counted(count, "address")),
            ["0 addresses", "1 address", "10 addresses"]
        );
        assert_eq!(IncidentId::parse(incident.as_str()), Some(incident));
        assert_eq!(IncidentId::parse("../etc/passwd"), None);
    }

    #[test]
    fn names_agree_with_serde() {
        for kind in AlertKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.name());
        }
        for status in [Status::Firing, Status::Updated, Status::Resolved] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
        }
    }
}
