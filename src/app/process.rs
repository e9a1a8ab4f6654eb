//! `run`: the runtime, signals, and a graceful end.

use std::path::PathBuf;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, start};
use crate::admin::Cause;
use crate::config::Config;
use crate::telemetry::events::Draining;

/// Serves until SIGTERM or SIGINT, then finishes what is under way. SIGHUP reloads `file`.
pub fn run(config: Config, file: Option<PathBuf>) -> Result<(), Error> {
    let mut runtime = Builder::new_multi_thread();
    if let Some(workers) = config.workers {
        runtime.worker_threads(workers.get());
    }
    runtime.enable_all().build().map_err(Error::Runtime)?.block_on(serve(config, file))
}

async fn serve(config: Config, file: Option<PathBuf>) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Runtime)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(Error::Runtime)?;
    let deadline = config.http.timeouts.drain;
    let running = start(config, file).await?;
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => {
                // What came of it is an event of its own.
                let _told = tokio::task::block_in_place(|| running.reload(&Cause::Signal));
            }
        }
    }
    Draining { deadline }.emit();
    running.stop().await;
    Ok(())
}
