//! A site of the demo's: HTTP on a listener, until the tasks are told to stop.
//!
//! Must not know: what is served.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::domain::Span;
use crate::tasks::Tasks;

/// Connections at the same time; one more waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Span = Span::seconds(30);

/// Answers requests.
pub(super) trait Site: Send + Sync + 'static {
    /// The answer to one.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Serves `listener` until the tasks are told to stop.
pub(super) async fn serve(site: Arc<impl Site>, listener: TcpListener, tasks: Tasks) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let stopping = tasks.stopping();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let Some(accepted) = stopping.run_until_cancelled(listener.accept()).await else { return };
        // An accept that fails (a client gone again, no file descriptor free) concerns one client, not the site.
        let Ok((stream, _peer)) = accepted else { continue };
        let (site, stop) = (Arc::clone(&site), stopping.clone());
        tasks.spawn("demo connection", async move {
            stop.run_until_cancelled(connection(site, stream)).await;
            drop(place);
        });
    }
}

async fn connection(site: Arc<impl Site>, stream: TcpStream) {
    let service = service_fn(move |request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT.to_duration());
    if let Err(broken) = server.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%broken, "a connection to the demo ended early");
    }
}

/// The JSON of a body; null for what is none, is longer than `most` bytes or broke off.
pub(super) async fn read(mut body: Incoming, most: usize) -> serde_json::Value {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) if bytes.len() + data.len() <= most => bytes.extend_from_slice(&data),
            Ok(Err(_trailers)) => {}
            Ok(Ok(_too_long)) => return serde_json::Value::Null,
            Err(_broken) => return serde_json::Value::Null,
        }
    }
    serde_json::from_slice(&bytes).unwrap_or_default()
}
