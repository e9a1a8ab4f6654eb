//! The binary: arguments, run, the chain of an error, the exit status.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use sendwall::cli;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(status) => status,
        Err(error) => {
            // There is nobody left to tell when standard error is gone.
            writeln!(io::stderr(), "error: {}", chain(&error)).unwrap_or_default();
            ExitCode::from(cli::COULD_NOT_RUN)
        }
    }
}

/// The error with its causes, each said once: many messages hold their cause already.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}
