//! A line of the log, as it is written. Version 1; a field's meaning never changes, new fields are added.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::facts::FactsLine;
use crate::domain::{
    DecidedBy, Decision, DecisionId, Facts, Mode, Outcome, OutcomeKind, Reason, RevisionId, Rung, Span, Timestamp,
    Verdict,
};
use crate::telemetry::OutcomeSource;

/// The version of the lines.
pub const VERSION: u32 = 1;

/// Something that the log keeps.
#[derive(Clone, Debug)]
pub enum Record {
    /// A request for a code was judged.
    Decision(Arc<Decision>, Arc<Facts>),
    /// A try of a code was judged.
    Try(Arc<Decision>, Arc<Facts>),
    /// The upstream answered and it was a send, or it was none.
    Answer(Answer),
    /// Something became of a send.
    Outcome(Outcome, OutcomeSource),
}

/// What the upstream's answer to a request for a code meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The decision that forwarded the request.
    pub decision: DecisionId,
    /// Its endpoint.
    pub endpoint: Arc<str>,
    /// When the answer came.
    pub at: Timestamp,
    /// Whether a code went out.
    pub sent: bool,
    /// The answer's status; `None` where no answer came.
    pub status: Option<u16>,
}

impl Record {
    /// The decision that it belongs to.
    pub fn decision(&self) -> DecisionId {
        match self {
            Self::Decision(decision, _) | Self::Try(decision, _) => decision.id,
            Self::Answer(answer) => answer.decision,
            Self::Outcome(outcome, _) => outcome.decision,
        }
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Decision(decision, facts) => judged("decision", decision, facts).serialize(serializer),
            Self::Try(decision, facts) => judged("try", decision, facts).serialize(serializer),
            Self::Answer(answer) => AnswerLine::of(answer).serialize(serializer),
            Self::Outcome(outcome, source) => OutcomeLine::of(outcome, *source).serialize(serializer),
        }
    }
}

#[derive(Serialize)]
struct JudgedLine<'a> {
    v: u32,
    ts: Timestamp,
    event: &'static str,
    decision: DecisionId,
    revision: RevisionId,
    endpoint: &'a str,
    mode: Mode,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// What the attempt had proven; left out where that is nothing.
    #[serde(skip_serializing_if = "is_nothing")]
    proven: Rung,
    decided_by: DecidedBy,
    score: u8,
    reasons: Vec<ReasonLine<'a>>,
    facts: FactsLine<'a>,
}

fn judged<'a>(event: &'static str, decision: &'a Decision, facts: &'a Facts) -> JudgedLine<'a> {
    JudgedLine {
        v: VERSION,
        ts: decision.at,
        event,
        decision: decision.id,
        revision: decision.revision,
        endpoint: &decision.endpoint,
        mode: decision.mode,
        verdict: decision.verdict.name(),
        until: until(decision.verdict),
        proven: decision.proven,
        decided_by: decision.decided_by,
        score: decision.score,
        reasons: decision.reasons.iter().map(ReasonLine::of).collect(),
        facts: FactsLine::of(facts),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_nothing(proven: &Rung) -> bool {
    *proven == Rung::None
}

fn until(verdict: Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Cooldown { until } => Some(until),
        Verdict::Forward | Verdict::Challenge(_) | Verdict::Block | Verdict::Reject => None,
    }
}

/// A reason in words, and the numbers of a limit apart.
#[derive(Serialize)]
struct ReasonLine<'a> {
    code: &'static str,
    text: String,
    /// The smallest change that would have turned it.
    #[serde(skip_serializing_if = "Option::is_none")]
    turned_by: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    limit: Option<LimitLine<'a>>,
}

#[derive(Serialize)]
struct LimitLine<'a> {
    limit: &'a str,
    key: &'a str,
    count: u32,
    max: u32,
    per: Span,
    until: Timestamp,
    enforced: bool,
}

impl<'a> ReasonLine<'a> {
    fn of(reason: &'a Reason) -> Self {
        let limit = match reason {
            Reason::Limit { name, key, what: _, count, max, per, until, enforced } => Some(LimitLine {
                limit: name,
                key,
                count: *count,
                max: *max,
                per: *per,
                until: *until,
                enforced: *enforced,
            }),
            Reason::LimitTableFull { .. }
            | Reason::NumberKind(_)
            | Reason::ImpossibleNumber
            | Reason::Country(_)
            | Reason::Unreadable(_)
            | Reason::NoPhone
            | Reason::Hot { .. }
            | Reason::Surge { .. }
            | Reason::Waiting { .. }
            | Reason::Look { .. }
            | Reason::Blind => None,
        };
        Self { code: reason.code(), text: reason.to_string(), turned_by: reason.turned_by(), limit }
    }
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    v: u32,
    ts: Timestamp,
    event: &'static str,
    decision: DecisionId,
    endpoint: &'a str,
    status: Option<u16>,
}

impl<'a> AnswerLine<'a> {
    fn of(answer: &'a Answer) -> Self {
        Self {
            v: VERSION,
            ts: answer.at,
            event: if answer.sent { "sent" } else { "not_sent" },
            decision: answer.decision,
            endpoint: &answer.endpoint,
            status: answer.status,
        }
    }
}

#[derive(Serialize)]
struct OutcomeLine<'a> {
    v: u32,
    ts: Timestamp,
    event: OutcomeKind,
    decision: DecisionId,
    endpoint: &'a str,
    source: &'static str,
}

impl<'a> OutcomeLine<'a> {
    fn of(outcome: &'a Outcome, source: OutcomeSource) -> Self {
        let (event, decision) = (outcome.outcome, outcome.decision);
        Self { v: VERSION, ts: outcome.at, event, decision, endpoint: &outcome.endpoint, source: source.name() }
    }
}
