//! A protected endpoint, compiled.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::challenge::captcha::Way;
use crate::decide::{OnMissing, PageToken, Policy};
use crate::domain::Span;
use crate::extract::{self, MatchKey, PhoneSource};
use crate::rules::Expression;

/// One `[[endpoint]]` of the configuration.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Unique; in logs, metrics and decisions.
    pub name: Arc<str>,
    /// What it accepts.
    pub policy: Policy,
    /// How its requests are read.
    pub extract: extract::Settings,
    /// Which requests on its path are for codes (vocabulary: exchange); `None`: all.
    pub when: Option<Expression>,
    /// What makes an answer a send (vocabulary: exchange).
    pub sent_if: Expression,
    /// Whether a verify endpoint is known.
    pub has_verify: bool,
    /// Which requests on the verify path are tries of a code; `None`: all.
    pub verify_when: Option<Expression>,
    /// What makes an answer to a try a verification; `None` only where there is no verify endpoint.
    pub verified_if: Option<Expression>,
    /// How a verification finds its session, in this order.
    pub match_by: Vec<MatchKey>,
    /// How long a code can be verified.
    pub verify_window: Span,
    /// The operator's own answers in place of sendwall's.
    pub answers: Answers,
    /// How its clients can meet the rung of captchas, the best first.
    pub captcha: Vec<Way>,
    /// Origins of pages that may read sendwall's answers: exact, such as `https://shop.example`.
    pub cors_origins: Vec<HeaderValue>,
}

impl Endpoint {
    /// Whether a request for a code with these headers says something in its body that is read. Some apps take a field of
    /// the body for a query parameter.
    pub(super) fn needs_body(&self, headers: &HeaderMap) -> bool {
        match self.extract.phone {
            PhoneSource::Auto | PhoneSource::Json(_) | PhoneSource::Form(_) => true,
            PhoneSource::Query(_) => extract::says_fields(headers),
            PhoneSource::Path(_) | PhoneSource::Header(_) | PhoneSource::None => false,
        }
    }

    /// As [`Endpoint::needs_body`], for a try of a code.
    pub(super) fn needs_body_of_try(&self, headers: &HeaderMap) -> bool {
        self.needs_body(headers) || self.match_by.iter().any(|key| matches!(key, MatchKey::Response(_)))
    }

    /// Whether its requests bring a page's token.
    pub fn wants_page(&self) -> bool {
        self.policy.page_token != PageToken::Off
    }

    /// What it accepts as a try of a code: anything that can be read, for the limits alone decide about tries.
    pub fn try_policy(&self) -> Policy {
        Policy {
            mode: self.policy.mode,
            on_no_phone: OnMissing::Forward,
            on_unreadable: self.policy.on_unreadable,
            challenge: self.policy.challenge,
            page_token: PageToken::Off,
            countries: Vec::new(),
            refuse_types: Vec::new(),
        }
    }
}

/// The operator's answers; where one is `None`, sendwall's JSON is sent.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// In place of 403.
    pub block: Option<Answer>,
    /// In place of 428. Clients that solve challenges have to find theirs in it.
    pub challenge: Option<Answer>,
    /// In place of 429.
    pub cooldown: Option<Answer>,
    /// In place of 400 and 422.
    pub reject: Option<Answer>,
}

/// A fixed answer; a success look-alike is one.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, content type included.
    pub headers: HeaderMap,
    /// Its body.
    pub body: bytes::Bytes,
}

/// Header names that are sendwall's own: what a client sends under them is removed, what the upstream sends too.
pub const DECISION: HeaderName = HeaderName::from_static("sendwall-decision");
/// The verdict, for the upstream.
pub const VERDICT: HeaderName = HeaderName::from_static("sendwall-verdict");
/// The score, for the upstream.
pub const SCORE: HeaderName = HeaderName::from_static("sendwall-score");
/// The way that the app is to take in place of an SMS.
pub const DIVERT: HeaderName = HeaderName::from_static("sendwall-divert");
/// What rules tagged the request with, commas between.
pub const TAGS: HeaderName = HeaderName::from_static("sendwall-tags");
