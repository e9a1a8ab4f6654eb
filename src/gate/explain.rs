//! What would be decided about a request, and why, without counting it.

use std::sync::Arc;

use super::look;
use super::proof::{Brought, Proof};
use super::reserve::Reservations;
use super::stand::Stand;
use super::{Gate, Revision, Role};
use crate::decide::{self, Circumstances, Reading, Standing};
use crate::domain::{Decision, Facts};
use crate::extract::{Payload, Request};
use crate::limits::On;
use crate::ruleset::Told;

/// A request as the gate sees it.
#[derive(Clone, Debug)]
pub enum Explanation {
    /// It belongs to no protected endpoint, so it passes untouched.
    Unprotected,
    /// It would be judged so.
    Judged {
        /// As a request for a code, or as a try of one.
        on: On,
        /// What it says.
        facts: Arc<Facts>,
        /// What would be decided.
        decision: Arc<Decision>,
        /// What each limit that applies holds.
        readings: Vec<Reading>,
        /// What its cells show at every rung, and its look; a try has neither.
        standing: Option<Box<Standing>>,
        /// What its look is made of, each with its share of what asks for a proof.
        looks: Vec<(&'static str, f32)>,
        /// What each rule comes to; a try meets none.
        rules: Vec<Told>,
    },
}

impl Gate {
    /// Goes the way of [`Gate::judge`] and counts nothing: no limit, no metric, no line in the log.
    pub fn explain(&self, revision: &Revision, request: &Request<'_>) -> Explanation {
        let Err(max_body) = self.route(revision, request) else { return Explanation::Unprotected };
        let body = match request.body {
            Payload::Whole(bytes) if bytes.len() > max_body => Payload::TooLarge,
            body => body,
        };
        let request = &Request { body, ..*request };
        let (on, endpoint) = match self.role(revision, request) {
            Role::Pass(_) => return Explanation::Unprotected,
            Role::Send(endpoint) => (On::Send, endpoint),
            Role::Try(endpoint) => (On::Verify, endpoint),
        };
        let (facts, policy, mut proof) = match on {
            On::Send => {
                let endpoint = &revision.endpoints[endpoint];
                let (facts, payload) = self.read(revision, endpoint, request, self.clock.now());
                let brought = Brought { headers: request.headers, payload: payload.as_deref() };
                let proof = self.proof_shown(revision, endpoint, brought, &facts);
                (facts, endpoint.policy.clone(), proof)
            }
            On::Verify => {
                let (facts, _) = self.read_try(revision, &revision.endpoints[endpoint], request);
                (facts, revision.endpoints[endpoint].try_policy(), Proof::default())
            }
        };
        let readings = Reservations::peek(revision, on, &facts);
        let listed = if on == On::Send { self.listed(&facts, false) } else { None };
        let mut circumstances = Circumstances { listed, ..self.circumstances(revision, &facts, &proof) };
        let mut stand = (on == On::Send).then(|| self.stand(revision, &facts, &mut proof, &mut circumstances));
        let rules = match &mut stand {
            Some(stand) if circumstances.listed.is_none() => {
                let told = self.explain_rules(revision, endpoint, (&facts, &readings), stand);
                self.ask_rules(revision, endpoint, (&facts, &readings), stand);
                told
            }
            Some(_) | None => Vec::new(),
        };
        let decision = decide::decide(&policy, &facts, &readings, stand.as_ref().map(Stand::standing), &circumstances);
        let decision = match &stand {
            Some(stand) => self.would_spend(revision, endpoint, &facts, stand, decision),
            None => decision,
        };
        let looks = stand.as_ref().map(|stand| look::parts(revision, &facts, stand.made_of())).unwrap_or_default();
        let looks: Vec<_> = looks.into_iter().chain(decide::page_part(circumstances.page)).collect();
        let standing = stand.map(|mut stand| {
            stand.look_further(&self.cells, revision);
            Box::new(stand.into_standing())
        });
        let (facts, decision) = (Arc::new(facts), Arc::new(decision));
        Explanation::Judged { on, facts, decision, readings, standing, looks, rules }
    }
}
