//! What an attempt has proven: the pass that it brings, held until it is settled.

use http::{HeaderMap, HeaderName};

use super::Gate;
use crate::challenge::{Bearer, Held};
use crate::domain::{Facts, Pass, PassCode};
use crate::extract;

/// The header that brings a pass.
pub const PASS: HeaderName = HeaderName::from_static("sendwall-pass");
/// The cookie that brings one where the header is missing.
pub const PASS_COOKIE: &str = "sendwall_pass";

/// What was made of a request's pass.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// What is proven.
    pub(super) pass: Option<Pass>,
    /// What the pass was worth; `None` where there was none.
    pub(super) code: Option<PassCode>,
    /// The pass itself; goes back when this is dropped.
    held: Option<Held>,
}

impl Proof {
    /// Of an attempt whose proof is known without a pass: in a replay.
    pub(super) fn known(pass: Option<Pass>) -> Self {
        Self { pass, code: None, held: None }
    }

    /// The message went out: a pass is used up.
    pub(super) fn burn(&mut self) {
        if let Some(held) = self.held.take() {
            held.burn();
        }
    }
}

impl Gate {
    /// The pass of a request, held. One that doesn't count is as none, and its code is told.
    pub(super) fn proof(&self, headers: &HeaderMap, facts: &Facts) -> Proof {
        let Some(token) = token(headers) else { return Proof::default() };
        match self.challenges.hold(token, &Bearer::of(facts), facts.at) {
            Ok(held) => Proof { pass: Some(held.pass()), code: Some(PassCode::Counts), held: Some(held) },
            Err(code) => Proof { code: Some(code), ..Proof::default() },
        }
    }

    /// As [`Gate::proof`], holding nothing.
    pub(super) fn proof_shown(&self, headers: &HeaderMap, facts: &Facts) -> Proof {
        let Some(token) = token(headers) else { return Proof::default() };
        match self.challenges.look_at(token, &Bearer::of(facts), facts.at) {
            Ok(pass) => Proof { pass: Some(pass), code: Some(PassCode::Counts), held: None },
            Err(code) => Proof { code: Some(code), ..Proof::default() },
        }
    }
}

/// The text of the pass: of the header, else of the cookie. A value that is no text is a bad pass.
fn token(headers: &HeaderMap) -> Option<&str> {
    let bytes = match headers.get(PASS) {
        Some(value) => value.as_bytes(),
        None => extract::cookie(headers, PASS_COOKIE).filter(|value| !value.is_empty())?,
    };
    Some(std::str::from_utf8(bytes).unwrap_or_default())
}
