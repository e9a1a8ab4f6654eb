//! `GET /_sendwall/captcha/NAME.png` and `.wav`: what a captcha shows and says; and the solving of captchas.

use http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::{Asked, solve};
use crate::challenge::Unsolved;
use crate::challenge::captcha::{Issued, Language, Medium, Outcome, Solution};
use crate::http::answer_body::AnswerBody;
use crate::http::answers;
use crate::http::proxy::Proxy;

/// Where pictures are.
pub(super) const PATH: &str = "/captcha/";

impl Proxy {
    /// Draws, beside the threads that serve.
    pub(super) async fn captcha(&self, asked: &Asked<'_>, path: &str) -> Response<AnswerBody> {
        let file = path.strip_prefix(PATH).and_then(|file| file.rsplit_once('.'));
        let (name, medium) = match file {
            Some((name, "png")) => (name, Medium::Png),
            Some((name, "wav")) => (name, Medium::Wav(language(asked))),
            _ => return answers::unknown_path(),
        };
        let challenges = self.gate.challenges();
        let Some(picture) = challenges.picture(name, medium, self.gate.now()) else {
            let message = "there is no such picture, or it has expired";
            return answers::own(StatusCode::NOT_FOUND, "challenge_unknown", message);
        };
        if let Some(bytes) = challenges.drawn(&picture) {
            return answers::file(medium.content_type(), bytes);
        }
        let Some(permit) = challenges.may_draw() else { return busy() };
        let artist = std::sync::Arc::clone(challenges);
        let drawn = self.tasks.run_blocking(move || {
            let bytes = artist.draw(&picture);
            drop(permit);
            bytes
        });
        match drawn.await.flatten() {
            Some(bytes) => answers::file(medium.content_type(), bytes),
            None => busy(),
        }
    }

    /// Whether `answer` solves the captcha of `token` by way of `provider`.
    pub(super) async fn try_captcha(
        &self,
        asked: &Asked<'_>,
        token: &str,
        (provider, answer): (&str, &str),
    ) -> Outcome {
        let (challenges, revision) = (self.gate.challenges(), asked.revision);
        let ticket = match challenges.read_ticket(token, self.gate.now()) {
            Ok(ticket) => ticket,
            Err(unsolved) => return Outcome::Refused(unsolved),
        };
        let Some(endpoint) = revision.endpoints.iter().find(|endpoint| challenges.is_of(&ticket, &endpoint.name))
        else {
            return Outcome::Refused(Unsolved::Unknown);
        };
        let solution =
            Solution { ticket: &ticket, endpoint: &endpoint.name, ways: &endpoint.captcha, provider, answer };
        let settings = (&revision.challenge, &revision.captcha);
        challenges.solve_captcha(settings, &solution, self.gate.clock()).await
    }

    /// The JSON for an outcome.
    pub(super) fn captcha_told(&self, asked: &Asked<'_>, outcome: Outcome) -> Response<AnswerBody> {
        match outcome {
            Outcome::Passed(redeemed) => self.passed(asked, &redeemed),
            Outcome::Waiting => {
                answers::own(StatusCode::ACCEPTED, "waiting", "the SMS has not come yet; ask again in a few seconds")
            }
            Outcome::Wrong(issued) => {
                again(StatusCode::FORBIDDEN, Unsolved::Wrong.code(), "the answer is wrong; try the new one", &issued)
            }
            Outcome::Down(issued) => {
                let message = "the captcha can't be checked at the moment; take another offer, or try again shortly";
                again(StatusCode::SERVICE_UNAVAILABLE, "provider_down", message, &issued)
            }
            Outcome::TooOften => {
                let message = "wrong too often; send the request again for a new challenge";
                answers::own(StatusCode::TOO_MANY_REQUESTS, "too_many", message)
            }
            Outcome::Refused(unsolved) => solve::refused(unsolved),
        }
    }
}

fn again(status: StatusCode, code: &str, message: &str, issued: &Issued) -> Response<AnswerBody> {
    let mut response = answers::result(&json!({ "code": code, "message": message, "challenge": issued }));
    *response.status_mut() = status;
    response
}

fn busy() -> Response<AnswerBody> {
    let mut response =
        answers::own(StatusCode::SERVICE_UNAVAILABLE, "too_many", "too many pictures are being drawn; try again");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `?lang=`, else what the browser says.
fn language(asked: &Asked<'_>) -> Language {
    let query = asked.parts.uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
    let accepted = asked.parts.headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::accepted(query.or(accepted).unwrap_or_default())
}
