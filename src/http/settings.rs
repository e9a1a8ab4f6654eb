//! What the operator sets about listening and forwarding.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::Span;

/// Settings of the main listener and of the way to the upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Certificate and key; `None` listens in clear text.
    pub tls: Option<TlsFiles>,
    /// Whether each connection begins with a PROXY protocol header (v1 or v2). Only the trusted proxies of the revision in
    /// force may connect then.
    pub proxy_protocol: bool,
    /// Connections at the same time; one more waits in the kernel's queue.
    pub max_connections: usize,
    /// The app.
    pub upstream: Upstream,
    /// Every wait.
    pub timeouts: Timeouts,
    /// sendwall's own visit cookie; `None` switches it off.
    pub visit: Option<VisitSettings>,
}

/// Certificate files, read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM chain, leaf first.
    pub certificate: PathBuf,
    /// PEM private key.
    pub key: PathBuf,
}

/// Where the app listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Host name or address.
    pub host: Arc<str>,
    /// Port.
    pub port: u16,
    /// Whether to speak TLS to it.
    pub tls: bool,
    /// PEM file of the authority that signed the upstream's certificate; `None` takes the system's authorities.
    pub ca: Option<PathBuf>,
    /// Idle connections kept open.
    pub max_idle: usize,
    /// Connections open at the same time; one more request waits until `upstream_connect` has passed.
    pub max_connections: usize,
    /// A connection that has been idle for longer gets no request about a code: see [`Upstream::FRESH`].
    pub fresh: Span,
}

impl Upstream {
    /// No server closes connections so soon for being idle. Under load all are used again before: a new one for each
    /// request would soon take all ports there are.
    pub const FRESH: Span = Span::millis(100);
}

/// Time-outs of every wait. None is endless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TLS handshake, PROXY header and request head.
    pub request_head: Span,
    /// Longest pause within a request body.
    pub request_body: Span,
    /// Connecting to the upstream, TLS included.
    pub upstream_connect: Span,
    /// From the end of the request to the head of the upstream's answer.
    pub upstream_answer: Span,
    /// Longest pause within an answer's body.
    pub answer_body: Span,
    /// Longest silence on an upgraded connection (WebSocket), both directions together.
    pub upgraded_idle: Span,
    /// How long an idle keep-alive connection stays open, to clients and to the upstream.
    pub keep_alive: Span,
    /// How long a stopping process waits for requests under way.
    pub drain: Span,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request_head: Span::seconds(10),
            request_body: Span::seconds(30),
            upstream_connect: Span::seconds(5),
            upstream_answer: Span::seconds(60),
            answer_body: Span::minutes(5),
            upgraded_idle: Span::minutes(10),
            keep_alive: Span::seconds(75),
            drain: Span::seconds(30),
        }
    }
}

/// sendwall's first-party cookie that says when a page was first loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitSettings {
    /// Name of the cookie.
    pub name: Arc<str>,
    /// How long a browser keeps it.
    pub max_age: Span,
}

impl Default for VisitSettings {
    fn default() -> Self {
        Self { name: Arc::from("sendwall_visit"), max_age: Span::hours(24 * 180) }
    }
}
