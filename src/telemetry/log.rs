//! Sets up the process log on standard error.

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::{Format, Level, Settings};

/// Why the log can't be set up.
#[derive(Debug, thiserror::Error)]
#[error("the log is set up already, by another part of this process: {0}")]
pub struct Error(#[from] TryInitError);

/// Sends this process's log lines to standard error. To be called once.
pub fn install(settings: Settings) -> Result<(), Error> {
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = match settings.format {
        Format::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        Format::Json => layer.json().flatten_event(true).boxed(),
    };
    Ok(tracing_subscriber::registry().with(layer.with_filter(filter(settings.level))).try_init()?)
}

/// Other crates' lines are kept from `warn` on only, whatever the level: at `debug` the HTTP libraries write paths and
/// headers, and a phone number may stand in them.
fn filter(level: Level) -> Targets {
    let ours = match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(ours.min(LevelFilter::WARN)).with_target("sendwall", ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_crates_never_log_below_warn() {
        let filter = filter(Level::Trace);
        assert!(filter.would_enable("sendwall::http", &tracing::Level::TRACE));
        assert!(filter.would_enable("hyper", &tracing::Level::WARN));
        for library in ["hyper", "h2", "rustls", "tokio"] {
            assert!(!filter.would_enable(library, &tracing::Level::INFO), "{library} may write headers");
        }
        let filter = super::filter(Level::Error);
        assert!(!filter.would_enable("hyper", &tracing::Level::WARN));
        assert!(!filter.would_enable("sendwall", &tracing::Level::WARN));
    }
}
