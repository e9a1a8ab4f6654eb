//! One request to the upstream and its answer's head: leases a connection, sends, waits, tries again where that is safe.
//!
//! Must not know: why the request may be forwarded; that is what its [`Right`] stands for.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use http::header::UPGRADE;
use http::{HeaderName, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::body::{Progress, RequestBody};
use super::pool::{ConnectError, Lease, Pool};
use super::settings::Timeouts;
use crate::gate::{Permit, SendPermit, TryPermit, UpstreamAnswer};
use crate::net::with_causes;
use crate::telemetry::Counters;

/// The right to forward one request, as the gate gave it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one a request, and most are the large one")]
pub(super) enum Right {
    /// It isn't protected.
    Pass(Permit),
    /// A request for a code.
    Send(SendPermit),
    /// A try of a code.
    Try(TryPermit),
}

impl Right {
    /// Whether [`Right::settle`] wants the answer's body.
    pub(super) fn wants_body(&self) -> bool {
        match self {
            Self::Pass(_) => false,
            Self::Send(permit) => permit.wants_body(),
            Self::Try(permit) => permit.wants_body(),
        }
    }

    /// Tells the gate that no answer came, and whether the request may have arrived all the same.
    pub(super) fn unanswered(self, may_have_arrived: bool) {
        match self {
            Self::Send(permit) => permit.unanswered(may_have_arrived),
            Self::Pass(_) | Self::Try(_) => {}
        }
    }

    /// Tells the gate what the upstream answered.
    pub(super) fn settle(self, answer: &UpstreamAnswer<'_>) {
        match self {
            Self::Pass(_) => {}
            Self::Send(permit) => drop(permit.settle(answer)),
            Self::Try(permit) => drop(permit.settle(answer)),
        }
    }
}

/// The head of an answer, its body to come, and the connection that it comes over.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
    pub(super) lease: Lease,
    /// Of the request's body, where it was streamed: the connection is used again only if all of it went.
    pub(super) progress: Option<Arc<Progress>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpstreamError {
    #[error("the upstream cannot be reached: {0}")]
    Unreachable(String),
    #[error("the upstream did not accept a connection in time")]
    ConnectTimeout,
    #[error("all connections to the upstream are in use")]
    Full,
    #[error("the upstream did not answer in time")]
    AnswerTimeout,
    #[error("the upstream closed the connection before it took the request: {0}")]
    Untaken(String),
    #[error("the upstream closed the connection before its answer: {0}")]
    Broken(String),
    #[error("the client's request body broke off")]
    ClientBroke,
    #[error("the client's request body paused for too long")]
    ClientStalled,
}

/// Sends a request that may be forwarded. A request that an idle connection didn't take, because the upstream had
/// closed it, is sent once more on a new connection: always where it provably wasn't sent, else only where sending it
/// twice does no harm (an idempotent method, and no body that is gone). What is about a code is never harmless twice,
/// whatever its method: the upstream may have sent the message, or counted the try. So it goes over a new connection, or one
/// that was used a moment ago: another idle one may be closing just now, and then nobody knows whether the code went out,
/// which would cost a real user the code and the wait for the next.
pub(super) async fn forward(
    pool: &Arc<Pool>,
    right: &Right,
    request: Request<RequestBody>,
    (timeouts, counters): (&Timeouts, &Counters),
) -> Result<Answered, UpstreamError> {
    let is_pass = matches!(right, Right::Pass(_));
    let lease = if is_pass { pool.lease().await } else { pool.lease_fresh().await };
    let mut lease = lease.map_err(connect_error)?;
    let progress = request.body().progress();
    let copy = if lease.connection.reused && is_pass { replayable(&request) } else { None };
    match exchange(&mut lease, request, progress.as_deref(), timeouts).await {
        Ok(response) => Ok(Answered { response, lease, progress }),
        Err(Failed { unsent, error }) => {
            let again =
                if lease.connection.reused && error.is_broken() { unsent.or_else(|| copy.map(Box::new)) } else { None };
            let Some(again) = again else { return Err(error) };
            counters.upstream_retries.add();
            let mut lease = lease.renew().await.map_err(connect_error)?;
            match exchange(&mut lease, *again, progress.as_deref(), timeouts).await {
                Ok(response) => Ok(Answered { response, lease, progress }),
                Err(failed) => Err(failed.error),
            }
        }
    }
}

struct Failed {
    /// The request, where nothing of it was sent.
    unsent: Option<Box<Request<RequestBody>>>,
    error: UpstreamError,
}

impl UpstreamError {
    fn is_broken(&self) -> bool {
        matches!(self, Self::Untaken(_) | Self::Broken(_))
    }

    /// Whether the upstream may have done what it was asked for. An app may act on a head whose body is still coming, so that
    /// a client which breaks off then takes nothing back.
    pub(super) fn may_have_arrived(&self) -> bool {
        matches!(self, Self::AnswerTimeout | Self::Broken(_) | Self::ClientBroke | Self::ClientStalled)
    }
}

async fn exchange(
    lease: &mut Lease,
    request: Request<RequestBody>,
    progress: Option<&Progress>,
    timeouts: &Timeouts,
) -> Result<Response<Incoming>, Failed> {
    let upgrades = request.headers().contains_key(UPGRADE);
    let connection = &mut lease.connection;
    connection.deadline.set(timeouts.upstream_answer);
    let mut answer = pin!(connection.sender.try_send_request(request));
    let deadline = &mut connection.deadline;
    let answered = poll_fn(|context| {
        if let Poll::Ready(answer) = answer.as_mut().poll(context) {
            return Poll::Ready(Some(answer));
        }
        loop {
            ready!(deadline.poll(context));
            match progress.map(|progress| progress.left(timeouts.upstream_answer)) {
                Some(left) if left.as_millis() > 0 => deadline.set(left),
                Some(_) | None => return Poll::Ready(None),
            }
        }
    })
    .await;
    match answered {
        Some(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS && !upgrades => {
            let error = UpstreamError::Broken("it switched protocols unasked".to_owned());
            Err(Failed { unsent: None, error })
        }
        Some(Ok(response)) => Ok(response),
        Some(Err(mut failed)) => {
            let unsent = failed.take_message().map(Box::new);
            let error = match progress {
                Some(_) | None if unsent.is_some() => UpstreamError::Untaken(with_causes(failed.error())),
                Some(progress) if progress.stalled() => UpstreamError::ClientStalled,
                Some(progress) if progress.broken() => UpstreamError::ClientBroke,
                Some(_) | None => UpstreamError::Broken(with_causes(failed.error())),
            };
            Err(Failed { unsent, error })
        }
        None => Err(Failed { unsent: None, error: UpstreamError::AnswerTimeout }),
    }
}

fn replayable(request: &Request<RequestBody>) -> Option<Request<RequestBody>> {
    let idempotent = request.method().is_idempotent() && !request.headers().contains_key(UPGRADE);
    let body = idempotent.then(|| request.body().replay()).flatten()?;
    let mut copy = Request::new(body);
    request.method().clone_into(copy.method_mut());
    request.uri().clone_into(copy.uri_mut());
    request.headers().clone_into(copy.headers_mut());
    Some(copy)
}

fn connect_error(error: ConnectError) -> UpstreamError {
    match error {
        ConnectError::Refused(error) => UpstreamError::Unreachable(error.to_string()),
        ConnectError::Handshake(error) => UpstreamError::Unreachable(with_causes(&error)),
        ConnectError::TimedOut => UpstreamError::ConnectTimeout,
        ConnectError::Full => UpstreamError::Full,
    }
}

/// How long the upstream keeps an idle connection, where it says so (`Keep-Alive: timeout=5`).
pub(super) fn announced_idle_seconds(headers: &http::HeaderMap) -> Option<u64> {
    const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    let text = headers.get(KEEP_ALIVE)?.to_str().ok()?;
    let value = text.split(',').find_map(|part| part.trim().strip_prefix("timeout="))?;
    value.trim().parse().ok()
}
