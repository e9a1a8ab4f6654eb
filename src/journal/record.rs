//! A line of the log, as it is written. Version 1; a field's meaning never changes, new fields are added.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::facts::FactsLine;
use super::reason::ReasonLine;
use crate::domain::{
    ChallengeKind, DecidedBy, Decision, DecisionId, Divert, Facts, Mode, Outcome, OutcomeKind, PageCode, PassCode,
    RevisionId, RuleHit, Rung, Timestamp, Trust, Verdict,
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
    /// What is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<ChallengeKind>,
    decided_by: DecidedBy,
    trust: Trust,
    /// The rung that the attempt had proven.
    proven: Rung,
    /// What the pass was worth that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<PassCode>,
    /// What the page's token was worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PageCode>,
    /// Whether its address loaded any page lately.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    page_seen: bool,
    score: u8,
    reasons: Vec<ReasonLine<'a>>,
    /// Rules that held.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rules: &'a [RuleHit],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [Arc<str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    divert: Option<Divert>,
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
        challenge: match decision.verdict {
            Verdict::Challenge(kind) => Some(kind),
            Verdict::Forward | Verdict::Cooldown { .. } | Verdict::Block | Verdict::Reject | Verdict::Repeat => None,
        },
        decided_by: decision.decided_by,
        trust: decision.trust,
        proven: decision.proven,
        pass: decision.pass,
        page: decision.page,
        page_seen: decision.page_seen,
        score: decision.score,
        reasons: decision.reasons.iter().map(ReasonLine::of).collect(),
        rules: &decision.rules,
        tags: &decision.tags,
        divert: decision.divert,
        facts: FactsLine::of(facts),
    }
}

fn until(verdict: Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Cooldown { until } => Some(until),
        Verdict::Forward | Verdict::Challenge(_) | Verdict::Block | Verdict::Reject | Verdict::Repeat => None,
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
