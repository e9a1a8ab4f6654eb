//! The binary: arguments, run, an error with its causes, the exit status.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use sendwall::cli;
use sendwall::net::with_causes;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(status) => status,
        Err(error) => {
            // There is nobody left to tell when standard error is gone.
            writeln!(io::stderr(), "error: {}", with_causes(error.as_ref())).unwrap_or_default();
            ExitCode::from(cli::COULD_NOT_RUN)
        }
    }
}
