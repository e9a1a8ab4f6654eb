//! The admin listener.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::answer::{self, Answer};
use super::outcomes::MAX_BODY;
use super::{Parts, Settings, guard};
use crate::domain::Span;
use crate::privacy::Secret;
use crate::telemetry::events::{AcceptFailed, ListenStarted};

/// Connections at the same time; one more waits in the kernel's queue.
const MAX_CONNECTIONS: usize = 64;
/// For a request's head, and again for its body.
const READ_WITHIN: Span = Span::seconds(10);
/// After a connection could not be accepted, so that a lack of file descriptors is not a busy loop.
const ACCEPT_PAUSE: Span = Span::millis(100);

/// Why the admin address can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would be open to everyone.
    #[error("the admin address {0} is not on loopback and has no token; set a token, or listen on 127.0.0.1")]
    NoToken(SocketAddr),
    /// The system says no.
    #[error("cannot listen on the admin address {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The admin listener, open and not yet serving.
#[derive(Debug)]
pub struct Admin {
    settings: Settings,
    listener: TcpListener,
}

impl Admin {
    /// Opens the listener.
    pub async fn bind(settings: Settings) -> Result<Self, Error> {
        let address = settings.listen;
        if settings.token.is_none() && !address.ip().is_loopback() {
            return Err(Error::NoToken(address));
        }
        let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
        Ok(Self { settings, listener })
    }

    /// Where it listens; the port is the system's choice where the settings say 0.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.settings.listen)
    }

    /// Serves in tasks of `parts.tasks` until those are stopped; requests under way are finished.
    pub fn serve(self, parts: Parts) {
        ListenStarted { what: "admin", address: self.address() }.emit();
        let tasks = parts.tasks.clone();
        tasks.spawn("admin", async move {
            let stopping = parts.tasks.stopping();
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.accept(Arc::new(parts)) => {}
            }
        });
    }

    async fn accept(self, parts: Arc<Parts>) {
        let token = Arc::new(self.settings.token);
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (parts, token) = (Arc::clone(&parts), Arc::clone(&token));
                    let tasks = parts.tasks.clone();
                    tasks.spawn("admin connection", async move {
                        serve_connection(stream, parts, token).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    AcceptFailed { what: "admin", error: &error }.emit(&parts.metrics);
                    tokio::time::sleep(ACCEPT_PAUSE.to_duration()).await;
                }
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, parts: Arc<Parts>, token: Arc<Option<Secret>>) {
    let stopping = parts.tasks.stopping();
    let service = service_fn(move |request| {
        let (parts, token) = (Arc::clone(&parts), Arc::clone(&token));
        async move { Ok::<_, Infallible>(respond(&parts, token.as_ref().as_ref(), request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_WITHIN.to_duration())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // A connection that breaks is the client's affair: nothing is to be done or told.
    tokio::select! {
        _ended = connection.as_mut() => {}
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ended = connection.await;
        }
    }
}

async fn respond(parts: &Parts, token: Option<&Secret>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if let Err(refusal) = guard::check(token, &head) {
        return *refusal;
    }
    let body = if matches!(head.method, Method::POST | Method::DELETE) {
        match tokio::time::timeout(READ_WITHIN.to_duration(), read(body)).await {
            Ok(Ok(body)) => body,
            Ok(Err(answer)) => return *answer,
            Err(_elapsed) => {
                return answer::error(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "the body did not come in 10 s");
            }
        }
    } else {
        Vec::new()
    };
    let how = if token.is_some() { "token" } else { "loopback" };
    parts.answer(&head, body, (how, guard::knows(token, &head))).await
}

/// The whole body, at most [`MAX_BODY`].
async fn read(mut body: Incoming) -> Result<Vec<u8>, Box<Answer>> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let incomplete = |_error| Box::new(answer::bad_request("body_incomplete", "the body ended early"));
        if let Ok(data) = frame.map_err(incomplete)?.into_data() {
            if bytes.len() + data.len() > MAX_BODY {
                let message = "the body is over 1 MiB; send smaller batches";
                return Err(Box::new(answer::error(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
