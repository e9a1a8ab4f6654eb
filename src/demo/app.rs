//! The app behind the demo: a shop's log-in page, as naive as many. It sends a code to whoever asks, as often as they
//! ask; what stops a bomber is in front of it.
//!
//! Must not know: sendwall. It takes part as any app in any language would: by HTTP, and its page by a script tag.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::codes::{Codes, Number, Session};
use crate::clock::Clock;
use crate::domain::Span;
use crate::random::Random;
use crate::tasks::Tasks;

const PAGE: &str = include_str!("page.html");
const SESSION_COOKIE: &str = "tern_session";
/// Connections at the same time; one more waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;
/// Largest body that is read; a phone and a code are a hundred bytes.
const MAX_BODY: usize = 4096;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Span = Span::seconds(30);

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

    /// Serves `listener` until the tasks are told to stop.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener, tasks: Tasks) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let stopping = tasks.stopping();
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await else { return };
            // An accept that fails (a client gone again, no file descriptor free) concerns one client, not the app.
            let Ok((stream, _peer)) = accepted else { continue };
            let (app, stop) = (Arc::clone(&self), stopping.clone());
            tasks.spawn("demo app connection", async move {
                stop.run_until_cancelled(app.connection(stream)).await;
                drop(place);
            });
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let service = service_fn(move |request| {
            let app = Arc::clone(&self);
            async move { Ok::<_, Infallible>(app.answer(request).await) }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT.to_duration());
        if let Err(broken) = server.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%broken, "a connection to the demo app ended early");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let session = session_of(&head.headers);
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => self.page(session),
            (&Method::GET, "/api/inbox") => self.inbox(session, head.uri.query().unwrap_or_default()),
            (&Method::POST, "/api/send-code") => self.send_code(session, &read(body).await),
            (&Method::POST, "/api/verify") => self.verify(&read(body).await),
            _ => complaint(StatusCode::NOT_FOUND, "There is nothing here."),
        }
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
            let Session(id) = self.codes().new_session();
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
        self.codes().send(session, phone, self.clock.now());
        answer(StatusCode::OK, &json!({ "ok": true }))
    }

    fn verify(&self, body: &serde_json::Value) -> Response<Full<Bytes>> {
        let phone = body.pointer("/phone").and_then(|phone| Number::read(phone.as_str()?));
        let code = body.pointer("/code").and_then(serde_json::Value::as_str);
        let (Some(phone), Some(code)) = (phone, code) else {
            return complaint(StatusCode::UNPROCESSABLE_ENTITY, "A phone number and a code are needed.");
        };
        let ok = self.codes().verify(phone, code, self.clock.now());
        answer(StatusCode::OK, &json!({ "ok": ok }))
    }

    fn inbox(&self, session: Option<Session>, query: &str) -> Response<Full<Bytes>> {
        let phone = query.split('&').find_map(|pair| pair.strip_prefix("phone="));
        let phone = phone.map(|value| percent_encoding::percent_decode_str(value).decode_utf8_lossy());
        let messages = match phone.and_then(|phone| Number::read(&phone)) {
            Some(phone) => self.codes().inbox(session, phone),
            None => Vec::new(),
        };
        answer(StatusCode::OK, &json!({ "messages": messages }))
    }

    fn codes(&self) -> std::sync::MutexGuard<'_, Codes> {
        // No step leaves the codes half changed, so a lock that a panic poisoned is still good.
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session_of(headers: &HeaderMap) -> Option<Session> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_name, value) = pairs.find(|(name, _)| *name == SESSION_COOKIE)?;
    u64::from_str_radix(value, 16).ok().map(Session)
}

/// The JSON of a body; null for what is none, is too long or broke off.
async fn read(mut body: Incoming) -> serde_json::Value {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) if bytes.len() + data.len() <= MAX_BODY => bytes.extend_from_slice(&data),
            Ok(Err(_trailers)) => {}
            Ok(Ok(_too_long)) => return serde_json::Value::Null,
            Err(_broken) => return serde_json::Value::Null,
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_default()
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
