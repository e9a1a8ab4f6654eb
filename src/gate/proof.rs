//! What an attempt brings to prove itself: a pass or a solved challenge, held until it is settled, and its page's token.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

use super::stand::Stand;
use super::{Endpoint, Gate, Revision};
use crate::challenge::{Asker, Bearer, Binding, Bound, Held};
use crate::decide::{self, Circumstances};
use crate::domain::{Facts, PageCode, Pass, PassCode, PhoneFact, Rung, Timestamp};
use crate::extract::{self, Request};

/// The header that brings a pass.
const PASS: HeaderName = HeaderName::from_static("sendwall-pass");
/// The cookie that brings one where the header is missing.
pub const PASS_COOKIE: &str = "sendwall_pass";
/// The header and the field of a form or JSON that bring a solved ALTCHA challenge, as its widget names it.
pub(super) const ALTCHA: &str = "altcha";
/// The header that brings a page's token.
const PAGE: HeaderName = HeaderName::from_static("sendwall-page");
/// The cookie that brings one where the header is missing.
pub const PAGE_COOKIE: &str = "sendwall_page";

/// What was made of what a request brings.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// What is proven.
    pub(super) pass: Option<Pass>,
    /// What the pass was worth; `None` where there was none.
    pub(super) code: Option<PassCode>,
    /// What the page's token was worth; `None` where the endpoint wants none.
    pub(super) page: Option<PageCode>,
    /// The pass itself; goes back when this is dropped.
    held: Option<Held>,
}

/// What of a request may be proof.
#[derive(Clone, Copy)]
pub(super) struct Brought<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The body's field [`ALTCHA`].
    pub(super) payload: Option<&'a str>,
}

impl Proof {
    /// Of an attempt whose proof is known without a pass: in a replay.
    pub(super) fn known(pass: Option<Pass>) -> Self {
        Self { pass, ..Self::default() }
    }

    /// The message went out: a pass is used up.
    pub(super) fn burn(&mut self) {
        if let Some(held) = self.held.take() {
            held.burn();
        }
    }

    /// Whether its work was asked for before the attempt was known, and is clearly less than an attempt is asked for that
    /// stands so: else who is in a hot place would ask from a clean one.
    fn is_light(&self, revision: &Revision, stand: &Stand) -> bool {
        let effort = revision.challenge.effort;
        self.pass.and_then(|pass| pass.unbound).is_some_and(|score| {
            let wanted = stand.standing().signals(Rung::None).score;
            effort.work(score).is_light_beside(effort.work(wanted))
        })
    }

    /// It proves nothing, and is used up.
    fn refuse(&mut self, code: PassCode) {
        (self.pass, self.code) = (None, Some(code));
        if let Some(held) = self.held.take() {
            held.refuse(code);
        }
    }

    fn of(told: Result<(Pass, Option<Held>), PassCode>) -> Self {
        match told {
            Ok((pass, held)) => Self { pass: Some(pass), code: Some(PassCode::Counts), page: None, held },
            Err(code) => Self { code: Some(code), ..Self::default() },
        }
    }
}

impl Gate {
    /// What a request brings, held. A pass that doesn't count is as none, and its code is told.
    pub(super) fn proof(&self, revision: &Revision, endpoint: &Endpoint, brought: Brought<'_>, facts: &Facts) -> Proof {
        let (bearer, now) = (Bearer::of(facts), facts.at);
        let proof = brought.first_that_counts(|token| match token {
            Token::Pass(pass) => self.challenges.hold(pass, &bearer, now),
            Token::Payload(payload) => self.challenges.hold_solution(&revision.challenge, payload, &bearer, now),
        });
        let proof = proof.map(|held| Proof::of(held.map(|held| (held.pass(), Some(held)))));
        Proof { page: self.page(revision, endpoint, brought, facts, true), ..proof.unwrap_or_default() }
    }

    /// As [`Gate::proof`], holding and counting nothing.
    pub(super) fn proof_shown(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        brought: Brought<'_>,
        facts: &Facts,
    ) -> Proof {
        let (bearer, now) = (Bearer::of(facts), facts.at);
        let proof = brought.first_that_counts(|token| match token {
            Token::Pass(pass) => self.challenges.look_at(pass, &bearer, now),
            Token::Payload(payload) => self.challenges.look_at_solution(&revision.challenge, payload, &bearer, now),
        });
        let proof = proof.map(|pass| Proof::of(pass.map(|pass| (pass, None))));
        Proof { page: self.page(revision, endpoint, brought, facts, false), ..proof.unwrap_or_default() }
    }

    /// Where an attempt stands with what it has proven. A proof that is too light for it is refused.
    pub(super) fn stand(
        &self,
        revision: &Revision,
        facts: &Facts,
        proof: &mut Proof,
        circumstances: &mut Circumstances<'_>,
    ) -> Stand {
        let take = |circumstances: &Circumstances<'_>| {
            Stand::take(&self.cells, revision, facts, (circumstances.proven, circumstances.page))
        };
        let stand = take(circumstances);
        if !proof.is_light(revision, &stand) {
            return stand;
        }
        proof.refuse(PassCode::Light);
        (circumstances.proven, circumstances.pass) = (Rung::None, proof.code);
        take(circumstances)
    }

    fn page(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        brought: Brought<'_>,
        facts: &Facts,
        counts: bool,
    ) -> Option<PageCode> {
        if !endpoint.wants_page() {
            return None;
        }
        let (token, phone) = (brought.text(&PAGE, PAGE_COOKIE), facts.phone().map(|phone| phone.id));
        Some(self.challenges.check_page(&revision.challenge.page, token, phone, counts, facts.at))
    }

    /// For whom a challenge is that is asked for before the request: any phone, at an endpoint. Its work is that of an
    /// attempt of this client now.
    pub fn asker(&self, revision: &Revision, endpoint: &Endpoint, request: &Request<'_>, now: Timestamp) -> Asker {
        let facts = self.facts_without_phone(revision, endpoint, request, now);
        let circumstances = self.circumstances(revision, &facts, &Proof::default());
        let stand = Stand::take(&self.cells, revision, &facts, (circumstances.proven, None));
        let policy = endpoint.try_policy();
        let decision = decide::decide(&policy, &facts, &[], Some(stand.standing()), &circumstances);
        let binding = Binding {
            attempt: decision.id,
            endpoint: Arc::clone(&endpoint.name),
            phone: Bound::Any,
            client: facts.client.id.as_ref().map(|client| client.id),
        };
        Asker { binding, address: facts.client.address.id, score: decision.score }
    }

    fn facts_without_phone(
        &self,
        revision: &Revision,
        endpoint: &Endpoint,
        request: &Request<'_>,
        at: Timestamp,
    ) -> Facts {
        let client = self.client(revision, endpoint, request);
        let place = self.geo.place(client.address.ip);
        Facts { at, endpoint: Arc::clone(&endpoint.name), phone: PhoneFact::Absent, client, place }
    }
}

/// What proves something.
enum Token<'a> {
    Pass(&'a str),
    Payload(&'a str),
}

impl<'a> Brought<'a> {
    /// What `check` says of the pass of the header; else of the payload, and where that counts no more of the cookie: a form
    /// that is sent again brings its payload again, and the pass that was solved for meanwhile.
    fn first_that_counts<T>(self, check: impl Fn(Token<'a>) -> Result<T, PassCode>) -> Option<Result<T, PassCode>> {
        let payload = || self.headers.get(ALTCHA).map(|value| value.to_str().unwrap_or_default()).or(self.payload);
        let of_header = self.headers.contains_key(PASS);
        // An app's form may have an empty field where its widget has not solved anything yet.
        let payload = payload().filter(|payload| !payload.is_empty() && !of_header);
        let first = payload.map(|payload| check(Token::Payload(payload)));
        if let Some(Ok(_)) = first {
            return first;
        }
        // A value that is no text is a bad pass.
        let pass = self.text(&PASS, PASS_COOKIE).map(|pass| check(Token::Pass(pass)));
        if let (Some(Err(_)), None | Some(Err(_))) = (&first, &pass) { first } else { pass }
    }

    /// The header's text, else the cookie's.
    fn text(self, header: &HeaderName, cookie: &str) -> Option<&'a str> {
        let bytes = match self.headers.get(header) {
            Some(value) => value.as_bytes(),
            None => extract::cookie(self.headers, cookie).filter(|value| !value.is_empty())?,
        };
        Some(std::str::from_utf8(bytes).unwrap_or_default())
    }
}
