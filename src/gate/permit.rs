//! The right to forward, and what happens when the upstream has answered.

use std::sync::Arc;

use super::answer::{Unread, UpstreamAnswer};
use super::budget::Spending;
use super::proof::Proof;
use super::reserve::Reservations;
use super::stand::Counted;
use super::{Endpoint, Gate, Revision, budget};
use crate::domain::{Decision, Facts, OutcomeKind};
use crate::extract::{self, Document, MatchKey};
use crate::journal::record::Answer;
use crate::rules::Expression;
use crate::sessions::{Alias, OpenSend};
use crate::telemetry::OutcomeSource;

/// The right to forward one request. Only the gate makes one.
#[derive(Debug)]
pub struct Permit(());

impl Permit {
    /// For what is not protected.
    pub(super) const fn unprotected() -> Self {
        Self(())
    }
}

/// The right to forward a request for a code, with its reservations. Dropped without `settle`, nothing was sent.
#[derive(Debug)]
pub struct SendPermit {
    pub(super) gate: Arc<Gate>,
    pub(super) endpoint: usize,
    pub(super) facts: Arc<Facts>,
    pub(super) decision: Arc<Decision>,
    pub(super) reserved: Reservations,
    pub(super) spending: Spending,
    /// Its open send in the cells; `None` once it is settled.
    pub(super) counted: Option<Counted>,
    pub(super) proof: Proof,
}

impl Drop for SendPermit {
    fn drop(&mut self) {
        if let Some(counted) = self.counted.take() {
            counted.give_back(&self.gate.cells);
        }
    }
}

impl SendPermit {
    /// The right itself.
    pub fn permit(&self) -> Permit {
        Permit(())
    }

    /// Whether `settle` needs the answer's body: `sent_if` or `match` reads it. Then it is teed while it streams, and
    /// `settle` is called at its end; else `settle` is called when the head is there.
    pub fn wants_body(&self) -> bool {
        let endpoint = self.endpoint();
        let matches_answer = endpoint.match_by.iter().any(|key| matches!(key, MatchKey::Response(_)));
        matches_answer || endpoint.sent_if.uses("json") || self.revision().rules.repeats_at(self.endpoint)
    }

    /// The upstream answered. Gives whether this was a send; one that can't be read was, unless it can't have been.
    pub fn settle(mut self, answer: &UpstreamAnswer<'_>) -> bool {
        let document = answer.document();
        let sent = answer.holds(&self.endpoint().sent_if, &document).unwrap_or_else(|why| {
            self.gate.tell.unread(&self.facts.endpoint, "sent_if", why);
            true
        });
        if sent {
            self.commit();
            self.open(Some(&document));
            if self.revision().rules.repeats_at(self.endpoint) {
                self.gate.last_good.keep(&self.facts, answer);
            }
        }
        self.told(Some(answer.status), sent);
        sent
    }

    /// The message went out, says whoever knows without an answer of the upstream (a replay).
    pub fn sent(mut self) {
        self.commit();
        self.open(None);
        if self.revision().rules.repeats_at(self.endpoint) {
            self.gate.last_good.keep_unseen(&self.facts);
        }
        self.told(None, true);
    }

    /// No answer came. Where the upstream was never reached, what was reserved goes back. Where the request may have arrived
    /// the message may be on its way: an SMS provider that is slow, as in an attack, would otherwise void every limit.
    pub fn unanswered(mut self, may_have_arrived: bool) {
        if may_have_arrived {
            self.commit();
            self.open(None);
        }
        self.told(None, may_have_arrived);
    }

    /// What was held is used up. Where no budget was set nothing was held of any, and the message is counted now: one that is
    /// set tomorrow knows of it.
    fn commit(&mut self) {
        self.reserved.commit();
        if !self.spending.commit() {
            self.gate.budgets.count(budget::message(&self.facts, &self.decision));
        }
    }

    fn told(&self, status: Option<u16>, sent: bool) {
        if sent {
            self.gate.watch.sent(&self.facts, self.gate.clock.now());
        }
        let answer = Answer {
            decision: self.decision.id,
            endpoint: Arc::clone(&self.facts.endpoint),
            at: self.gate.clock.now(),
            sent,
            status,
        };
        self.gate.tell.answered(&self.facts, answer);
    }

    fn open(&mut self, answer: Option<&Document<'_>>) {
        self.proof.burn();
        let now = self.gate.clock.now();
        // Where nothing tells what becomes of codes, their silence says nothing.
        let hears = self.endpoint().has_verify || self.gate.sighted.contains(&self.facts.endpoint);
        let charge = match self.counted.take() {
            Some(counted) if hears => counted.sent(&self.gate.cells, &self.revision().kinds, now),
            Some(counted) => {
                counted.give_back(&self.gate.cells);
                None
            }
            None => None,
        };
        let (endpoint, facts) = (self.endpoint(), &self.facts);
        let send = OpenSend {
            decision: self.decision.id,
            endpoint: Arc::clone(&endpoint.name),
            at: facts.at,
            phone: facts.phone().copied(),
            charge,
        };
        let name = &endpoint.name;
        let mut aliases = Vec::with_capacity(3);
        aliases.extend(send.phone.map(|phone| Alias::phone(name, phone.id)));
        aliases.extend(facts.client.id.as_ref().map(|client| Alias::client(name, client.id)));
        for key in &endpoint.match_by {
            if let MatchKey::Response(pointer) = key
                && let Some(value) = answer.and_then(|answer| extract::exchange_value(answer, pointer))
            {
                aliases.push(Alias::exchange(name, self.gate.names.exchange_id(&value)));
            }
        }
        self.gate.conversion.sent(&send);
        self.gate.sessions.open(send, aliases, endpoint.verify_window);
    }

    fn revision(&self) -> &Revision {
        self.reserved.revision()
    }

    fn endpoint(&self) -> &Endpoint {
        &self.revision().endpoints[self.endpoint]
    }
}

/// The right to forward a try of a code. Dropped without `settle`, there was no try.
#[derive(Debug)]
pub struct TryPermit {
    pub(super) gate: Arc<Gate>,
    pub(super) endpoint: usize,
    /// Names that may find the session, in the order of `match`.
    pub(super) aliases: Vec<Alias>,
    pub(super) reserved: Reservations,
}

impl TryPermit {
    /// The right itself.
    pub fn permit(&self) -> Permit {
        Permit(())
    }

    /// As for [`SendPermit::wants_body`].
    pub fn wants_body(&self) -> bool {
        self.verified_if().is_some_and(|condition| condition.uses("json"))
    }

    /// The upstream answered. Gives whether the code was right. A wrong one stays counted; an answer that says
    /// nothing about the code (5xx) doesn't. Nor does one that is compressed whoever asks; what else can't be read stays
    /// counted, as a client could have made it so with every guess.
    pub fn settle(mut self, answer: &UpstreamAnswer<'_>) -> bool {
        let verified = self.verified_if().map_or(Ok(false), |condition| answer.holds(condition, &answer.document()));
        let is_error = answer.status >= 500;
        if let Err(why) = verified
            && !is_error
        {
            self.gate.tell.unread(&self.endpoint().name, "verified_if", why);
        }
        match verified {
            Ok(true) => {
                let now = self.gate.clock.now();
                self.gate.learn_any(&self.aliases, OutcomeKind::Verified, OutcomeSource::Verify, now);
            }
            Err(Unread::Encoded) => {}
            Ok(false) | Err(_) if is_error => {}
            Ok(false) | Err(_) => self.reserved.commit(),
        }
        verified == Ok(true)
    }

    fn endpoint(&self) -> &Endpoint {
        &self.reserved.revision().endpoints[self.endpoint]
    }

    fn verified_if(&self) -> Option<&Expression> {
        self.endpoint().verified_if.as_ref()
    }
}
