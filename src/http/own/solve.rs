//! `POST /_sendwall/solve`: a solution comes, a pass goes.

use http::{Response, StatusCode};
use serde_json::json;

use super::{Asked, cookies};
use crate::challenge::captcha::Outcome;
use crate::challenge::{Redeemed, Unsolved};
use crate::extract::{Document, Payload};
use crate::gate::PASS_COOKIE;
use crate::http::answer_body::AnswerBody;
use crate::http::answers;
use crate::http::page;
use crate::http::proxy::{Proxy, view};

impl Proxy {
    /// `body` is JSON or a form.
    pub(super) async fn solve(&self, asked: &Asked<'_>, body: &[u8]) -> Response<AnswerBody> {
        let request = view(asked.parts, asked.client, Payload::Whole(body));
        let document = Document::read(&request);
        let text = |name| document.as_ref().ok().and_then(|document| document.text(name)).unwrap_or_default();
        if !text("token").is_empty() {
            let by_hand = page::is_wanted(&asked.parts.headers);
            // Another site could have its visitors send a form of its own.
            let outcome = if by_hand && page::is_foreign(asked.parts) {
                Outcome::Refused(Unsolved::Unknown)
            } else {
                self.try_captcha(asked, text("token"), (text("provider"), text("answer"))).await
            };
            return if by_hand {
                self.by_hand(asked, outcome, text("form"))
            } else {
                self.captcha_told(asked, outcome)
            };
        }
        let (challenges, settings) = (self.gate.challenges(), &asked.revision.challenge);
        match challenges.solve_work(settings, text("payload"), self.gate.now()) {
            Ok(redeemed) => self.passed(asked, &redeemed),
            Err(unsolved) => refused(unsolved),
        }
    }

    /// The pass, in the answer and in a cookie.
    pub(super) fn passed(&self, asked: &Asked<'_>, redeemed: &Redeemed) -> Response<AnswerBody> {
        let seconds = redeemed.lifetime.as_seconds_up();
        let mut response = answers::result(&json!({ "pass": redeemed.pass, "expires_in": seconds }));
        cookies::set(response.headers_mut(), (PASS_COOKIE, &redeemed.pass), redeemed.lifetime, asked);
        // A pass that is bound to a cookie or device of the app must not meet another name of its client.
        if !redeemed.knows_client {
            self.make_known(&mut response, asked);
        }
        response
    }
}

/// The answer to a solution that gives no pass.
pub(super) fn refused(unsolved: Unsolved) -> Response<AnswerBody> {
    answers::own(status(unsolved), unsolved.code(), &unsolved.to_string())
}

pub(super) fn status(unsolved: Unsolved) -> StatusCode {
    match unsolved {
        Unsolved::Malformed => StatusCode::BAD_REQUEST,
        Unsolved::Unknown | Unsolved::Wrong => StatusCode::FORBIDDEN,
        Unsolved::Spent => StatusCode::CONFLICT,
        Unsolved::Expired => StatusCode::GONE,
        Unsolved::Full => StatusCode::SERVICE_UNAVAILABLE,
    }
}
