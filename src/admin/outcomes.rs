//! Outcomes told by an app or an SMS provider, in batches: one bad one does not cost the good ones.
//!
//! The admin address takes them, and whoever else listens for them may share an [`Outcomes`], so that what came in
//! both ways counts once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{About, Engine, Learned, OutcomeInput};
use crate::clock::Clock;
use crate::domain::{OutcomeKind, Span, Timestamp};
use crate::privacy::{Pseudonym, Pseudonyms, RawPhone};

/// Largest batch, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;
/// Largest batch, in outcomes.
const MAX_OUTCOMES: usize = 10_000;
/// Event ids that are remembered, and for how long: 24 hours. The oldest give way.
const MAX_EVENTS: u64 = 100_000;
const EVENTS_FOR: Duration = Duration::from_secs(24 * 3600);
/// Longest event id, in bytes.
const MAX_EVENT_ID: usize = 256;
/// How far clocks may differ.
const MAX_AHEAD: Span = Span::minutes(5);

/// Takes batches of outcomes in.
pub struct Outcomes {
    engine: Arc<dyn Engine>,
    names: Pseudonyms,
    clock: Arc<dyn Clock>,
    seen: Cache<Pseudonym, ()>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Outcomes of known sends.
    pub accepted: usize,
    /// Outcomes whose event id was seen before.
    pub duplicates: usize,
    /// Outcomes of no open send. They may be told again.
    pub unmatched: usize,
    /// Outcomes that can't be understood.
    pub errors: Vec<Rejected>,
}

/// An outcome that can't be understood. It repeats no value, since any value may be a phone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong, and how it is right.
    pub message: &'static str,
}

/// Why a whole batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No JSON, or not of the form.
    #[error("the body is not {{\"outcomes\": [...]}} in JSON; the fault is at line {line}, column {column}")]
    Malformed {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Too many at once.
    #[error("more than 10000 outcomes at once; send them in smaller batches")]
    TooMany,
}

#[derive(Deserialize)]
struct Batch {
    outcomes: Vec<Value>,
}

/// A field and what is wrong with it.
type Fault = (&'static str, &'static str);

impl Outcomes {
    /// Gives outcomes to `engine`, phones under their `names`.
    pub fn new(engine: Arc<dyn Engine>, names: Pseudonyms, clock: Arc<dyn Clock>) -> Self {
        let seen = Cache::builder().max_capacity(MAX_EVENTS).time_to_live(EVENTS_FOR).build();
        Self { engine, names, clock, seen }
    }

    /// Takes in a batch as it came. Some microseconds an outcome, so a large batch is work for a thread that may
    /// block.
    pub fn take(&self, body: &[u8]) -> Result<Summary, Refused> {
        // The parser's own message may repeat a value, so only the place is told.
        let batch: Batch = serde_json::from_slice(body)
            .map_err(|error| Refused::Malformed { line: error.line(), column: error.column() })?;
        if batch.outcomes.len() > MAX_OUTCOMES {
            return Err(Refused::TooMany);
        }
        let mut summary = Summary::default();
        for (index, outcome) in batch.outcomes.iter().enumerate() {
            if let Err((field, message)) = self.take_one(outcome, &mut summary) {
                summary.errors.push(Rejected { index, field, message });
            }
        }
        Ok(summary)
    }

    fn take_one(&self, value: &Value, summary: &mut Summary) -> Result<(), Fault> {
        let outcome = self.read(value)?;
        let event = self.event_id(value)?;
        if let Some(event) = event
            && !self.seen.entry(event).or_insert(()).is_fresh()
        {
            summary.duplicates += 1;
            return Ok(());
        }
        let learned = self.engine.learn(&outcome);
        let forget = || event.iter().for_each(|event| self.seen.invalidate(event));
        match learned {
            Learned::Settled(_) | Learned::Already => summary.accepted += 1,
            Learned::Unmatched => {
                // It may have overtaken its send; told again, it may find it.
                forget();
                summary.unmatched += 1;
            }
            Learned::UnknownEndpoint => {
                forget();
                return Err(("endpoint", "the configuration has no endpoint of that name"));
            }
        }
        Ok(())
    }

    fn read(&self, value: &Value) -> Result<OutcomeInput, Fault> {
        if !value.is_object() {
            return Err(("", "an outcome is a JSON object"));
        }
        let outcome = text(value, "outcome", "write \"verified\", \"delivered\" or \"undelivered\"")?
            .and_then(OutcomeKind::from_name)
            .ok_or(("outcome", "write \"verified\", \"delivered\" or \"undelivered\""))?;
        let endpoint = text(value, "endpoint", "the name of an endpoint, as in the configuration")?;
        Ok(OutcomeInput { outcome, about: self.about(value)?, endpoint: endpoint.map(Arc::from), at: self.at(value)? })
    }

    fn about(&self, value: &Value) -> Result<About, Fault> {
        const DECISION: &str = "a decision id, as in the answer's sendwall-decision header";
        const PHONE: &str = "a phone number in E.164: + and up to 15 digits";
        match (text(value, "decision", DECISION)?, text(value, "phone", PHONE)?) {
            (Some(_), Some(_)) => Err(("phone", "give the decision or the phone, not both")),
            (None, None) => Err(("decision", "give the decision or the phone")),
            (Some(id), None) => Ok(About::Decision(id.parse().map_err(|_not_an_id| ("decision", DECISION))?)),
            (None, Some(phone)) => {
                let digits = phone.strip_prefix('+').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
                let raw = digits.and_then(|digits| RawPhone::from_digits(digits.parse().ok()?));
                Ok(About::Phone(self.names.phone(raw.ok_or(("phone", PHONE))?)))
            }
        }
    }

    fn at(&self, value: &Value) -> Result<Timestamp, Fault> {
        let now = self.clock.now();
        let Some(at) = text(value, "at", "a time in RFC 3339, such as 2026-11-20T18:10:02Z")? else { return Ok(now) };
        let at = Timestamp::from_rfc3339(at).ok_or(("at", "a time in RFC 3339, such as 2026-11-20T18:10:02Z"))?;
        if at > now + MAX_AHEAD { Err(("at", "it lies in the future; one of the clocks is wrong")) } else { Ok(at) }
    }

    fn event_id(&self, value: &Value) -> Result<Option<Pseudonym>, Fault> {
        const EVENT_ID: &str = "a text of 1 to 256 bytes that is unique to this outcome";
        let Some(id) = text(value, "event_id", EVENT_ID)? else { return Ok(None) };
        if id.is_empty() || id.len() > MAX_EVENT_ID {
            return Err(("event_id", EVENT_ID));
        }
        Ok(Some(self.names.exchange_id(id.as_bytes())))
    }
}

/// The text under `field`; null counts as absent.
fn text<'a>(value: &'a Value, field: &'static str, fault: &'static str) -> Result<Option<&'a str>, Fault> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err((field, fault)),
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcomes({} event ids seen)", self.seen.entry_count())
    }
}
