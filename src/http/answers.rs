//! The one place that makes error answers: refusals of a decision, an upstream that is down, requests that no one may
//! forward. The operator's own answers stand in for refusals.
//!
//! Must not know: connections and bodies of requests.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode, Version};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer_body::AnswerBody;
use super::headers;
use super::headers::Malformed;
use super::upstream::UpstreamError;
use crate::challenge::TooMany;
use crate::domain::{ChallengeKind, Decision, PassCode, Reason, Unreadable, Verdict};
use crate::gate::{Answer, Answers, DECISION, GoodAnswer};

/// Names the kind of a challenge.
const CHALLENGE: HeaderName = HeaderName::from_static("sendwall-challenge");

/// The JSON of an error answer.
#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<Value>,
}

/// The refusal that a decision asks for: the endpoint's own answer, or sendwall's JSON. For a challenge that is the bare
/// word; see [`challenge`] for one that can be solved.
pub(super) fn refusal(answers: &Answers, decision: &Decision) -> Response<AnswerBody> {
    let own = operators_own(answers, decision);
    let mut response = match own {
        Some(answer) => operators(answer),
        None => sendwalls(decision),
    };
    if let (Verdict::Cooldown { until }, None) = (decision.verdict, own) {
        let seconds = until.since(decision.at).as_seconds_up().max(1);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The operator's answer to what was decided.
pub(super) fn operators_own<'a>(answers: &'a Answers, decision: &Decision) -> Option<&'a Answer> {
    let own = match decision.verdict {
        Verdict::Forward | Verdict::Block | Verdict::Repeat => &answers.block,
        Verdict::Challenge(_) => &answers.challenge,
        Verdict::Cooldown { .. } => &answers.cooldown,
        Verdict::Reject => &answers.reject,
    };
    own.as_ref()
}

/// The app's own answer of before, once more.
pub(super) fn repeated(answer: &GoodAnswer, decision: &Decision) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::own(answer.body.clone()));
    *response.status_mut() = answer.status;
    answer.headers.clone_into(response.headers_mut());
    headers::to_client(response.headers_mut());
    name_decision(&mut response, decision);
    response
}

fn operators(answer: &Answer) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::own(answer.body.clone()));
    *response.status_mut() = answer.status;
    answer.headers.clone_into(response.headers_mut());
    response
}

fn sendwalls(decision: &Decision) -> Response<AnswerBody> {
    let id = decision.id.to_string();
    let problem = |code, message| Problem { code, message, decision: Some(&id), field: None, challenge: None };
    match decision.verdict {
        Verdict::Forward | Verdict::Block | Verdict::Repeat => {
            let page = match decision.reasons.first() {
                Some(Reason::PageToken(code)) => Some(code.told()),
                _ => None,
            };
            let (code, message) = page.unwrap_or(("blocked", "this request was refused"));
            in_json(StatusCode::FORBIDDEN, &problem(code, message))
        }
        Verdict::Challenge(kind) => challenge(decision, kind, json!({ "kind": kind })),
        Verdict::Cooldown { .. } => {
            in_json(StatusCode::TOO_MANY_REQUESTS, &problem("cooldown", "too many requests; try again later"))
        }
        Verdict::Reject => {
            if let Some(Unreadable { code, field }) = fault(decision) {
                let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
                return in_json(status, &Problem { field: Some(field), ..problem(code.name(), code.sentence()) });
            }
            let code = decision.reasons.first().map_or("unreadable", Reason::code);
            let message = match code {
                "no_phone" => "there is no phone number in the request",
                _ => "the request can't be read",
            };
            in_json(StatusCode::UNPROCESSABLE_ENTITY, &problem(code, message))
        }
    }
}

/// Asks for a proof: `challenge` is what the client has to solve. The code says so, or what was wrong with its pass.
pub(super) fn challenge(decision: &Decision, kind: ChallengeKind, challenge: Value) -> Response<AnswerBody> {
    let (code, message) = decision.pass.unwrap_or(PassCode::Counts).told();
    let (id, challenge) = (decision.id.to_string(), Some(challenge));
    let problem = Problem { code, message, decision: Some(&id), field: None, challenge };
    let mut response = in_json(StatusCode::PRECONDITION_REQUIRED, &problem);
    name_challenge(&mut response, kind);
    response
}

/// Says in a header that the answer is a challenge: a script knows it by that before the body is there.
pub(super) fn name_challenge(response: &mut Response<AnswerBody>, kind: ChallengeKind) {
    response.headers_mut().insert(CHALLENGE, HeaderValue::from_static(kind.name()));
}

/// Gives no challenge, because there are too many.
pub(super) fn too_many(refused: TooMany, decision: Option<&Decision>) -> Response<AnswerBody> {
    let status = match refused {
        TooMany::FromAddress { .. } => StatusCode::TOO_MANY_REQUESTS,
        TooMany::InAll => StatusCode::SERVICE_UNAVAILABLE,
    };
    let (id, message) = (decision.map(|decision| decision.id.to_string()), refused.to_string());
    let problem =
        Problem { code: "too_many", message: &message, decision: id.as_deref(), field: None, challenge: None };
    let mut response = in_json(status, &problem);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(refused.wait().as_seconds_up().max(1)));
    response
}

/// An error of sendwall's own paths.
pub(super) fn own(status: StatusCode, code: &str, message: &str) -> Response<AnswerBody> {
    in_json(status, &Problem { code, message, decision: None, field: None, challenge: None })
}

/// A result of sendwall's own paths.
pub(super) fn result(value: &impl Serialize) -> Response<AnswerBody> {
    in_json(StatusCode::OK, value)
}

/// Something that isn't JSON, of sendwall's own paths. Nobody keeps it.
pub(super) fn file(kind: &'static str, body: Bytes) -> Response<AnswerBody> {
    answer(StatusCode::OK, kind, body)
}

/// Why the request can't be read.
pub(super) fn fault(decision: &Decision) -> Option<&Unreadable> {
    decision.reasons.iter().find_map(|reason| match reason {
        Reason::Unreadable(unreadable) => Some(unreadable),
        _ => None,
    })
}

/// The upstream gave no answer. With a decision it is JSON, without one plain text.
pub(super) fn no_answer(error: &UpstreamError, decision: Option<&Decision>) -> Response<AnswerBody> {
    let (status, code, message) = match error {
        UpstreamError::Unreachable(_) | UpstreamError::Untaken(_) | UpstreamError::Broken(_) => {
            (StatusCode::BAD_GATEWAY, "upstream_unreachable", "the service can't be reached at the moment")
        }
        UpstreamError::ConnectTimeout | UpstreamError::AnswerTimeout => {
            (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", "the service did not answer in time")
        }
        UpstreamError::Full => {
            (StatusCode::SERVICE_UNAVAILABLE, "upstream_busy", "the service has no connection free at the moment")
        }
        UpstreamError::ClientBroke => (StatusCode::BAD_REQUEST, "body_incomplete", "the request body broke off"),
        UpstreamError::ClientStalled => {
            (StatusCode::REQUEST_TIMEOUT, "body_timeout", "the request body came too slowly")
        }
    };
    match decision {
        Some(decision) => of_decision(status, code, message, decision),
        None => plain(status, message),
    }
}

/// A request that no proxy may forward. The connection is closed: what follows on it can't be trusted.
pub(super) fn malformed(fault: Malformed, version: Version) -> Response<AnswerBody> {
    let status = match fault {
        Malformed::Connect => StatusCode::METHOD_NOT_ALLOWED,
        Malformed::Host | Malformed::Connection | Malformed::Target | Malformed::Coding => StatusCode::BAD_REQUEST,
    };
    let mut response = plain(status, fault.sentence());
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A path of sendwall's own that doesn't exist.
pub(super) fn unknown_path() -> Response<AnswerBody> {
    own(StatusCode::NOT_FOUND, "not_found", "sendwall has no such path")
}

/// Puts the decision's id on an answer.
pub(super) fn name_decision(response: &mut Response<AnswerBody>, decision: &Decision) {
    if let Ok(id) = HeaderValue::try_from(decision.id.to_string()) {
        response.headers_mut().insert(DECISION, id);
    }
}

fn of_decision(status: StatusCode, code: &str, message: &str, decision: &Decision) -> Response<AnswerBody> {
    let id = decision.id.to_string();
    in_json(status, &Problem { code, message, decision: Some(&id), field: None, challenge: None })
}

fn in_json(status: StatusCode, value: &impl Serialize) -> Response<AnswerBody> {
    // Texts only: they can't fail to be written.
    let body = serde_json::to_vec(value).unwrap_or_default();
    answer(status, "application/json", body.into())
}

fn plain(status: StatusCode, message: &'static str) -> Response<AnswerBody> {
    answer(status, "text/plain; charset=utf-8", Bytes::from_static(message.as_bytes()))
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::own(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
