//! A tiny HTTP client for the demo's simulated people and its bomber: one connection a request, over loopback.
//!
//! Must not know: what is asked for, or why.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use http::header::{COOKIE, HOST, HeaderName, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::challenge::altcha_v2::Challenge;
use crate::challenge::{SOLVE_PATH, solve};
use crate::domain::{DecisionId, Span};
use crate::gate::DECISION;
use crate::tasks::Tasks;

/// How long one exchange may take.
const TIMEOUT: Span = Span::seconds(10);
/// Largest answer that is kept; what is beyond is not read.
const MAX_ANSWER: usize = 64 * 1024;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A client with its headers, its address and its cookies.
#[derive(Clone)]
pub(super) struct Browser {
    proxy: SocketAddr,
    address: IpAddr,
    headers: &'static [(&'static str, &'static str)],
    cookies: Vec<String>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// What sendwall calls its decision about this request, if it made one.
    pub(super) decision: Option<DecisionId>,
    /// How long to wait before asking again.
    pub(super) retry_after: Option<Span>,
    /// The JSON of the body; null for what is none.
    pub(super) body: serde_json::Value,
}

/// Why nothing came back. The demo's clients shrug at all of them; the text is for the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("no connection to sendwall: {0}")]
    Connect(#[from] std::io::Error),
    #[error("the exchange with sendwall broke off: {0}")]
    Exchange(#[from] hyper::Error),
    #[error("the request could not be built: {0}")]
    Request(#[from] http::Error),
    #[error("no answer within {TIMEOUT}")]
    Timeout,
}

impl Browser {
    /// A client without cookies that goes through `proxy` and says it comes from `address`.
    pub(super) fn new(proxy: SocketAddr, address: IpAddr, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { proxy, address, headers, cookies: Vec::new() }
    }

    /// Moves to another address, as a bomber behind a pool of proxies does.
    pub(super) fn set_address(&mut self, address: IpAddr) {
        self.address = address;
    }

    /// Fetches a page or an answer, and keeps the cookies that come with it.
    pub(super) async fn get(&mut self, path: &str) -> Result<Answer, Failed> {
        self.exchange(Method::GET, path, None).await
    }

    /// Posts JSON.
    pub(super) async fn post(&mut self, path: &str, body: &serde_json::Value) -> Result<Answer, Failed> {
        self.exchange(Method::POST, path, Some(body.to_string())).await
    }

    /// What comes of JSON that was posted and answered so, as a page with sendwall's script does it: what it is asked to
    /// prove it proves, and posts again with the pass. `work` runs what takes long. Where it can't, the challenge is the
    /// answer.
    pub(super) async fn solve(
        &mut self,
        answer: Answer,
        path: &str,
        body: &serde_json::Value,
        work: &Tasks,
    ) -> Result<Answer, Failed> {
        let asked =
            answer.body.pointer("/challenge/altcha").filter(|_| answer.status == StatusCode::PRECONDITION_REQUIRED);
        let Some(challenge) = asked.and_then(|asked| serde_json::from_value::<Challenge>(asked.clone()).ok()) else {
            return Ok(answer);
        };
        let Some(Some(payload)) = work.run_blocking(move || solve(&challenge)).await else { return Ok(answer) };
        // The pass comes as a cookie too, which goes along from now on.
        let solved = self.post(SOLVE_PATH, &json!({ "payload": payload })).await?;
        if solved.status.is_success() { self.post(path, body).await } else { Ok(answer) }
    }

    async fn exchange(&mut self, method: Method, path: &str, body: Option<String>) -> Result<Answer, Failed> {
        let request = self.request(method, path, body)?;
        let exchange = tokio::time::timeout(TIMEOUT.to_duration(), send(self.proxy, request));
        let (status, headers, body) = exchange.await.map_err(|_elapsed| Failed::Timeout)??;
        self.keep_cookies(&headers);
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Ok(Answer {
            status,
            decision: text(DECISION).and_then(|id| id.parse().ok()),
            retry_after: text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Span::seconds),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }

    fn request(&self, method: Method, path: &str, body: Option<String>) -> Result<Request<Full<Bytes>>, Failed> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.proxy.to_string());
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        if !self.cookies.is_empty() {
            request = request.header(COOKIE, self.cookies.join("; "));
        }
        request = request.header(FORWARDED_FOR, self.address.to_string());
        Ok(request.body(Full::from(body.unwrap_or_default()))?)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let pair = line.split(';').next().unwrap_or_default();
            let name = pair.split('=').next().unwrap_or_default();
            self.cookies.retain(|kept| kept.split('=').next() != Some(name));
            self.cookies.push(pair.to_owned());
        }
    }
}

async fn send(proxy: SocketAddr, request: Request<Full<Bytes>>) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failed> {
    let stream = TcpStream::connect(proxy).await?;
    let mut builder = http1::Builder::new();
    builder.title_case_headers(true);
    let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    // The exchange owns the sender: the connection ends with it, and both are polled here, so nothing is spawned.
    let exchange = async move {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok((head.status, head.headers, read(body).await?))
    };
    let (answer, _how_it_closed) = tokio::join!(exchange, connection);
    answer
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > MAX_ANSWER {
            break;
        }
    }
    Ok(bytes)
}
