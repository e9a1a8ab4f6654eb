//! A time-out that costs next to nothing to set.
//!
//! A timer that is set and cancelled for every request costs two locks. This one arms the runtime's timer only when
//! it has to be earlier than the last time; when that timer fires and the deadline has moved on meanwhile, it is armed
//! again. So a busy connection touches the runtime's timers once in a time-out, not once in a request.
//!
//! Must not know: what is timed.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use crate::clock::Stopwatch;
use crate::domain::Span;

/// A deadline that can be moved at any time.
#[derive(Debug)]
pub(crate) struct Deadline {
    clock: Stopwatch,
    /// When it is due, counted from the start of `clock`.
    due: Option<Duration>,
    /// The runtime's timer and when it fires: never later than any deadline that was set since.
    timer: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Deadline {
    /// Not set.
    pub(crate) fn unset() -> Self {
        Self { clock: Stopwatch::start(), due: None, timer: None }
    }

    /// Set, `after` from now.
    pub(crate) fn after(after: Span) -> Self {
        let mut deadline = Self::unset();
        deadline.set(after);
        deadline
    }

    /// Due `after` from now.
    pub(crate) fn set(&mut self, after: Span) {
        self.due = Some(self.clock.elapsed().saturating_add(after.to_duration()));
    }

    /// Never due.
    pub(crate) fn clear(&mut self) {
        self.due = None;
    }

    /// Ready once it is due. Only the last task that polled is woken.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else { return Poll::Pending };
        loop {
            if let Some((sleep, fires)) = &mut self.timer
                && *fires <= due
            {
                ready!(sleep.as_mut().poll(context));
            }
            let now = self.clock.elapsed();
            if now >= due {
                return Poll::Ready(());
            }
            self.timer = Some((Box::pin(tokio::time::sleep(due.saturating_sub(now))), due));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test]
    async fn moves_back_and_forth_and_is_never_early() {
        let watch = Stopwatch::start();
        let mut deadline = Deadline::after(Span::hours(1));
        assert!(poll_fn(|context| Poll::Ready(deadline.poll(context))).await.is_pending());
        deadline.set(Span::millis(10));
        assert!(poll_fn(|context| Poll::Ready(deadline.poll(context))).await.is_pending(), "sooner: armed again");
        deadline.set(Span::millis(40));
        poll_fn(|context| deadline.poll(context)).await;
        assert!(watch.elapsed() >= Duration::from_millis(40), "the timer of 10 ms fires, and waits on");
        deadline.clear();
        assert!(poll_fn(|context| Poll::Ready(deadline.poll(context))).await.is_pending());
    }
}
