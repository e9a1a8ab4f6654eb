//! `run`: the runtime, signals, and a graceful end.

use std::path::PathBuf;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::{Error, descriptors, start};
use crate::admin::Cause;
use crate::config::Config;
use crate::telemetry::events::Draining;

/// Serves until SIGTERM or SIGINT, then finishes what is under way; a second one cuts that short. SIGHUP reloads `file`.
pub fn run(config: Config, file: Option<PathBuf>) -> Result<(), Error> {
    descriptors::take_all(&config);
    let mut runtime = Builder::new_multi_thread();
    if let Some(workers) = config.workers {
        runtime.worker_threads(workers.get());
    }
    let runtime = runtime.enable_all().build().map_err(Error::Runtime)?;
    let served = runtime.block_on(serve(config, file));
    // All that is waited for was waited for. A read that hangs on a disk may hang for ever.
    runtime.shutdown_background();
    served
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
            _ = hangup.recv() => running.reload_aside(Cause::Signal),
        }
    }
    Draining { deadline }.emit();
    let again = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    running.stop(again).await;
    Ok(())
}
