//! Connections to the upstream: kept open, used last in first out, never more than the operator allows.
//!
//! Must not know: what is sent over them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsConnector;

use super::body::RequestBody;
use super::deadline::Deadline;
use super::settings::Upstream;
use crate::clock::Stopwatch;
use crate::domain::Span;
use crate::tasks::Tasks;
use crate::telemetry::Counters;

/// The pool.
#[derive(Debug)]
pub(super) struct Pool {
    upstream: Upstream,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    keep_alive: Span,
    connect_timeout: Span,
    tasks: Tasks,
    counters: Arc<Counters>,
    /// A permit for each request at the upstream. A new connection is opened only when none is idle, or in the place of
    /// an idle one, so this bounds the connections too.
    under_way: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one used last is at the back.
    stack: VecDeque<Connection>,
    closed: bool,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: SendRequest<RequestBody>,
    pub(super) deadline: Deadline,
    /// Whether a request was answered on it before.
    pub(super) reused: bool,
    /// How long it may be idle; shorter than the settings say where the upstream announced it.
    idle_for: Span,
    idle_since: Stopwatch,
}

/// The right to use one connection for one request.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: Connection,
    pool: Arc<Pool>,
    permit: OwnedSemaphorePermit,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    Refused(std::io::Error),
    Handshake(hyper::Error),
    TimedOut,
    /// As many requests as may be are under way, and none ended in time.
    Full,
}

impl Pool {
    pub(super) fn new(
        upstream: Upstream,
        tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
        (keep_alive, connect_timeout): (Span, Span),
        tasks: Tasks,
        counters: Arc<Counters>,
    ) -> Arc<Self> {
        let under_way = Arc::new(Semaphore::new(upstream.max_connections));
        let idle = Mutex::default();
        Arc::new(Self { upstream, tls, keep_alive, connect_timeout, tasks, counters, under_way, idle })
    }

    /// A connection: the idle one that was used last, or a new one.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, ConnectError> {
        let permit = self.permit().await?;
        let connection = match self.take_idle(self.keep_alive) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lease { connection, pool: Arc::clone(self), permit })
    }

    /// A connection that the upstream isn't about to close for being idle: one that was used a moment ago, or a new one in the
    /// place of the one that is idle longest.
    pub(super) async fn lease_fresh(self: &Arc<Self>) -> Result<Lease, ConnectError> {
        let permit = self.permit().await?;
        let connection = if let Some(connection) = self.take_idle(self.upstream.fresh) {
            connection
        } else {
            drop(self.idle.lock().stack.pop_front());
            self.connect().await?
        };
        Ok(Lease { connection, pool: Arc::clone(self), permit })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, ConnectError> {
        match Arc::clone(&self.under_way).try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(_full) => {
                let wait = Arc::clone(&self.under_way).acquire_owned();
                match tokio::time::timeout(self.connect_timeout.to_duration(), wait).await {
                    Ok(Ok(permit)) => Ok(permit),
                    Ok(Err(_)) | Err(_) => Err(ConnectError::Full),
                }
            }
        }
    }

    /// The idle connection that was used last, if it was less than so long ago.
    fn take_idle(&self, within: Span) -> Option<Connection> {
        let is_within = |last: &Connection| last.idle_since.elapsed() < within.to_duration();
        let mut idle = self.idle.lock();
        while idle.stack.back().is_some_and(is_within)
            && let Some(connection) = idle.stack.pop_back()
        {
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    async fn connect(&self) -> Result<Connection, ConnectError> {
        match tokio::time::timeout(self.connect_timeout.to_duration(), self.open()).await {
            Ok(opened) => opened,
            Err(_elapsed) => Err(ConnectError::TimedOut),
        }
    }

    async fn open(&self) -> Result<Connection, ConnectError> {
        let stream = TcpStream::connect((&*self.upstream.host, self.upstream.port)).await;
        let stream = stream.map_err(ConnectError::Refused)?;
        stream.set_nodelay(true).map_err(ConnectError::Refused)?;
        let sender = match &self.tls {
            None => self.handshake(TokioIo::new(stream)).await,
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name.clone(), stream).await.map_err(ConnectError::Refused)?;
                self.handshake(TokioIo::new(stream)).await
            }
        };
        self.counters.upstream_connections.add();
        Ok(Connection {
            sender: sender.map_err(ConnectError::Handshake)?,
            deadline: Deadline::unset(),
            reused: false,
            idle_for: self.keep_alive,
            idle_since: Stopwatch::start(),
        })
    }

    async fn handshake<IO>(&self, io: IO) -> Result<SendRequest<RequestBody>, hyper::Error>
    where
        IO: hyper::rt::Read + hyper::rt::Write + Send + Unpin + 'static,
    {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD_BYTES).max_headers(MAX_HEADERS);
        let (sender, connection) = builder.handshake(io).await?;
        self.tasks.spawn("upstream connection", async move {
            // Its end is told to whoever waits for an answer; there is no one else to tell.
            drop(connection.with_upgrades().await);
        });
        Ok(sender)
    }

    /// Closes idle connections that are too old or that the upstream has closed.
    pub(super) fn prune(&self) {
        self.idle.lock().stack.retain(Connection::is_usable);
    }

    /// Closes all idle connections, and each one under way when its answer ends.
    pub(super) fn close(&self) {
        let mut idle = self.idle.lock();
        idle.closed = true;
        idle.stack.clear();
    }
}

/// Largest head of an answer.
const MAX_HEAD_BYTES: usize = 256 * 1024;
/// Most headers of an answer. The HTTP library's own bound is 100, which an app that sets many cookies passes.
const MAX_HEADERS: usize = 512;

impl Connection {
    fn is_usable(&self) -> bool {
        !self.sender.is_closed() && self.idle_since.elapsed() < self.idle_for.to_duration()
    }
}

impl Lease {
    /// The same right on a new connection, in place of one that turned out to be closed.
    pub(super) async fn renew(self) -> Result<Self, ConnectError> {
        let connection = self.pool.connect().await?;
        Ok(Self { connection, ..self })
    }

    /// The upstream closes the connection when it was idle for `seconds`: it isn't used in the last of these.
    pub(super) fn closes_after(&mut self, seconds: u64) {
        let announced = Span::millis(Span::seconds(seconds.min(86_400)).as_millis().saturating_sub(ALLOWANCE_MS));
        self.connection.idle_for = announced.min(self.pool.keep_alive);
    }

    /// The answer was read to its end: the next request may use the connection.
    pub(super) fn give_back(self) {
        let Self { mut connection, pool, permit } = self;
        connection.reused = true;
        connection.idle_since = Stopwatch::start();
        connection.deadline.clear();
        {
            let mut idle = pool.idle.lock();
            if !idle.closed && idle.stack.len() < pool.upstream.max_idle && !connection.sender.is_closed() {
                idle.stack.push_back(connection);
            }
        }
        drop(permit);
    }
}

/// How much earlier than announced an idle connection is given up, so that no request meets its closing.
const ALLOWANCE_MS: u64 = 1_000;

/// How often idle connections are looked through.
pub(super) const PRUNE_EVERY: Duration = Duration::from_secs(1);
