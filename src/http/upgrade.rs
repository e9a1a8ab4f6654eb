//! Upgraded connections (WebSocket and its like): bytes both ways until one side closes or both are silent too long.
//!
//! Must not know: what is spoken.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use super::deadline::Deadline;
use super::pool::Lease;
use crate::domain::Span;

/// Both sides of a connection that is being upgraded.
#[derive(Debug)]
pub(super) struct Tunnel {
    pub(super) client: OnUpgrade,
    pub(super) upstream: OnUpgrade,
    /// Held to the end: the connection counts as the upstream's.
    pub(super) lease: Lease,
    /// Longest silence of both sides together.
    pub(super) idle: Span,
    /// Set when a stopping process waits no longer.
    pub(super) cut: CancellationToken,
}

impl Tunnel {
    /// Copies until the end. `guard` is dropped then.
    pub(super) async fn run<G>(self, guard: G) {
        let Self { client, upstream, lease, idle, cut } = self;
        let sides = async { tokio::try_join!(client, upstream) };
        let Ok((client, upstream)) = sides.await else { return };
        let moved = Arc::new(AtomicBool::new(false));
        let mut client = TokioIo::new(client);
        let mut upstream = Noted { stream: TokioIo::new(upstream), moved: Arc::clone(&moved) };
        let mut copying = pin!(tokio::io::copy_bidirectional(&mut client, &mut upstream));
        let mut silence = Deadline::after(idle);
        let until_silence = poll_fn(|context| {
            if copying.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            if moved.swap(false, Ordering::Relaxed) {
                silence.set(idle);
            }
            silence.poll(context)
        });
        tokio::select! {
            () = until_silence => {}
            () = cut.cancelled() => {}
        }
        drop((lease, guard));
    }
}

/// A stream that notes when bytes move.
struct Noted<S> {
    stream: S,
    moved: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.moved.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.moved.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
