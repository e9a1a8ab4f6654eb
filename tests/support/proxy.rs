//! A proxy that runs in a runtime of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};

use sendwall::clock::SystemClock;
use sendwall::domain::Span;
use sendwall::gate::Gate;
use sendwall::http::{Server, Settings, Timeouts, Upstream, VisitCookies};
use sendwall::tasks::Tasks;
use sendwall::telemetry::{Counters, Metrics};
use tokio::runtime::Runtime;

use super::client::PATIENCE;

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    pub(crate) counters: Arc<Counters>,
    tasks: Tasks,
    ended: mpsc::Receiver<()>,
    runtime: Option<Runtime>,
}

/// Settings for an upstream, with every limit at its default.
pub(crate) fn settings(upstream: SocketAddr) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: None,
        proxy_protocol: false,
        max_connections: 1000,
        upstream: Upstream {
            host: upstream.ip().to_string().into(),
            port: upstream.port(),
            tls: false,
            ca: None,
            max_idle: 100,
            fresh: Span::default(),
            max_connections: 1000,
        },
        timeouts: Timeouts { drain: Span::seconds(15), ..Timeouts::default() },
        visit: None,
    }
}

/// Visit cookies `v1`, `v2`, ... of which all are valid.
#[derive(Debug, Default)]
struct Numbered(AtomicU64);

impl VisitCookies for Numbered {
    fn mint(&self) -> String {
        format!("v{}", self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn is_valid(&self, value: &str) -> bool {
        value.starts_with('v')
    }
}

impl Proxy {
    /// Starts a proxy with this gate.
    pub(crate) fn start(settings: Settings, gate: Arc<Gate>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let metrics = Arc::new(Metrics::new("test", Arc::new(SystemClock::start())));
        let (tasks, counters) = (Tasks::new(), Arc::clone(metrics.proxy()));
        let visits: Arc<dyn VisitCookies> = Arc::new(Numbered::default());
        let binding = Server::bind(settings, gate, tasks.clone(), metrics, Some(visits));
        let server = runtime.block_on(binding).unwrap();
        let address = server.local_addr();
        let (end, ended) = mpsc::channel();
        let _guard = runtime.enter();
        tasks.spawn("server", async move {
            server.run().await;
            end.send(()).unwrap();
        });
        Self { address, counters, tasks, ended, runtime: Some(runtime) }
    }

    /// The address as a URL.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Tells it to stop, as SIGTERM does.
    pub(crate) fn stop(&self) {
        self.tasks.stopping().cancel();
    }

    /// Waits until it has stopped. Gives the number of tasks that are still running.
    pub(crate) fn wait_for_end(&self) -> usize {
        self.ended.recv_timeout(PATIENCE).expect("the server ends");
        let tasks = self.tasks.clone();
        self.runtime.as_ref().unwrap().block_on(tasks.drain(Span::seconds(10)))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lets time pass where time is what the test is about: a slow client, a slow reader.
pub(crate) fn let_pass(time: std::time::Duration) {
    let (_open, nothing) = mpsc::channel::<()>();
    let _elapsed = nothing.recv_timeout(time);
}

/// Waits until `condition` holds, for what has no event to wait for.
pub(crate) fn eventually(what: &str, condition: impl FnMut() -> bool) {
    within(PATIENCE, what, condition);
}

/// The same where how soon is part of what is promised. The time that looking takes isn't counted, so that a busy
/// machine has as many looks as any.
pub(crate) fn within(limit: std::time::Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let mut waited = std::time::Duration::ZERO;
    let step = std::time::Duration::from_millis(5);
    while !condition() {
        assert!(waited < limit, "not within {limit:?}: {what}");
        let_pass(step);
        waited += step;
    }
}
