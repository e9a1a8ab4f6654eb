//! What happens on one client connection: which wait it is in, and when that has to end.
//!
//! Must not know: requests and answers.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Shared by a connection's bytes, its requests and whoever watches its time-outs.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Requests that were begun.
    begun: AtomicU32,
    /// Requests under way.
    under_way: AtomicU32,
    /// Whether bytes came since the last request ended.
    heard: AtomicBool,
    /// Whether it speaks HTTP/2, where bytes come at any time.
    http2: AtomicBool,
    /// Whether the client doesn't take what is written.
    blocked: AtomicBool,
    /// Of these, those whose answer is the client's to take.
    answering: AtomicU32,
    /// Grows with every request and with every piece of an answer that is asked for. Other bytes of the client, such as
    /// HTTP/2's pings, move nothing.
    moved: AtomicU32,
}

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// A request's head has begun, or the first one is due. Nothing was heard yet where `silent`.
    Head { silent: bool },
    /// The next request; how many there were.
    Idle(u32),
    /// A request that is under way.
    Busy,
}

impl Activity {
    /// What it waits for.
    pub(super) fn wait(&self) -> Wait {
        let begun = self.begun.load(Ordering::Acquire);
        if self.under_way.load(Ordering::Acquire) > 0 {
            return Wait::Busy;
        }
        let heard = self.heard.load(Ordering::Relaxed);
        let http2 = self.http2.load(Ordering::Relaxed);
        match begun {
            0 if !http2 => Wait::Head { silent: !heard },
            _ if heard && !http2 => Wait::Head { silent: false },
            _ => Wait::Idle(begun),
        }
    }

    /// Whether the client doesn't take what is written.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Relaxed)
    }

    /// Another number than before means that something moved.
    pub(super) fn moved(&self) -> u32 {
        self.moved.load(Ordering::Relaxed)
    }

    /// Whether it is the client's turn in all that is under way. A request that has no answer yet has time-outs of its own.
    pub(super) fn awaits_client(&self) -> bool {
        self.answering.load(Ordering::Acquire) >= self.under_way.load(Ordering::Acquire)
    }

    /// Whether any request was begun.
    pub(super) fn has_served(&self) -> bool {
        self.begun.load(Ordering::Relaxed) > 0
    }

    /// A request begins; it is under way until what this gives is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::AcqRel);
        self.begun.fetch_add(1, Ordering::AcqRel);
        self.moved.fetch_add(1, Ordering::Relaxed);
        UnderWay { activity: Arc::clone(self), is_answering: false }
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    is_answering: bool,
}

impl UnderWay {
    /// Its answer is there, for the client to take.
    pub(super) fn answers(&mut self) {
        self.is_answering = true;
        self.activity.answering.fetch_add(1, Ordering::AcqRel);
        self.moved();
    }

    /// A piece of its answer goes to the client.
    pub(super) fn moved(&self) {
        self.activity.moved.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.activity.heard.store(false, Ordering::Relaxed);
        if self.is_answering {
            self.activity.answering.fetch_sub(1, Ordering::AcqRel);
        }
        self.activity.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection's bytes, watched.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
    first: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity, first: true }
    }

    fn written<T>(&self, result: Poll<T>) -> Poll<T> {
        self.activity.blocked.store(result.is_pending(), Ordering::Relaxed);
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        if !read.is_empty() {
            if self.first {
                self.first = false;
                self.activity.http2.store(read.starts_with(b"PRI"), Ordering::Relaxed);
            }
            self.activity.heard.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.written(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
