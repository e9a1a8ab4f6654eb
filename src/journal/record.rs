//! A line of the log, as it is written. Version 1; a field's meaning never changes, new fields are added.

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use crate::domain::{
    ClientSource, Country, DecidedBy, Decision, DecisionId, Facts, MaskedPhone, Mode, Money, NumberKind, Outcome,
    OutcomeKind, Phone, PhoneFact, Range, Reason, RevisionId, Span, Timestamp, Unreadable, Validity, Verdict, Visit,
};
use crate::privacy::Pseudonym;
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
    decided_by: DecidedBy,
    score: u8,
    reasons: Vec<ReasonLine<'a>>,
    phone_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<PhoneLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a Unreadable>,
    client: Option<ClientLine<'a>>,
    address: AddressLine<'a>,
    visit: VisitLine,
    fingerprint: FingerprintLine<'a>,
    price: Option<Money>,
}

fn judged<'a>(event: &'static str, decision: &'a Decision, facts: &'a Facts) -> JudgedLine<'a> {
    let (phone_state, phone, unreadable) = match &facts.phone {
        PhoneFact::Present(phone) => ("present", Some(phone), None),
        PhoneFact::Absent => ("absent", None, None),
        PhoneFact::Unreadable(why) => ("unreadable", None, Some(why)),
    };
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
        decided_by: decision.decided_by,
        score: decision.score,
        reasons: decision.reasons.iter().map(ReasonLine::of).collect(),
        phone_state,
        phone: phone.map(PhoneLine::of),
        unreadable,
        client: facts.client.id.as_ref().map(|id| ClientLine { id: id.id, source: &id.source }),
        address: AddressLine::of(facts),
        visit: VisitLine::of(facts.client.visit, facts.at),
        fingerprint: FingerprintLine {
            hash: Hex(facts.client.fingerprint.hash),
            agent: &facts.client.fingerprint.agent,
        },
        price: phone.map(|phone| phone.price),
    }
}

fn until(verdict: Verdict) -> Option<Timestamp> {
    match verdict {
        Verdict::Cooldown { until } => Some(until),
        Verdict::Forward | Verdict::Block | Verdict::Reject => None,
    }
}

/// A reason in words, and the numbers of a limit apart.
#[derive(Serialize)]
struct ReasonLine<'a> {
    code: &'static str,
    text: String,
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
            | Reason::Blind => None,
        };
        Self { code: reason.code(), text: reason.to_string(), limit }
    }
}

#[derive(Serialize)]
struct PhoneLine {
    id: Pseudonym,
    country: Option<Country>,
    range: Range,
    masked: MaskedPhone,
    #[serde(rename = "type")]
    kind: NumberKind,
    validity: Validity,
}

impl PhoneLine {
    fn of(phone: &Phone) -> Self {
        let (kind, validity) = (phone.kind, phone.validity);
        Self { id: phone.id, country: phone.country, range: phone.range, masked: phone.masked(), kind, validity }
    }
}

#[derive(Serialize)]
struct ClientLine<'a> {
    id: Pseudonym,
    source: &'a ClientSource,
}

/// The address by its keyed name, its neighbourhood in clear (/24, /48): whole networks are judged, and a replay
/// needs them, while one address may be one person.
#[derive(Serialize)]
struct AddressLine<'a> {
    id: Pseudonym,
    network: IpNet,
    country: Option<Country>,
    asn: Option<u32>,
    org: Option<&'a str>,
    hosting: Option<bool>,
    anonymous: Option<bool>,
}

impl<'a> AddressLine<'a> {
    fn of(facts: &'a Facts) -> Self {
        let (address, place) = (&facts.client.address, &facts.place);
        Self {
            id: address.id,
            network: address.network.trunc(),
            country: place.country,
            asn: place.asn,
            org: place.as_org.as_deref(),
            hosting: place.hosting,
            anonymous: place.anonymous,
        }
    }
}

/// `"none"`, `"forged"`, or the visit's age in seconds.
#[derive(Serialize)]
#[serde(untagged)]
enum VisitLine {
    State(&'static str),
    Age(u64),
}

impl VisitLine {
    fn of(visit: Visit, now: Timestamp) -> Self {
        match visit {
            Visit::None => Self::State("none"),
            Visit::Forged => Self::State("forged"),
            Visit::Since(start) => Self::Age(now.since(start).as_millis() / 1000),
        }
    }
}

#[derive(Serialize)]
struct FingerprintLine<'a> {
    hash: Hex,
    agent: &'a str,
}

struct Hex(u64);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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
