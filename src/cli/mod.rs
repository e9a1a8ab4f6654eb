//! The command line: what each command takes, and its exit status.
//!
//! Errors go to standard error, results to standard output. Status 0: done; 1: it ran and found something wrong; 2: it
//! could not run.
//!
//! Must not know: how anything works that a command starts.

mod alerts;
mod check;
mod evidence;
mod explain;
mod fetch;
mod incident;
mod list;
mod output;
mod replay;
mod request;
mod ruled;
mod rules;
mod run;
mod simulate;
mod train;

pub use request::{RawRequest, RequestError};

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit status of a command that ran and found something wrong.
pub const FOUND_SOMETHING: u8 = 1;
/// Exit status of a command that could not run.
pub const COULD_NOT_RUN: u8 = 2;

/// A firewall for the endpoint that sends codes by SMS.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the proxy in front of your app
    Run(run::RunArgs),
    /// Runs the proxy, a small app behind it and traffic: something to see in one command
    Demo(run::DemoArgs),
    /// Finds every problem of a configuration at once
    Check(check::CheckArgs),
    /// Shows why a request would be, or was, let through or refused
    Explain(explain::ExplainArgs),
    /// Runs recorded or generated traffic through the engine on a virtual clock, and scores what it did
    Replay(replay::ReplayArgs),
    /// Shows what happened, and writes evidence of it
    #[command(subcommand)]
    Incident(incident::IncidentCommand),
    /// Tries rules before they go live
    Rules(rules::RulesArgs),
    /// Trains the model of what abuse looks like, on traces or on your own decision log
    Train(train::TrainArgs),
    /// Writes a trace of people and attackers
    Simulate(simulate::SimulateArgs),
    /// Shows and changes who is refused and who passes, on a running sendwall
    #[command(subcommand)]
    List(list::ListCommand),
    /// Tries the channels that alerts go to
    #[command(subcommand)]
    Alerts(alerts::AlertsCommand),
}

/// Runs the command.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Demo(args) => run::demo(&args),
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Incident(command) => incident::incident(&command),
        Command::Rules(args) => rules::rules(&args),
        Command::Train(args) => train::train(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::List(command) => list::list(&command),
        Command::Alerts(command) => alerts::alerts(&command),
    }
}
