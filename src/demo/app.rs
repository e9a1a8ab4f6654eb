//! The app behind the demo: a shop's log-in page, as naive as many. It sends a code to whoever asks, as often as they
//! ask; what stops a bomber is in front of it.
//!
//! Must not know: sendwall. It takes part as any app in any language would: by HTTP, and its page by a script tag.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::json;

use super::codes::{Codes, Number, Session};
use super::serving::{Site, read};
use crate::clock::Clock;
use crate::random::Random;

const PAGE: &str = include_str!("page.html");
const SESSION_COOKIE: &str = "tern_session";
/// Largest body that is read; a phone and a code are a hundred bytes.
const MAX_BODY: usize = 4096;

/// The app.
pub(super) struct App {
    codes: Mutex<Codes>,
    clock: Arc<dyn Clock>,
}

impl App {
    /// An app that has sent nothing yet.
    pub(super) fn new(random: Random, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { codes: Mutex::new(Codes::new(random)), clock })
    }

    fn page(&self, session: Option<Session>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(PAGE));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; connect-src 'self'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; \
                 script-src 'self' 'unsafe-inline'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            ),
        );
        if session.is_none() {
            let Session(id) = self.codes.lock().new_session();
            let cookie = format!("{SESSION_COOKIE}={id:016x}; Path=/; HttpOnly; SameSite=Lax");
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                headers.insert(SET_COOKIE, cookie);
            }
        }
        response
    }

    fn send_code(&self, session: Option<Session>, body: &serde_json::Value) -> Response<Full<Bytes>> {
        let Some(phone) = body.pointer("/phone").and_then(|phone| Number::read(phone.as_str()?)) else {
            return complaint(StatusCode::UNPROCESSABLE_ENTITY, "That doesn't look like a phone number.");
        };
        self.codes.lock().send(session, phone, self.clock.now());
        answer(StatusCode::OK, &json!({ "ok": true }))
    }

    fn verify(&self, body: &serde_json::Value) -> Response<Full<Bytes>> {
        let phone = body.pointer("/phone").and_then(|phone| Number::read(phone.as_str()?));
        let code = body.pointer("/code").and_then(serde_json::Value::as_str);
        let (Some(phone), Some(code)) = (phone, code) else {
            return complaint(StatusCode::UNPROCESSABLE_ENTITY, "A phone number and a code are needed.");
        };
        let ok = self.codes.lock().verify(phone, code, self.clock.now());
        answer(StatusCode::OK, &json!({ "ok": ok }))
    }

    fn inbox(&self, session: Option<Session>, query: &str) -> Response<Full<Bytes>> {
        let phone = query.split('&').find_map(|pair| pair.strip_prefix("phone="));
        let phone = phone.map(|value| percent_encoding::percent_decode_str(value).decode_utf8_lossy());
        let messages = match phone.and_then(|phone| Number::read(&phone)) {
            Some(phone) => self.codes.lock().inbox(session, phone),
            None => Vec::new(),
        };
        answer(StatusCode::OK, &json!({ "messages": messages }))
    }
}

impl Site for App {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let session = session_of(&head.headers);
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => self.page(session),
            (&Method::GET, "/api/inbox") => self.inbox(session, head.uri.query().unwrap_or_default()),
            (&Method::POST, "/api/send-code") => self.send_code(session, &read(body, MAX_BODY).await),
            (&Method::POST, "/api/verify") => self.verify(&read(body, MAX_BODY).await),
            _ => complaint(StatusCode::NOT_FOUND, "There is nothing here."),
        }
    }
}

fn session_of(headers: &HeaderMap) -> Option<Session> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_name, value) = pairs.find(|(name, _)| *name == SESSION_COOKIE)?;
    u64::from_str_radix(value, 16).ok().map(Session)
}

fn complaint(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    answer(status, &json!({ "ok": false, "message": message }))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
