//! The lists that people fill by hand: opened at the start, looked after while it runs.

use std::sync::Arc;

use super::Error;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::Span;
use crate::lists::Names;
use crate::privacy::KeyRing;
use crate::state::lists::Lists;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;

/// How often it is looked at what has ended. An entry stops to hold at its end in any case.
const TEND_EVERY: Span = Span::seconds(5);

pub(super) fn open(
    config: &Config,
    keys: &KeyRing,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Arc<Lists>, Error> {
    let lists = Lists::open(config.state.as_deref(), Names::new(keys), Arc::clone(clock), Arc::clone(metrics))?;
    Ok(Arc::new(lists))
}

/// Takes out what has ended, until the process is to stop.
pub(super) fn tend(tasks: &Tasks, lists: Arc<Lists>) {
    let (stop, blocking) = (tasks.stopping(), tasks.clone());
    tasks.spawn("lists", async move {
        while stop.run_until_cancelled(tokio::time::sleep(TEND_EVERY.to_duration())).await.is_some() {
            let lists = Arc::clone(&lists);
            blocking.run_blocking(move || lists.tend()).await;
        }
    });
}
