//! Answers of the admin address: JSON, and errors in one form.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

pub(super) type Answer = Response<Full<Bytes>>;

/// An error: `code` is for programs and never changes, `message` for people.
#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    message: &'a str,
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    match serde_json::to_vec(body) {
        Ok(text) => with(status, "application/json", text),
        Err(_) => with(StatusCode::INTERNAL_SERVER_ERROR, "application/json", br#"{"code":"internal"}"#.to_vec()),
    }
}

pub(super) fn error(status: StatusCode, code: &'static str, message: &str) -> Answer {
    json(status, &ErrorBody { code, message })
}

pub(super) fn bad_request(code: &'static str, message: &str) -> Answer {
    error(StatusCode::BAD_REQUEST, code, message)
}

pub(super) fn unauthorized() -> Answer {
    let message = "this address needs the admin token, as `authorization: Bearer TOKEN`";
    let mut answer = error(StatusCode::UNAUTHORIZED, "token_required", message);
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

pub(super) fn wrong_method(allowed: &'static str) -> Answer {
    let message = format!("this path answers {allowed} only");
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

pub(super) fn with(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
