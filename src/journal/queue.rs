//! The path's end of the log: a bounded queue to the one thread that writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::writer::Writer;
use super::{Recent, Record, Settings};
use crate::clock::Clock;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::events::JournalFull;

/// Decisions kept in memory.
const RECENT: usize = 4096;

/// Why the log can't be written.
#[derive(Debug, thiserror::Error)]
#[error("the decision log cannot be written in {}: {source}; give sendwall's user a directory that it may write", path.display())]
pub struct Error {
    path: PathBuf,
    source: std::io::Error,
}

/// Where everything that was decided, and what became of it, is put down.
#[derive(Debug)]
pub struct Journal {
    log: Option<(SyncSender<Record>, PathBuf)>,
    recent: Recent,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// Opens the log and starts its writer in `tasks`. When those are drained, the writer ends once the queue is
    /// empty: so let them be tasks of its own, drained after everything that still records.
    pub fn start(
        settings: Settings,
        tasks: &Tasks,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Error> {
        let directory = settings.directory.clone();
        let (journal, queue) = Self::with_queue(&settings, Arc::clone(&metrics));
        let mut writer = Writer::new(settings, clock, metrics);
        writer.open().map_err(|source| Error { path: directory, source })?;
        let stopping = tasks.stopping();
        tasks.spawn_blocking("journal", move || writer.run(&queue, &stopping));
        Ok(journal)
    }

    /// Keeps the last decisions in memory and writes nothing: for a run without a state directory, and for tests.
    pub fn in_memory(metrics: Arc<Metrics>) -> Self {
        Self { log: None, recent: Recent::new(RECENT), metrics }
    }

    fn with_queue(settings: &Settings, metrics: Arc<Metrics>) -> (Self, Receiver<Record>) {
        let (sender, receiver) = sync_channel(settings.queue.max(1));
        let log = Some((sender, settings.directory.clone()));
        (Self { log, recent: Recent::new(RECENT), metrics }, receiver)
    }

    /// Puts `record` down. Never waits: when the queue is full the record is dropped from the log and counted; in
    /// memory it is kept.
    pub fn record(&self, record: Record) {
        self.recent.record(&record);
        if let Some((queue, _)) = &self.log
            && queue.try_send(record).is_err()
        {
            JournalFull.emit(&self.metrics);
        }
    }

    /// The last decisions.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// Where the files are; `None` where none are written.
    pub fn directory(&self) -> Option<&Path> {
        self.log.as_ref().map(|(_, directory)| directory.as_path())
    }
}
