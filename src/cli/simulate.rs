//! `sendwall simulate`: writes a trace of people and attackers.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::output;
use crate::simulate::{self, Options, Scenario};
use crate::trace;

/// Lines between two notes of progress.
const NOTE_EVERY: u64 = 50_000;

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// What happens; `--list` shows what there is
    #[arg(required_unless_present = "list")]
    scenario: Option<String>,
    /// Shows the scenarios
    #[arg(long)]
    list: bool,
    /// Same seed, same trace
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Length in days; as long as the scenario needs where it is left out
    #[arg(long)]
    days: Option<f64>,
    /// Messages a minute of the ordinary day, on average
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Name of the endpoint in the configuration
    #[arg(long, default_value = "login")]
    endpoint: String,
    /// Writes the trace to this file, not to standard output
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Runs it.
pub(super) fn simulate(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    if args.list {
        for scenario in simulate::scenarios() {
            output::result(format_args!("{:16} {}", scenario.name, scenario.about));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let scenario = find(args.scenario.as_deref().unwrap_or_default())?;
    let options = Options {
        seed: args.seed,
        days: args.days,
        rate: args.rate,
        endpoint: args.endpoint.clone(),
        ..Options::default()
    };
    match &args.out {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            write(scenario, &options, file).with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => match write(scenario, &options, io::stdout().lock()) {
            // A reader that is gone has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.context("cannot write to standard output")?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> anyhow::Result<&'static Scenario> {
    let Some(scenario) = simulate::scenario(name) else {
        bail!("there is no scenario {name:?}; `sendwall simulate --list` shows what there is");
    };
    Ok(scenario)
}

fn write(scenario: &'static Scenario, options: &Options, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 16, to);
    let watched = io::stderr().is_terminal();
    for (count, event) in (1..).zip(simulate::simulate(scenario, options)) {
        trace::write(&event, &mut to)?;
        if watched && count % NOTE_EVERY == 0 {
            output::note(format_args!("{count} lines"));
        }
    }
    to.flush()
}
