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
    /// Whether nobody will ask for what was decided.
    silent: bool,
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
        Self { log: None, recent: Recent::new(RECENT), silent: false, metrics }
    }

    /// Keeps nothing: for a replay, which takes its decisions where they are made.
    pub fn silent(metrics: Arc<Metrics>) -> Self {
        Self { log: None, recent: Recent::new(1), silent: true, metrics }
    }

    fn with_queue(settings: &Settings, metrics: Arc<Metrics>) -> (Self, Receiver<Record>) {
        let (sender, receiver) = sync_channel(settings.queue.max(1));
        let log = Some((sender, settings.directory.clone()));
        (Self { log, recent: Recent::new(RECENT), silent: false, metrics }, receiver)
    }

    /// Puts `record` down. Never waits: when the queue is full the record is dropped from the log and counted; in
    /// memory it is kept.
    pub fn record(&self, record: Record) {
        if self.silent {
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::{DecisionId, RevisionId, Timestamp};
    use crate::journal::record::Answer;
    use crate::telemetry::{EvidenceStats, Snapshot};

    #[test]
    fn a_full_queue_drops_counts_and_does_not_wait() {
        let metrics = Arc::new(Metrics::new("test", Arc::new(ManualClock::default())));
        let settings = Settings { queue: 2, ..Settings::in_directory("unused".into()) };
        let (journal, queue) = Journal::with_queue(&settings, Arc::clone(&metrics));
        for random in 0..5 {
            let decision = DecisionId::new(Timestamp::default(), random);
            let answer = Answer { decision, endpoint: "e".into(), at: decision.at(), sent: true, status: Some(200) };
            journal.record(Record::Answer(answer));
        }
        assert_eq!(queue.try_iter().count(), 2, "the first ones are kept");
        let revision = RevisionId { number: 1, hash: 0 };
        let text = metrics.render(&Snapshot {
            tables: Vec::new(),
            open_sends: 0,
            evidence: EvidenceStats::default(),
            drift: Vec::new(),
            revision,
        });
        assert!(text.contains("\nsendwall_journal_dropped_total 3\n"), "{text}");
    }
}
