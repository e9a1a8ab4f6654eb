//! Answer bodies on their way to the client, and what the gate is told at their end.
//!
//! Must not know: what is in them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::activity::UnderWay;
use super::body::Progress;
use super::pool::Lease;
use super::upstream::Right;
use crate::domain::Span;
use crate::gate::{Unread, UpstreamAnswer};
use crate::tasks::Tasks;
use crate::telemetry::Counters;

/// The largest answer body that the gate gets to see.
pub(super) const MAX_SEEN_BYTES: usize = 64 * 1024;

/// An answer's body.
pub(super) struct AnswerBody {
    source: Source,
    /// Tells the connection that a request is under way until this is dropped.
    under_way: Option<UnderWay>,
}

enum Source {
    Own(Bytes),
    Upstream(FromUpstream),
}

/// A body that comes from the upstream.
pub(super) struct FromUpstream {
    pub(super) incoming: Incoming,
    /// Given back at the end of the body.
    pub(super) lease: Option<Lease>,
    pub(super) progress: Option<Arc<Progress>>,
    /// Longest pause.
    pub(super) pause: Span,
    pub(super) counters: Arc<Counters>,
    pub(super) settlement: Option<Box<Settlement>>,
    pub(super) paused: bool,
}

impl AnswerBody {
    /// One of sendwall's own.
    pub(super) fn own(bytes: Bytes) -> Self {
        Self { source: Source::Own(bytes), under_way: None }
    }

    /// The upstream's.
    pub(super) fn upstream(mut body: FromUpstream) -> Self {
        if body.incoming.is_end_stream() {
            body.end();
        }
        Self { source: Source::Upstream(body), under_way: None }
    }

    /// Whether it is one of sendwall's own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self.source, Source::Own(_))
    }

    /// Its end, or its being dropped, is the end of the request.
    pub(super) fn ends(mut self, mut under_way: UnderWay) -> Self {
        under_way.answers();
        self.under_way = Some(under_way);
        self
    }
}

/// Why an answer breaks off.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the upstream's answer broke off")]
    Cut(#[from] hyper::Error),
    #[error("the upstream's answer paused for too long")]
    Paused,
}

impl FromUpstream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        match Pin::new(&mut self.incoming).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.paused = false;
                if let Some(data) = frame.data_ref() {
                    self.see(data);
                }
                if self.incoming.is_end_stream() {
                    self.end();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.cut();
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending => {
                if let Some(lease) = &mut self.lease {
                    if !self.paused {
                        lease.connection.deadline.set(self.pause);
                        self.paused = true;
                    }
                    ready!(lease.connection.deadline.poll(context));
                    self.cut();
                    return Poll::Ready(Some(Err(AnswerError::Paused)));
                }
                Poll::Pending
            }
        }
    }

    /// Shows it to the gate. What is too large is settled at once: it may be endless.
    fn see(&mut self, data: &[u8]) {
        if let Some(settlement) = self.settlement.take_if(|settlement| !settlement.see(data)) {
            settlement.settle(false);
        }
    }

    fn end(&mut self) {
        if let Some(lease) = self.lease.take()
            && self.progress.as_ref().is_none_or(|progress| progress.ended())
        {
            lease.give_back();
        }
        if let Some(settlement) = self.settlement.take() {
            settlement.settle(true);
        }
    }

    fn cut(&mut self) {
        self.counters.upstream_cut.add();
        self.lease = None;
        if let Some(settlement) = self.settlement.take() {
            settlement.settle(false);
        }
    }

    /// Reads to the end, for the gate alone. It ends at the latest after the bytes that the gate may see and a pause.
    async fn read_for_gate(mut self) {
        while self.settlement.is_some() {
            match std::future::poll_fn(|context| self.poll(context)).await {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            }
        }
        self.counters.settled_without_client.add();
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // The client has gone in the middle of an answer that the gate waits for: the code may have been sent.
        if let Source::Upstream(body) = &mut self.source
            && let Some(settlement) = body.settlement.take()
        {
            let tasks = settlement.tasks.clone();
            let source = std::mem::replace(&mut self.source, Source::Own(Bytes::new()));
            if let Source::Upstream(mut body) = source {
                body.settlement = Some(settlement);
                tasks.spawn("answer without client", body.read_for_gate());
            }
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = AnswerError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnswerError>>> {
        let this = self.get_mut();
        if let Some(under_way) = &this.under_way {
            under_way.moved();
        }
        match &mut this.source {
            Source::Own(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Own(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Source::Upstream(body) => body.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Own(bytes) => bytes.is_empty(),
            Source::Upstream(body) => body.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Own(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Upstream(body) => body.incoming.size_hint(),
        }
    }
}

/// What the gate is to be told at the end of an answer.
#[derive(Debug)]
pub(super) struct Settlement {
    right: Right,
    status: StatusCode,
    headers: HeaderMap,
    /// What was seen of the body, until it is over the bound.
    seen: Result<Vec<u8>, Unread>,
    tasks: Tasks,
}

impl Settlement {
    /// Tells the gate at once where it doesn't want the body; else gives what will tell it at the end of the body.
    pub(super) fn begin(right: Right, status: StatusCode, headers: &HeaderMap, tasks: &Tasks) -> Option<Box<Self>> {
        if right.wants_body() {
            let (headers, tasks) = (headers.clone(), tasks.clone());
            return Some(Box::new(Self { right, status, headers, seen: Ok(Vec::new()), tasks }));
        }
        right.settle(&UpstreamAnswer { status: status.as_u16(), headers, body: Ok(b"") });
        None
    }

    /// False once it is more than the gate may see.
    fn see(&mut self, data: &[u8]) -> bool {
        if let Ok(seen) = &mut self.seen {
            if seen.len() + data.len() > MAX_SEEN_BYTES {
                self.seen = Err(Unread::TooLarge);
            } else {
                seen.extend_from_slice(data);
            }
        }
        self.seen.is_ok()
    }

    fn settle(self: Box<Self>, whole: bool) {
        let Self { right, status, headers, seen, .. } = *self;
        let body = match &seen {
            Ok(_) if !whole => Err(Unread::Cut),
            Ok(seen) => Ok(seen.as_slice()),
            Err(why) => Err(*why),
        };
        right.settle(&UpstreamAnswer { status: status.as_u16(), headers: &headers, body });
    }
}
