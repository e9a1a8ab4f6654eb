//! A captcha that was answered without JavaScript: pages say what came of it, and carry the form along.

use http::header::SET_COOKIE;
use http::{HeaderMap, Response, StatusCode};

use super::{Asked, solve};
use crate::challenge::captcha::Outcome;
use crate::challenge::web::page as html;
use crate::http::answer_body::AnswerBody;
use crate::http::page;
use crate::http::proxy::Proxy;

impl Proxy {
    /// The page for an outcome; `sealed` is the form that the answer came with.
    pub(super) fn by_hand(&self, asked: &Asked<'_>, outcome: Outcome, sealed: &str) -> Response<AnswerBody> {
        let challenges = self.gate.challenges();
        let (language, nonce) = (page::language(&asked.parts.headers), format!("{:032x}", challenges.nonce()));
        let form = challenges.open_form(sealed);
        let sealed = form.is_some().then_some(sealed);
        let (status, text, cookies) = match outcome {
            Outcome::Passed(redeemed) => {
                let cookies = self.passed(asked, &redeemed).headers().clone();
                (StatusCode::OK, html::solved(language, &nonce, form.as_ref()), cookies)
            }
            Outcome::Wrong(issued) | Outcome::Down(issued) => match page::picture(&issued, sealed) {
                Some(picture) => {
                    (StatusCode::FORBIDDEN, html::another_picture(language, &nonce, &picture), HeaderMap::new())
                }
                // There is none to try next.
                None => {
                    (StatusCode::SERVICE_UNAVAILABLE, html::failed(language, &nonce, form.as_ref()), HeaderMap::new())
                }
            },
            Outcome::Refused(unsolved) => {
                (solve::status(unsolved), html::failed(language, &nonce, form.as_ref()), HeaderMap::new())
            }
            Outcome::Waiting | Outcome::TooOften => {
                (StatusCode::TOO_MANY_REQUESTS, html::failed(language, &nonce, form.as_ref()), HeaderMap::new())
            }
        };
        let mut response = page::answer(status, text, &html::policy(&nonce, false));
        for cookie in cookies.get_all(SET_COOKIE) {
            response.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        response
    }
}
