//! The gate: the one function that live traffic, `explain` and later replay go through, and what follows it.
//!
//! One revision for the whole request -> facts -> reserve (the limits answer with what they hold) -> decide (pure) ->
//! a permit or a refusal -> settle by the upstream's answer (a send, or the reservation goes back) -> the outcome is
//! learned. Nothing reaches the upstream without a permit, and only this module makes one.
//!
//! Must not know: sockets, files, answers to clients.

mod answer;
mod budget;
mod endpoint;
mod explain;
mod ids;
mod kept;
mod keys;
mod last_good;
mod learn;
mod listed;
mod look;
mod permit;
mod proof;
mod read;
mod reserve;
mod revision;
mod rules;
mod stand;
mod tell;
mod visits;

pub use answer::{Unread, UpstreamAnswer};
pub use endpoint::{Answer, Answers, DECISION, DIVERT, Endpoint, SCORE, TAGS, VERDICT};
pub use explain::Explanation;
pub use ids::Ids;
pub use last_good::{GoodAnswer, LONGEST as LONGEST_REPEAT};
pub use learn::{Learned, OutcomeTarget};
pub use look::Seen;
pub use permit::{Permit, SendPermit, TryPermit};
pub use proof::{PAGE_COOKIE, PASS_COOKIE};
pub use revision::Revision;
pub use tell::Tell;
pub use visits::Visits;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::alerts::Watch;
use crate::budget::Budgets;
use crate::cells::Cells;
use crate::challenge::Challenges;
use crate::clock::{Clock, Stopwatch};
use crate::decide::{self, Circumstances};
use crate::domain::{Client, Decision, Facts, Pass, Timestamp};
use crate::extract::{Document, Request, Role as RouteRole};
use crate::geo::Geo;
use crate::limits::On;
use crate::lists::Hand;
use crate::privacy::Pseudonyms;
use crate::sessions::{Conversion, Sessions, Sighted};
use last_good::LastGood;
use proof::{Brought, Proof};
use reserve::Reservations;

/// The engine with its state. The revision is replaced by a reload; everything else lives as long as the process.
#[derive(Debug)]
pub struct Gate {
    revision: ArcSwap<Revision>,
    names: Pseudonyms,
    visits: Option<Visits>,
    geo: Arc<Geo>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    sessions: Sessions,
    cells: Cells,
    challenges: Arc<Challenges>,
    conversion: Conversion,
    budgets: Arc<Budgets>,
    watch: Arc<Watch>,
    /// Endpoints at which an outcome was ever seen.
    sighted: Sighted,
    /// For rules that repeat an answer.
    last_good: LastGood,
    lists: Arc<Hand>,
    tell: Tell,
}

/// What a gate is made of.
#[derive(Debug)]
pub struct Parts {
    /// The first configuration.
    pub revision: Revision,
    /// Names of phones, addresses and clients.
    pub names: Pseudonyms,
    /// The visit cookie; `None` where it is switched off.
    pub visits: Option<Visits>,
    /// Where addresses are.
    pub geo: Arc<Geo>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names of decisions.
    pub ids: Ids,
    /// Sessions that are kept at the same time.
    pub sessions: usize,
    /// Evidence.
    pub cells: Cells,
    /// Challenges and passes.
    pub challenges: Arc<Challenges>,
    /// Who is told.
    pub tell: Tell,
}

/// Ranges, countries and endpoints whose conversion is counted at the same time.
const CONVERSION_KEYS: usize = 20_000;

/// What a request is, once its route and `when` conditions are known.
#[derive(Debug)]
pub enum Role {
    /// Not protected.
    Pass(Permit),
    /// A request for a code; the endpoint's index.
    Send(usize),
    /// A try of a code; the endpoint's index.
    Try(usize),
}

/// A judged request for a code.
#[derive(Debug)]
pub struct Judged {
    /// What it said.
    pub facts: Arc<Facts>,
    /// What was decided.
    pub decision: Arc<Decision>,
    /// Present where the request goes to the upstream (so also in monitor mode). Dropping it without `settle` gives
    /// back what was reserved: nothing was sent.
    pub permit: Option<SendPermit>,
    /// What the client gets in place of a second message.
    pub repeat: Option<Arc<GoodAnswer>>,
}

/// A judged try of a code.
#[derive(Debug)]
pub struct Tried {
    /// What was decided.
    pub decision: Arc<Decision>,
    /// As in [`Judged`].
    pub permit: Option<TryPermit>,
}

impl Gate {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            revision: ArcSwap::from_pointee(parts.revision),
            names: parts.names,
            visits: parts.visits,
            geo: parts.geo,
            clock: parts.clock,
            ids: parts.ids,
            sessions: Sessions::new(parts.sessions),
            cells: parts.cells,
            challenges: parts.challenges,
            conversion: Conversion::new(CONVERSION_KEYS),
            budgets: Arc::default(),
            watch: Arc::default(),
            sighted: Sighted::default(),
            last_good: LastGood::default(),
            lists: Arc::default(),
            tell: parts.tell,
        }
    }

    /// The configuration in force. One request uses one, to its end.
    pub fn revision(&self) -> Arc<Revision> {
        self.revision.load_full()
    }

    /// Where addresses are.
    pub fn geo(&self) -> &Arc<Geo> {
        &self.geo
    }

    /// The names of phones, addresses and clients.
    pub fn names(&self) -> &Pseudonyms {
        &self.names
    }

    /// Puts another configuration in force. Counters are untouched; requests under way end with the one they began with.
    pub fn replace(&self, revision: Revision) {
        let before = self.revision.load();
        self.revision.store(Arc::new(revision.with_models_of(&before)));
    }

    /// Whether the request may belong to a protected endpoint. `Ok`: it doesn't, and passes with its body unread.
    /// `Err`: the largest body to read before [`Gate::role`] can be asked.
    pub fn route(&self, revision: &Revision, request: &Request<'_>) -> Result<Permit, usize> {
        let matches = revision.router.find(request.method, request.path, request.query, request.headers);
        let bodies = matches.iter().filter_map(|(index, _)| revision.endpoints.get(*index));
        bodies.map(|endpoint| endpoint.extract.max_body).max().map_or(Ok(Permit::unprotected()), Err)
    }

    /// What the request is, now that its body was read: the first endpoint on its path whose condition holds.
    pub fn role(&self, revision: &Revision, request: &Request<'_>) -> Role {
        let mut document = None;
        for (index, role) in revision.router.find(request.method, request.path, request.query, request.headers) {
            let Some(endpoint) = revision.endpoints.get(index) else { continue };
            let (role, condition) = match role {
                RouteRole::Send => (Role::Send(index), &endpoint.when),
                RouteRole::Verify => (Role::Try(index), &endpoint.verify_when),
            };
            let holds = condition.as_ref().is_none_or(|condition| {
                let document = document.get_or_insert_with(|| Document::read(request));
                // A request that can't be read is judged.
                document.as_ref().map_or(true, |document| document.may_hold(condition))
            });
            if holds {
                return role;
            }
        }
        Role::Pass(Permit::unprotected())
    }

    /// Judges a request for a code.
    pub fn judge(self: &Arc<Self>, revision: &Arc<Revision>, endpoint: usize, request: &Request<'_>) -> Judged {
        let watch = Stopwatch::start();
        let policy = &revision.endpoints[endpoint];
        let (facts, payload) = self.read(revision, policy, request, self.clock.now());
        let brought = Brought { headers: request.headers, payload: payload.as_deref() };
        let proof = self.proof(revision, policy, brought, &facts);
        self.decide(revision, endpoint, facts.into(), proof, watch)
    }

    /// Judges an attempt whose facts are known: the way of [`Gate::judge`] without the reading. `pass` is what the
    /// attempt has proven so far.
    pub fn judge_facts(
        self: &Arc<Self>,
        revision: &Arc<Revision>,
        endpoint: usize,
        facts: impl Into<Arc<Facts>>,
        pass: Option<Pass>,
    ) -> Judged {
        self.decide(revision, endpoint, facts.into(), Proof::known(pass), Stopwatch::start())
    }

    fn decide(
        self: &Arc<Self>,
        revision: &Arc<Revision>,
        endpoint: usize,
        facts: Arc<Facts>,
        mut proof: Proof,
        watch: Stopwatch,
    ) -> Judged {
        let policy = &revision.endpoints[endpoint];
        let listed = self.listed(&facts, true);
        let mut circumstances = Circumstances { listed, ..self.circumstances(revision, &facts, &proof) };
        if let Some(denied) = self.denied(revision, endpoint, &facts, &circumstances, watch) {
            return denied;
        }
        let reserved = Reservations::reserve(revision, On::Send, &facts);
        let mut stand = self.stand(revision, &facts, &mut proof, &mut circumstances);
        let kept = match &circumstances.listed {
            Some(_) => None,
            None => self.ask_rules(revision, endpoint, (&facts, reserved.readings()), &mut stand),
        };
        let standing = Some(stand.standing());
        let decision = decide::decide(&policy.policy, &facts, reserved.readings(), standing, &circumstances);
        let (decision, spending) = self.spend(revision, endpoint, &facts, &stand, decision);
        let reserved = reserved.after(&decision);
        self.watch_models(revision, stand.made_of(), &decision);
        let counted = stand.count(&self.cells, &revision.kinds, &decision, proof.pass);
        let decision = Arc::new(decision);
        self.tell.decided(&facts, &decision, watch.elapsed());
        self.watch.decided(&facts, &decision);
        let permit = decision.forwards().then(|| SendPermit {
            gate: Arc::clone(self),
            endpoint,
            facts: Arc::clone(&facts),
            decision: Arc::clone(&decision),
            reserved,
            spending,
            counted,
            proof,
        });
        let repeat = rules::repeated(&decision, kept);
        Judged { facts, decision, permit, repeat }
    }

    /// Judges a try of a code: limits on wrong tries alone decide.
    pub fn judge_try(self: &Arc<Self>, revision: &Arc<Revision>, endpoint: usize, request: &Request<'_>) -> Tried {
        let watch = Stopwatch::start();
        let policy = &revision.endpoints[endpoint];
        let (facts, aliases) = self.read_try(revision, policy, request);
        let reserved = Reservations::reserve(revision, On::Verify, &facts);
        let decision = decide::decide(
            &policy.try_policy(),
            &facts,
            reserved.readings(),
            None,
            &self.circumstances(revision, &facts, &Proof::default()),
        );
        let reserved = reserved.after(&decision);
        let (facts, decision) = (Arc::new(facts), Arc::new(decision));
        self.tell.tried(&facts, &decision, watch.elapsed());
        let permit = decision.forwards().then(|| TryPermit { gate: Arc::clone(self), endpoint, aliases, reserved });
        Tried { decision, permit }
    }

    /// A client loaded something that is not for a code.
    pub fn observe_page(&self, client: &Client, at: Timestamp) {
        self.cells.page(&self.revision.load().kinds, client, at);
    }

    /// Does everything that is due by `now`. Whoever moves time calls it: a task of the running process, a replay.
    pub fn advance(&self, now: Timestamp) {
        self.cells.advance(&self.revision.load().kinds, now);
    }

    /// [`Gate::advance`] to the clock's time.
    pub fn advance_to_now(&self) {
        self.advance(self.clock.now());
    }

    /// Challenges and passes.
    pub fn challenges(&self) -> &Arc<Challenges> {
        &self.challenges
    }

    /// The time by which requests are judged.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The clock, for what takes its time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The evidence.
    pub fn cells(&self) -> &Cells {
        &self.cells
    }

    fn circumstances<'r>(&self, revision: &'r Revision, facts: &Facts, proof: &Proof) -> Circumstances<'r> {
        Circumstances {
            id: self.ids.next(facts.at),
            revision: revision.id,
            proven: proof.pass.map(|pass| pass.rung).unwrap_or_default(),
            pass: proof.code,
            page: proof.page,
            blind: !self.sighted.contains(&facts.endpoint),
            listed: None,
            kinds: &revision.kinds,
        }
    }
}

#[cfg(test)]
mod tests;
