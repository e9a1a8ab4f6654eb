//! One client connection: PROXY header, TLS, HTTP/1.1 or HTTP/2, its time-outs, and its end when the process stops.
//!
//! Must not know: what is done with a request.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderValue;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::activity::{Activity, Wait, Watched};
use super::deadline::Deadline;
use super::headers::Peer;
use super::proxy::{Client, Proxy};
use super::proxy_header;
use super::settings::Timeouts;
use super::tls::Certificate;
use crate::domain::Span;
use crate::extract::canonical;
use crate::tasks::Tasks;

/// Largest request head in bytes; a longer one is answered with 431.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// How connections are served.
pub(super) type Builder = auto::Builder<Spawner>;

/// Runs the parts of HTTP/2 connections.
#[derive(Clone, Debug)]
pub(super) struct Spawner(Tasks);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.0.spawn("http2", task);
    }
}

/// The same for all connections. Time-outs are not hyper's: see [`watch`].
pub(super) fn builder(tasks: &Tasks) -> Builder {
    let mut builder = auto::Builder::new(Spawner(tasks.clone()));
    builder.http1().max_buf_size(MAX_HEAD_BYTES);
    builder.http2().max_header_list_size(64 * 1024).max_concurrent_streams(MAX_STREAMS).auto_date_header(true);
    builder
}

/// What every connection of a server shares.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) proxy: Arc<Proxy>,
    pub(super) builder: Builder,
    pub(super) certificate: Option<Arc<Certificate>>,
    /// No new requests.
    pub(super) stopping: CancellationToken,
    /// The wait for those under way is over.
    pub(super) cut: CancellationToken,
}

impl Listener {
    /// Serves one connection to its end.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream, from: SocketAddr, permit: OwnedSemaphorePermit) {
        let counters = &self.proxy.counters;
        counters.connections_opened.add();
        // A connection whose delays can't be switched off works all the same.
        let _nodelay = stream.set_nodelay(true);
        let head = self.proxy.settings.timeouts.request_head.to_duration();
        // Of its own: a token that all connections share is a lock that all of them take at each wake.
        let (stopping, cut) = (self.stopping.child_token(), self.cut.child_token());
        let stopped = async {
            stopping.cancelled().await;
            tokio::time::sleep(LAST_WORDS.to_duration()).await;
        };
        let begun = tokio::select! {
            begun = tokio::time::timeout(head, self.begin(stream, from)) => begun.ok().flatten(),
            () = stopped => None,
        };
        match begun {
            None => counters.handshakes_failed.add(),
            Some((Begun::Plain(stream), peer)) => self.speak(stream, peer, (stopping, cut, permit)).await,
            Some((Begun::Tls(stream), peer)) => self.speak(*stream, peer, (stopping, cut, permit)).await,
        }
        counters.connections_closed.add();
    }

    async fn begin(&self, mut stream: TcpStream, from: SocketAddr) -> Option<(Begun, Peer)> {
        let settings = &self.proxy.settings;
        let mut ip = canonical(from.ip());
        if settings.proxy_protocol {
            if !self.proxy.gate.revision().trusted.contains(ip) {
                return None;
            }
            let source = proxy_header::read(&mut stream).await.ok()?;
            ip = source.map_or(ip, |source| canonical(source.ip()));
        }
        let begun = match &self.certificate {
            None => Begun::Plain(stream),
            Some(certificate) => Begun::Tls(Box::new(certificate.acceptor().accept(stream).await.ok()?)),
        };
        let ip_text = HeaderValue::try_from(ip.to_string()).ok()?;
        let tls = self.certificate.is_some();
        Some((begun, Peer { ip, ip_text, tls }))
    }

    async fn speak<S>(
        &self,
        stream: S,
        peer: Peer,
        (stopping, cut, permit): (CancellationToken, CancellationToken, OwnedSemaphorePermit),
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Arc::new(Activity::default());
        let stream = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
        let client = Arc::new(Client { peer, activity: Arc::clone(&activity), cut: cut.clone(), _permit: permit });
        let service = service_fn(|request| {
            let (proxy, client) = (Arc::clone(&self.proxy), Arc::clone(&client));
            async move { Ok::<_, Infallible>(proxy.answer(request, client).await) }
        });
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(stream, service));
        let mut stopped = pin!(stopping.cancelled());
        let mut cutting = pin!(cut.cancelled());
        let mut registered = false;
        let mut watch = Watch::new(self.proxy.settings.timeouts);
        poll_fn(|context| {
            // How it ended is of no use to anyone: the client is gone, or was told.
            if connection.as_mut().poll(context).is_ready() || cut.is_cancelled() {
                return Poll::Ready(());
            }
            if !registered {
                // Once is enough: this task's waker stays the same. Asking again at each wake would take a lock.
                registered = true;
                let _stopping = stopped.as_mut().poll(context).is_ready();
                let _cut = cutting.as_mut().poll(context).is_ready();
            }
            loop {
                match watch.look(&activity, stopping.is_cancelled(), context) {
                    Next::Wait => return Poll::Pending,
                    Next::Drop => return Poll::Ready(()),
                    Next::Finish => connection.as_mut().graceful_shutdown(),
                }
                if connection.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
        if !activity.has_served() {
            self.proxy.counters.handshakes_failed.add();
        }
    }
}

enum Begun {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// What is to be done with a connection.
enum Next {
    Wait,
    /// No further request: HTTP/1 closes after the one under way, HTTP/2 says so.
    Finish,
    /// At once.
    Drop,
}

/// How long a connection that has said nothing yet is listened to once the process is stopping: its request may be on the
/// way, written before the client could know.
const LAST_WORDS: Span = Span::millis(500);

/// Watches a connection's time-outs.
struct Watch {
    timeouts: Timeouts,
    wait: Wait,
    deadline: Deadline,
    blocked: Option<Deadline>,
    finishing: bool,
    /// It is stopping, and waits whether a first byte is still to come.
    listening: bool,
    /// What [`Activity::moved`] was at the last look.
    moved: u32,
}

/// The longest time for which nothing can rightly move on a connection with a request under way.
fn longest_exchange(timeouts: &Timeouts) -> Span {
    let waits = [timeouts.request_body, timeouts.upstream_connect, timeouts.upstream_answer, timeouts.answer_body];
    Span::millis(waits.iter().map(|wait| wait.as_millis()).fold(0, u64::saturating_add))
}

impl Watch {
    fn new(timeouts: Timeouts) -> Self {
        let deadline = Deadline::after(timeouts.request_head);
        Self {
            timeouts,
            wait: Wait::Head { silent: true },
            deadline,
            blocked: None,
            finishing: false,
            listening: false,
            moved: 0,
        }
    }

    fn look(&mut self, activity: &Activity, stopping: bool, context: &mut Context<'_>) -> Next {
        let wait = activity.wait();
        if self.is_blocked_too_long(activity, context) {
            return Next::Drop;
        }
        if stopping && !self.finishing {
            if wait != (Wait::Head { silent: true }) {
                self.finishing = true;
                self.enter(wait);
                return Next::Finish;
            }
            if !self.listening {
                self.listening = true;
                self.deadline.set(LAST_WORDS);
            }
        }
        if wait != self.wait {
            self.enter(wait);
        }
        while self.deadline.poll(context).is_ready() {
            match wait {
                // An HTTP/2 client can leave a stream's window shut while the connection itself isn't blocked.
                Wait::Busy if activity.moved() == self.moved && activity.awaits_client() => return Next::Drop,
                Wait::Busy => {
                    self.moved = activity.moved();
                    self.enter(wait);
                }
                Wait::Idle(_) if !self.finishing => {
                    self.finishing = true;
                    self.deadline.set(self.timeouts.request_head);
                    return Next::Finish;
                }
                Wait::Head { .. } | Wait::Idle(_) => return Next::Drop,
            }
        }
        Next::Wait
    }

    fn enter(&mut self, wait: Wait) {
        let after = match (wait, self.wait) {
            // Its first byte doesn't give the first head more time.
            (Wait::Head { silent: false }, Wait::Head { silent: true }) => None,
            (Wait::Head { .. }, _) => Some(self.timeouts.request_head),
            (Wait::Idle(_), _) if self.finishing => Some(self.timeouts.request_head),
            (Wait::Idle(_), _) => Some(self.timeouts.keep_alive),
            // While it is busy other time-outs hold; when all of them have passed and nothing moved, it is stuck.
            (Wait::Busy, _) => Some(longest_exchange(&self.timeouts)),
        };
        self.wait = wait;
        if let Some(after) = after {
            self.deadline.set(after);
        }
    }

    fn is_blocked_too_long(&mut self, activity: &Activity, context: &mut Context<'_>) -> bool {
        if !activity.is_blocked() {
            self.blocked = None;
            return false;
        }
        let patience: Span = self.timeouts.answer_body;
        self.blocked.get_or_insert_with(|| Deadline::after(patience)).poll(context).is_ready()
    }
}
