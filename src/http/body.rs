//! Request bodies: read up to a limit where they must be judged, else handed on as they come.
//!
//! Must not know: what is in them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::deadline::Deadline;
use crate::clock::Stopwatch;
use crate::domain::Span;

/// What [`read_limited`] found.
pub(super) enum Read {
    /// All of it.
    Whole(Bytes, Option<HeaderMap>),
    /// It is longer than the limit: what was read, and the rest.
    TooLarge(Bytes, Incoming),
    /// It ended before its announced length, or its chunks are broken.
    Incomplete,
    /// The client paused for too long.
    Stalled,
}

/// Reads a body of at most `limit` bytes, with pauses of at most `pause`. This is the only place that holds a whole
/// body in memory.
pub(super) async fn read_limited(mut body: Incoming, limit: usize, pause: Span) -> Read {
    if body.size_hint().lower() > limit as u64 {
        return Read::TooLarge(Bytes::new(), body);
    }
    let (mut first, mut more, mut trailers) = (Bytes::new(), BytesMut::new(), None);
    while !body.is_end_stream() {
        let frame = match tokio::time::timeout(pause.to_duration(), body.frame()).await {
            Err(_elapsed) => return Read::Stalled,
            Ok(Some(Err(_broken))) => return Read::Incomplete,
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
        };
        match frame.into_data() {
            Ok(data) if first.is_empty() && more.is_empty() => first = data,
            Ok(data) => {
                if more.is_empty() {
                    more.extend_from_slice(&first);
                }
                more.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
        if first.len().max(more.len()) > limit {
            return Read::TooLarge(if more.is_empty() { first } else { more.freeze() }, body);
        }
    }
    Read::Whole(if more.is_empty() { first } else { more.freeze() }, trailers)
}

/// A body on its way to the upstream.
pub(super) enum RequestBody {
    /// None.
    Empty,
    /// One that was read. `chunked` keeps the client's framing.
    Whole { bytes: Option<Bytes>, trailers: Option<HeaderMap>, chunked: bool },
    /// One that is still coming.
    Stream(Stream),
}

/// A body that is still coming.
pub(super) struct Stream {
    read: Bytes,
    rest: Incoming,
    progress: Arc<Progress>,
    pause: Span,
    deadline: Option<Deadline>,
}

impl RequestBody {
    /// Hands on `rest` as it comes, after what was `read` of it, with pauses of at most `pause`.
    pub(super) fn streaming(read: Bytes, rest: Incoming, pause: Span) -> Self {
        if read.is_empty() && rest.is_end_stream() {
            return Self::Empty;
        }
        let progress = Arc::new(Progress::default());
        Self::Stream(Stream { read, rest, progress, pause, deadline: None })
    }

    /// The same once more, where that is possible.
    pub(super) fn replay(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Whole { bytes, trailers, chunked } => {
                Some(Self::Whole { bytes: bytes.clone(), trailers: trailers.clone(), chunked: *chunked })
            }
            Self::Stream(_) => None,
        }
    }

    /// How far it is, where it doesn't go in one piece.
    pub(super) fn progress(&self) -> Option<Arc<Progress>> {
        match self {
            Self::Stream(stream) => Some(Arc::clone(&stream.progress)),
            Self::Empty | Self::Whole { .. } => None,
        }
    }
}

/// How far a streaming body is; the upstream's time to answer runs from its last byte.
#[derive(Debug)]
pub(super) struct Progress {
    clock: Stopwatch,
    /// Milliseconds of `clock` at which the last piece went on, or [`WAITING`].
    last_ms: AtomicU64,
    ended: AtomicBool,
    stalled: AtomicBool,
    broken: AtomicBool,
}

/// The next piece is the client's to send.
const WAITING: u64 = u64::MAX;

impl Default for Progress {
    fn default() -> Self {
        let last_ms = AtomicU64::new(0);
        let [ended, stalled, broken] = [const { AtomicBool::new(false) }; 3];
        Self { clock: Stopwatch::start(), last_ms, ended, stalled, broken }
    }
}

impl Progress {
    /// What is left of `patience` since the last piece went on; all of it while the client is to send.
    pub(super) fn left(&self, patience: Span) -> Span {
        match self.last_ms.load(Ordering::Relaxed) {
            WAITING => patience,
            last => Span::millis(patience.as_millis().saturating_sub(self.now_ms().saturating_sub(last))),
        }
    }

    /// Whether all of it went on.
    pub(super) fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether the client paused for too long.
    pub(super) fn stalled(&self) -> bool {
        self.stalled.load(Ordering::Acquire)
    }

    /// Whether the client broke it off.
    pub(super) fn broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_millis()).unwrap_or(WAITING - 1)
    }
}

/// Why a request body can't go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the client's body broke off")]
    Broken(#[from] hyper::Error),
    #[error("the client's body paused for too long")]
    Stalled,
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if !self.read.is_empty() {
            self.moved();
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.read)))));
        }
        match Pin::new(&mut self.rest).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.deadline = None;
                self.moved();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.progress.broken.store(true, Ordering::Release);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                self.moved();
                self.progress.ended.store(true, Ordering::Release);
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.progress.last_ms.store(WAITING, Ordering::Relaxed);
                let pause = self.pause;
                ready!(self.deadline.get_or_insert_with(|| Deadline::after(pause)).poll(context));
                self.progress.stalled.store(true, Ordering::Release);
                Poll::Ready(Some(Err(BodyError::Stalled)))
            }
        }
    }

    fn moved(&self) {
        self.progress.last_ms.store(self.progress.now_ms(), Ordering::Relaxed);
        if self.read.is_empty() && self.rest.is_end_stream() {
            self.progress.ended.store(true, Ordering::Release);
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Whole { bytes, trailers, .. } => {
                let data = bytes.take().filter(|bytes| !bytes.is_empty()).map(Frame::data);
                Poll::Ready(data.or_else(|| trailers.take().map(Frame::trailers)).map(Ok))
            }
            Self::Stream(stream) => stream.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole { bytes, trailers, chunked } => {
                !chunked && trailers.is_none() && bytes.as_ref().is_none_or(Bytes::is_empty)
            }
            Self::Stream(stream) => stream.read.is_empty() && stream.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole { chunked: true, .. } => SizeHint::default(),
            Self::Whole { bytes, .. } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(stream) => {
                let (read, rest) = (stream.read.len() as u64, stream.rest.size_hint());
                rest.exact().map_or_else(SizeHint::default, |rest| SizeHint::with_exact(read + rest))
            }
        }
    }
}
