//! What a course asks: the engine, or a stand-in.

use std::sync::Arc;

use super::Engine;
use super::alarm::Watched;
use crate::alerts::Alert;
use crate::clock::{Clock as _, ManualClock};
use crate::domain::{Client, Decision, DecisionId, Facts, OutcomeKind, Pass, Timestamp};
use crate::gate::{Gate, OutcomeTarget, Revision};

/// What a course asks.
pub(super) trait Judge {
    /// Time went on.
    fn advance(&mut self, now: Timestamp);
    /// A client loaded something that is not for a code.
    fn page(&mut self, client: &Client, at: Timestamp);
    /// Judges an attempt; where it is forwarded, the SMS goes out.
    fn judge(&mut self, endpoint: usize, facts: Arc<Facts>, pass: Option<Pass>) -> Judgement;
    /// Something became of an SMS.
    fn learn(&mut self, decision: DecisionId, outcome: OutcomeKind, at: Timestamp);
}

/// What a judge said.
pub(super) struct Judgement {
    pub(super) facts: Arc<Facts>,
    pub(super) decision: Arc<Decision>,
    pub(super) sms: bool,
}

/// The engine.
pub(super) struct GateJudge {
    gate: Arc<Gate>,
    revision: Arc<Revision>,
    clock: Arc<ManualClock>,
    watched: Option<Watched>,
}

impl GateJudge {
    pub(super) fn new(engine: Engine) -> Self {
        let revision = engine.gate.revision();
        let watched = Watched::new(engine.alerts, &engine.gate);
        Self { gate: engine.gate, revision, clock: engine.clock, watched }
    }

    /// What on-call people would have been told since the last call.
    pub(super) fn told(&mut self) -> Vec<Alert> {
        self.watched.as_mut().map(Watched::take).unwrap_or_default()
    }
}

impl Judge for GateJudge {
    fn advance(&mut self, now: Timestamp) {
        if self.clock.now() != now {
            if let Some(watched) = &mut self.watched {
                watched.advance(&self.gate, now);
            }
            self.clock.set(now);
            self.gate.advance(now);
        }
    }

    fn page(&mut self, client: &Client, at: Timestamp) {
        self.gate.observe_page(client, at);
    }

    fn judge(&mut self, endpoint: usize, facts: Arc<Facts>, pass: Option<Pass>) -> Judgement {
        let judged = self.gate.judge_facts(&self.revision, endpoint, facts, pass);
        let sms = judged.permit.is_some();
        if let Some(permit) = judged.permit {
            permit.sent();
        }
        Judgement { facts: judged.facts, decision: judged.decision, sms }
    }

    fn learn(&mut self, decision: DecisionId, outcome: OutcomeKind, at: Timestamp) {
        self.gate.learn(&OutcomeTarget::Decision(decision), outcome, at);
    }
}
