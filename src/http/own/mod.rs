//! What stands under `/_sendwall/` on the main listener: one file a path.
//!
//! Must not know: how requests for codes are judged.

mod by_hand;
mod captcha;
mod challenge;
mod cookies;
mod hook;
mod scripts;
mod solve;
mod token;

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_MAX_AGE, ALLOW, CONTENT_TYPE,
};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;

use super::answer_body::AnswerBody;
use super::answers;
use super::body::{Read, read_limited};
use super::cors;
use super::proxy::{Client, Proxy};
use crate::gate::Revision;

/// The first segment of sendwall's own paths.
const OWN_PATH: &str = "/_sendwall";
/// The largest body of a request for one of them: an answer without JavaScript brings a form along.
const MAX_BODY: usize = 64 * 1024;

/// A request for a path of sendwall's own.
pub(super) struct Asked<'a> {
    parts: &'a Parts,
    client: &'a Client,
    revision: &'a Revision,
}

/// Whether the path is one of sendwall's own.
pub(super) fn is_own(path: &str) -> bool {
    path.strip_prefix(OWN_PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Proxy {
    /// Answers a request for one of them. Pages of the endpoints' origins may read every answer.
    pub(super) async fn own(self: &Arc<Self>, parts: Parts, body: Incoming, client: &Client) -> Response<AnswerBody> {
        let revision = self.gate.revision();
        let asked = Asked { parts: &parts, client, revision: &revision };
        if let Some(script) = scripts::script(&parts) {
            return script;
        }
        let mut response = self.own_answer(&asked, body).await;
        cors::allow(response.headers_mut(), cors::origin_of_any(&parts.headers, &revision.endpoints));
        response
    }

    async fn own_answer(&self, asked: &Asked<'_>, body: Incoming) -> Response<AnswerBody> {
        let path = asked.parts.uri.path().strip_prefix(OWN_PATH).unwrap_or_default();
        let methods: &[Method] = match path {
            "/challenge" | "/token" => &[Method::GET],
            "/solve" => &[Method::POST],
            _ if path.starts_with(captcha::PATH) => &[Method::GET],
            _ if path.starts_with(hook::PATH) => &[Method::POST],
            _ => return answers::unknown_path(),
        };
        if asked.parts.method == Method::OPTIONS {
            return preflight(methods);
        }
        if !methods.contains(&asked.parts.method) {
            return wrong_method(methods);
        }
        match path {
            "/challenge" => self.challenge(asked),
            "/token" => self.token(asked),
            "/solve" => match self.own_body(body).await {
                Ok(body) => self.solve(asked, &body).await,
                Err(response) => response,
            },
            _ if path.starts_with(hook::PATH) => match self.own_body(body).await {
                Ok(body) => self.hook(asked, path, &body),
                Err(response) => response,
            },
            _ if path.starts_with(captcha::PATH) => self.captcha(asked, path).await,
            _ => answers::unknown_path(),
        }
    }

    /// The whole body of a request for a path of sendwall's own, or what to answer instead.
    async fn own_body(&self, body: Incoming) -> Result<bytes::Bytes, Response<AnswerBody>> {
        let (status, code, message) = match read_limited(body, MAX_BODY, self.settings.timeouts.request_body).await {
            Read::Whole(bytes, _trailers) => return Ok(bytes),
            Read::TooLarge(..) => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "the body is larger than 64 KiB"),
            Read::Incomplete => (StatusCode::BAD_REQUEST, "body_incomplete", "the request body broke off"),
            Read::Stalled => {
                self.counters.clients_stalled.add();
                (StatusCode::REQUEST_TIMEOUT, "body_timeout", "the request body came too slowly")
            }
        };
        Err(answers::own(status, code, message))
    }
}

/// The answer to a preflight; whether it allows anything is for the origin to say.
pub(super) fn preflight(methods: &[Method]) -> Response<AnswerBody> {
    let mut response = answers::own(StatusCode::OK, "preflight", "");
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.body_mut() = AnswerBody::own(bytes::Bytes::new());
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, names(methods));
    headers
        .insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, sendwall-pass, sendwall-page"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

fn wrong_method(methods: &[Method]) -> Response<AnswerBody> {
    let mut response =
        answers::own(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method");
    response.headers_mut().insert(ALLOW, names(methods));
    response
}

fn names(methods: &[Method]) -> HeaderValue {
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(names).unwrap_or(HeaderValue::from_static("POST"))
}
