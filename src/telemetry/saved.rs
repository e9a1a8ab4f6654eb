//! What is told about the snapshot: its metrics and its events.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::{debug, error, info, warn};

use super::Metrics;
use crate::domain::{Span, Timestamp};

/// The snapshot's metrics.
#[derive(Debug, Default)]
pub struct Saved {
    seconds: Gauge<f64, AtomicU64>,
    bytes: Gauge<u64, AtomicU64>,
    age: Gauge<f64, AtomicU64>,
    failures: Family<Failure, Counter>,
    is_kept: AtomicBool,
    /// Whether the last one couldn't be written.
    is_failing: AtomicBool,
    /// Everything counted until then is on disk.
    on_disk_ms: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    what: &'static str,
}

impl Saved {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let saved = Self::default();
        let Self { seconds, bytes, age, failures, .. } = &saved;
        registry.register("snapshot_seconds", "Time that writing the last snapshot took", seconds.clone());
        registry.register("snapshot_bytes", "Size of the snapshot on disk", bytes.clone());
        let help = "How long ago everything counted was on disk: what a crash would lose; 0 where no snapshot is kept";
        registry.register("snapshot_age_seconds", help, age.clone());
        registry.register("snapshot_failures", "Snapshots that could not be written, or not be read", failures.clone());
        saved
    }

    /// Snapshots are kept from now on.
    pub fn begin(&self, now: Timestamp) {
        self.is_kept.store(true, Ordering::Relaxed);
        self.still_current(now);
    }

    /// A snapshot of this size, written at `at`, is on disk.
    pub fn on_disk(&self, bytes: u64, at: Timestamp) {
        self.bytes.set(bytes);
        self.still_current(at);
    }

    /// The one on disk holds everything that was counted until `at`.
    pub fn still_current(&self, at: Timestamp) {
        self.on_disk_ms.store(at.unix_ms(), Ordering::Relaxed);
        self.is_failing.store(false, Ordering::Relaxed);
    }

    /// Where the last one couldn't be written: until when everything counted is on disk.
    pub fn failing_since(&self) -> Option<Timestamp> {
        let on_disk = || Timestamp::from_unix_ms(self.on_disk_ms.load(Ordering::Relaxed));
        self.is_failing.load(Ordering::Relaxed).then(on_disk)
    }

    pub(super) fn take_in(&self, now: Timestamp) {
        if self.is_kept.load(Ordering::Relaxed) {
            let age = now.since(Timestamp::from_unix_ms(self.on_disk_ms.load(Ordering::Relaxed)));
            self.age.set(age.to_duration().as_secs_f64());
        }
    }

    fn failed(&self, what: &'static str) {
        self.failures.get_or_create(&Failure { what }).inc();
    }
}

/// A snapshot was read at the start.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRestored<'a> {
    /// Its file.
    pub path: &'a Path,
    /// How long ago it was written.
    pub age: Span,
    /// Its size.
    pub bytes: u64,
    /// Entries that are there again.
    pub taken: u64,
    /// Entries that found no room.
    pub left_out: u64,
    /// How long that took.
    pub took: Duration,
}

impl SnapshotRestored<'_> {
    /// Logs.
    pub fn emit(&self) {
        let Self { path, age, bytes, taken, left_out, took } = self;
        info!(path = %path.display(), %age, bytes, entries = taken, left_out, ?took, "counters restored");
    }
}

/// A part of the snapshot could not be taken in; the rest was.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPartSkipped<'a> {
    /// The part.
    pub section: &'a str,
    /// Why.
    pub why: &'a str,
    /// How many pieces of it.
    pub chunks: u64,
}

impl SnapshotPartSkipped<'_> {
    /// Logs.
    pub fn emit(&self) {
        let Self { section, why, chunks } = self;
        warn!(section, why, chunks, "a part of the snapshot is left out");
    }
}

/// The snapshot could not be used and was set aside; everything counts from nothing.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRefused<'a> {
    /// Its file.
    pub path: &'a Path,
    /// What is wrong with it.
    pub error: &'a (dyn std::error::Error + 'static),
    /// What it is called now, or why it could not be renamed.
    pub aside: Result<&'a Path, &'a std::io::Error>,
}

impl SnapshotRefused<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.snapshots().failed("read");
        let path = self.path.display();
        let aside: &dyn fmt::Display = match &self.aside {
            Ok(aside) => &aside.display(),
            Err(error) => error,
        };
        error!(%path, error = %self.error, %aside, "the snapshot is set aside, and all counters begin empty");
    }
}

/// A snapshot was written.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotWritten {
    /// Its size.
    pub bytes: u64,
    /// How long that took, its rests included.
    pub took: Duration,
    /// When it was begun.
    pub at: Timestamp,
}

impl SnapshotWritten {
    /// Logs, for who looks closely, and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.snapshots().seconds.set(self.took.as_secs_f64());
        metrics.snapshots().on_disk(self.bytes, self.at);
        debug!(bytes = self.bytes, took = ?self.took, "snapshot written");
    }
}

/// A snapshot could not be written; the one before it is still there.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotFailed<'a> {
    /// What went wrong.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl SnapshotFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.snapshots().failed("write");
        metrics.snapshots().is_failing.store(true, Ordering::Relaxed);
        metrics.at_most_every("snapshot_failed", |suppressed| {
            error!(error = %self.error, suppressed, "no snapshot was written; a restart now loses what was counted since the last");
        });
    }
}
