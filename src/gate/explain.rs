//! What would be decided about a request, and why, without counting it.

use std::sync::Arc;

use super::proof::Proof;
use super::reserve::Reservations;
use super::stand::Stand;
use super::{Gate, Revision, Role};
use crate::decide::{self, Circumstances, Reading, Standing};
use crate::domain::{Decision, Facts};
use crate::extract::{Payload, Request};
use crate::limits::On;

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
        let (facts, policy) = match on {
            On::Send => {
                let endpoint = &revision.endpoints[endpoint];
                (self.read(revision, endpoint, request, self.clock.now()), endpoint.policy.clone())
            }
            On::Verify => {
                let (facts, _) = self.read_try(revision, &revision.endpoints[endpoint], request);
                (facts, revision.endpoints[endpoint].try_policy())
            }
        };
        let readings = Reservations::peek(&revision.limits, on, &facts);
        let proof = if on == On::Send { self.proof_shown(request.headers, &facts) } else { Proof::default() };
        let listed = if on == On::Send { self.listed(&facts, false) } else { None };
        let circumstances = Circumstances { listed, ..self.circumstances(revision, &facts, &proof) };
        let stand = (on == On::Send).then(|| Stand::take(&self.cells, revision, &facts, circumstances.proven));
        let decision = decide::decide(&policy, &facts, &readings, stand.as_ref().map(Stand::standing), &circumstances);
        let decision = match &stand {
            Some(stand) => self.would_spend(revision, endpoint, &facts, stand, decision),
            None => decision,
        };
        let looks = if on == On::Send && revision.looks {
            decide::prior_parts(&facts, self.cells.page_seen(&facts.client.address, facts.at)).collect()
        } else {
            Vec::new()
        };
        let standing = stand.map(|mut stand| {
            stand.look_further(&self.cells, revision);
            Box::new(stand.into_standing())
        });
        let (facts, decision) = (Arc::new(facts), Arc::new(decision));
        Explanation::Judged { on, facts, decision, readings, standing, looks }
    }
}
