//! The only file that spawns. Tasks have names, and all of them are waited for when the process drains, but for what may
//! hang for ever.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::Span;

/// Spawns tasks, tells them to stop, and waits until they have.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// None running.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `task` until it ends. Where the log is at `debug`, its name is on every line that it writes.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        use tracing::Instrument as _;
        // Entering a span costs at each poll, twice a request on a busy connection: so none unless it is asked for.
        let span = tracing::debug_span!("task", name);
        if span.is_disabled() {
            tokio::spawn(self.tracker.track_future(task));
        } else {
            tokio::spawn(self.tracker.track_future(task.instrument(span)));
        }
    }

    /// Runs `work`, which may block, on a thread of its own until it ends.
    pub fn spawn_blocking(&self, name: &'static str, work: impl FnOnce() + Send + 'static) {
        let span = tracing::info_span!("task", name);
        self.tracker.spawn_blocking(move || span.in_scope(work));
    }

    /// Runs `work`, which may block, on a thread of its own and waits for its result; `None` where it panicked.
    pub async fn run_blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.tracker.spawn_blocking(work).await.ok()
    }

    /// As [`Tasks::run_blocking`], for what may hang for ever: it begins at once, goes on when nobody waits for its result,
    /// and no drain waits for it.
    pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> impl Future<Output = Option<T>> {
        let running = tokio::task::spawn_blocking(work);
        async { running.await.ok() }
    }

    /// Completes when the process is to stop. Tasks that would run for ever wait for this beside their work.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Tells every task to stop and waits for them, at most until `deadline`. Gives the number still running then.
    pub async fn drain(&self, deadline: Span) -> usize {
        self.stop.cancel();
        self.tracker.close();
        match tokio::time::timeout(deadline.to_duration(), self.tracker.wait()).await {
            Ok(()) => 0,
            Err(_elapsed) => self.running(),
        }
    }

    /// Tasks that haven't ended.
    pub fn running(&self) -> usize {
        self.tracker.len()
    }
}
