//! When the snapshot is read and written.

use std::sync::Arc;

use super::engine::Engine;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Span;
use crate::pack::Section;
use crate::privacy::{KeyRing, Purpose};
use crate::state::{Settings, Snapshots};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// How long a stopping process waits for its last snapshot.
const LAST_WITHIN: Span = Span::seconds(20);

/// The snapshot of a running sendwall.
#[derive(Clone, Debug)]
pub(super) struct Saving {
    settings: Settings,
    snapshots: Arc<Snapshots>,
}

impl Saving {
    /// Fills the sections with what is on disk; `None` where no snapshot is configured.
    pub(super) fn restored(
        config: &Config,
        keys: &KeyRing,
        sections: &[&dyn Section],
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Option<Self> {
        let settings = config.snapshot.clone()?;
        let key = keys.derive(Purpose::Snapshot);
        let snapshots = Snapshots::new(settings.clone(), &key, Arc::clone(clock), Arc::clone(metrics));
        snapshots.restore(sections);
        Some(Self { settings, snapshots: Arc::new(snapshots) })
    }

    /// Writes what has changed, until the process is to stop.
    pub(super) fn every_interval(&self, tasks: &Tasks, engine: Arc<Engine>) {
        let (saving, stop, blocking) = (self.clone(), tasks.stopping(), tasks.clone());
        tasks.spawn("snapshot", async move {
            let mut wait = saving.settings.interval;
            while stop.run_until_cancelled(tokio::time::sleep(wait.to_duration())).await.is_some() {
                wait = saving.save(&blocking, &engine).await;
            }
        });
    }

    /// Writes what has changed, now and at each interval, for ever: while a stopping process lets requests finish. Whoever
    /// is out of patience kills it then.
    pub(super) async fn while_draining(&self, tasks: &Tasks, engine: &Arc<Engine>) -> ! {
        loop {
            let wait = self.save(tasks, engine).await;
            tokio::time::sleep(wait.to_duration()).await;
        }
    }

    /// Writes what has changed once more, when nothing changes any more. False where that takes too long.
    pub(super) async fn last(&self, tasks: &Tasks, engine: Arc<Engine>) -> bool {
        tokio::time::timeout(LAST_WITHIN.to_duration(), self.save(tasks, &engine)).await.is_ok()
    }

    /// Gives how long to wait for the next time.
    async fn save(&self, tasks: &Tasks, engine: &Arc<Engine>) -> Span {
        let (snapshots, engine, stop) = (Arc::clone(&self.snapshots), Arc::clone(engine), tasks.stopping());
        let saved = tasks.run_blocking(move || snapshots.save(&engine.kept(), &stop)).await;
        saved.unwrap_or(self.settings.interval)
    }
}
