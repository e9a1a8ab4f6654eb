//! `check`: every problem of a configuration, or what it does.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{COULD_NOT_RUN, FOUND_SOMETHING, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{self, Config, LoadError, Problem};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The configuration file
    #[arg(value_name = "FILE", required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The same, as the other commands are told it
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Prints the problems as a JSON array
    #[arg(long)]
    json: bool,
}

/// Problems that are printed for people: a file that is no configuration has one on each line.
const SHOWN: usize = 50;

/// Status 1 where the configuration can't be used as it is; warnings alone leave 0.
pub(super) fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let file = args.file.as_ref().or(args.config.as_ref()).context("name the configuration file")?;
    let loaded = match config::load(file) {
        Ok(mut config) => {
            config.warn_of_expired(SystemClock::start().now());
            config.complete().map_err(|problems| (problems, "names what can't be read, and would run without it"))
        }
        Err(LoadError::Faulty(faulty)) => Err((faulty.problems, "can't be used")),
        Err(unreadable @ LoadError::Unreadable { .. }) if args.json => {
            let file = file.display().to_string();
            output::result(serde_json::to_string_pretty(&[Problem::of_file(file, unreadable.to_string())])?)?;
            return Ok(ExitCode::from(COULD_NOT_RUN));
        }
        Err(unreadable @ LoadError::Unreadable { .. }) => return Err(unreadable.into()),
    };
    let problems = match &loaded {
        Ok(config) => &config.warnings,
        Err((problems, _)) => problems,
    };
    if args.json {
        output::result(serde_json::to_string_pretty(problems)?)?;
    } else {
        output::result(report(&file.display().to_string(), loaded.as_ref().map_err(|(_, said)| *said), problems))?;
    }
    Ok(if loaded.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(FOUND_SOMETHING) })
}

fn report(file: &str, config: Result<&Config, &str>, problems: &[Problem]) -> String {
    let mut report = String::new();
    for problem in problems.iter().take(SHOWN) {
        _ = writeln!(report, "{problem}\n");
    }
    if let Some(more @ 1..) = problems.len().checked_sub(SHOWN) {
        _ = writeln!(report, "and {more} more; --json prints all\n");
    }
    let counts = config::counted(problems);
    match config {
        Err(said) => _ = write!(report, "{file} {said}: {counts}"),
        Ok(config) if counts.is_empty() => _ = write!(report, "{file} is good\n\n{}", config.summary()),
        Ok(config) => _ = write!(report, "{file} can be used: {counts}\n\n{}", config.summary()),
    }
    report
}
