//! The main listener: accepts connections until the process stops, then waits for the requests under way.
//!
//! Must not know: what is done with a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::connection::{Listener, builder};
use super::error::Error;
use super::pool::{PRUNE_EVERY, Pool};
use super::proxy::Proxy;
use super::settings::Settings;
use super::tls::{Certificate, connector};
use super::visit::VisitCookies;
use crate::gate::Gate;
use crate::tasks::Tasks;
use crate::telemetry::events::AcceptFailed;
use crate::telemetry::{Counters, Metrics};

/// A bound listener.
#[derive(Debug)]
pub struct Server {
    socket: TcpListener,
    address: SocketAddr,
    listener: Arc<Listener>,
    pool: Arc<Pool>,
    tasks: Tasks,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Takes the address and reads the certificates; nothing is served yet. `visits` makes the visit cookies, where
    /// the settings want them.
    pub async fn bind(
        settings: Settings,
        gate: Arc<Gate>,
        tasks: Tasks,
        metrics: Arc<Metrics>,
        visits: Option<Arc<dyn VisitCookies>>,
    ) -> Result<Self, Error> {
        let counters = Arc::clone(metrics.proxy());
        let certificate = settings.tls.clone().map(Certificate::load).transpose()?.map(Arc::new);
        let tls = connector(&settings.upstream)?;
        let unbound = |source| Error::Bind { address: settings.listen, source };
        let socket = TcpListener::bind(settings.listen).await.map_err(unbound)?;
        let address = socket.local_addr().map_err(unbound)?;
        let waits = (settings.timeouts.keep_alive, settings.timeouts.upstream_connect);
        let pool = Pool::new(settings.upstream.clone(), tls, waits, tasks.clone(), Arc::clone(&counters));
        let proxy = Arc::new(Proxy::new(settings, gate, (Arc::clone(&pool), tasks.clone()), counters, visits));
        let (stopping, cut) = (tasks.stopping(), CancellationToken::new());
        let listener = Arc::new(Listener { proxy, builder: builder(&tasks), certificate, stopping, cut });
        Ok(Self { socket, address, listener, pool, tasks, metrics })
    }

    /// Where it listens; the port is a real one also where the settings say 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until [`Tasks::stopping`], then waits for the requests under way, at most `timeouts.drain`.
    pub async fn run(self) {
        let Self { socket, address: _, listener, pool, tasks, metrics } = self;
        let limit = listener.proxy.settings.max_connections.min(Semaphore::MAX_PERMITS);
        let open = Arc::new(Semaphore::new(limit));
        let (housekept, stop) = (Arc::clone(&pool), tasks.stopping());
        tasks.spawn("upstream pool", async move {
            stop.run_until_cancelled(prune(housekept)).await;
        });
        if let Some(certificate) = &listener.certificate {
            let watching = watch(Arc::clone(certificate), Arc::clone(&listener.proxy.counters));
            let stop = tasks.stopping();
            tasks.spawn("certificate", async move {
                stop.run_until_cancelled(watching).await;
            });
        }
        let accepting = accept(&socket, &listener, (&open, &tasks), &metrics);
        listener.stopping.run_until_cancelled(accepting).await;
        accept_waiting(socket, &listener, &open, &tasks);
        let all = u32::try_from(limit).unwrap_or(u32::MAX);
        let drain = listener.proxy.settings.timeouts.drain.to_duration();
        if tokio::time::timeout(drain, open.acquire_many(all)).await.is_err() {
            tracing::warn!("requests under way were cut after the drain time-out");
        }
        listener.cut.cancel();
        pool.close();
    }
}

/// Accepts connections. As many as the settings allow are open at the same time; the next waits in the kernel's queue.
async fn accept(
    socket: &TcpListener,
    listener: &Arc<Listener>,
    (open, tasks): (&Arc<Semaphore>, &Tasks),
    metrics: &Metrics,
) {
    loop {
        let Ok(permit) = Arc::clone(open).acquire_owned().await else { return };
        match socket.accept().await {
            Ok((stream, from)) => tasks.spawn("client", Arc::clone(listener).serve(stream, from, permit)),
            Err(error) => {
                // Out of file descriptors, most likely: others must end first.
                AcceptFailed { what: "proxy", error: &error }.emit(metrics);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Takes the connections that the kernel has accepted already, then closes the socket: closing it alone would cut them,
/// and their requests may be written.
fn accept_waiting(socket: TcpListener, listener: &Arc<Listener>, open: &Arc<Semaphore>, tasks: &Tasks) {
    let Ok(socket) = socket.into_std() else { return };
    while let Ok(permit) = Arc::clone(open).try_acquire_owned()
        && let Ok((stream, from)) = socket.accept()
    {
        if let Ok(stream) = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream)) {
            tasks.spawn("client", Arc::clone(listener).serve(stream, from, permit));
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

async fn prune(pool: Arc<Pool>) {
    loop {
        tokio::time::sleep(PRUNE_EVERY).await;
        pool.prune();
    }
}

async fn watch(certificate: Arc<Certificate>, counters: Arc<Counters>) {
    let mut stamp = certificate.stamp();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = certificate.stamp();
        if now == stamp {
            continue;
        }
        stamp = now;
        match certificate.reload() {
            Ok(()) => {
                counters.certificates_loaded.add();
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                counters.certificates_refused.add();
                tracing::error!(%error, "the changed certificate can't be used; the old one stays");
            }
        }
    }
}
