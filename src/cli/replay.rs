//! `replay`: a trace through the real engine, scored.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::output;
use crate::app;
use crate::clock::{Clock, ManualClock};
use crate::config::{self, Config};
use crate::domain::{Mode, Timestamp};
use crate::journal::Journal;
use crate::replay::{self, Decisions, Engine, Options, OutputFile};
use crate::telemetry::Metrics;
use crate::trace::Lines;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The trace, JSON lines in the order of time; - reads standard input
    #[arg(value_name = "TRACE")]
    trace: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Writes what was decided, one JSON line a request for a code
    #[arg(long, value_name = "OUT")]
    decisions: Option<PathBuf>,
    /// Writes the measures as JSON
    #[arg(long, value_name = "OUT")]
    report: Option<PathBuf>,
    /// Takes modes as they are configured instead of enforcing everything
    #[arg(long)]
    as_configured: bool,
    /// Tells the engine nothing of deliveries and failures
    #[arg(long)]
    no_delivery_feed: bool,
}

/// Prints the table.
pub(super) fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let config = config(&args.config, args.as_configured)?;
    let options = Options {
        as_configured: args.as_configured,
        delivery_feed: !args.no_delivery_feed,
        currency: config.currency.clone(),
    };
    let lines = Lines::open(&args.trace)?;
    let mut decisions = args.decisions.as_deref().map(OutputFile::create).transpose()?.map(Decisions::new);
    let report_file = args.report.as_deref().map(OutputFile::create).transpose()?;
    let report = replay::replay(lines, engine(&config)?, &options, decisions.as_mut())?;
    if let Some(decisions) = decisions {
        decisions.keep()?;
    }
    if let Some(mut file) = report_file {
        writeln!(file, "{}", serde_json::to_string_pretty(&report)?)?;
        file.keep()?;
    }
    output::result(replay::table(&report).trim_end());
    Ok(ExitCode::SUCCESS)
}

fn config(file: &Path, as_configured: bool) -> anyhow::Result<Config> {
    let mut config = config::load(file)?;
    if !as_configured {
        config.endpoints.iter_mut().for_each(|endpoint| endpoint.policy.mode = Mode::Enforce);
    }
    Ok(config)
}

fn engine(config: &Config) -> anyhow::Result<Engine> {
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), Arc::clone(&shared)));
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    Ok(Engine { gate: Arc::new(app::offline(config, &shared, &metrics, &journal)?), clock })
}
