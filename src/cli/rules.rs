//! `rules test`: the cases beside rules.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::{FOUND_SOMETHING, output};
use crate::config::{self, Tested};
use crate::limits::On;

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Runs the cases that stand beside the rules (cases.toml: facts in, rules and verdict out)
    Test(TestArgs),
}

#[derive(Debug, Args)]
struct TestArgs {
    /// The directory of rules, or of directories with rules
    #[arg(value_name = "DIR", default_value = "rules", conflicts_with = "packs")]
    directory: PathBuf,
    /// Runs the cases of the packs that come with sendwall instead
    #[arg(long)]
    packs: bool,
    /// A configuration: rules may ask for the counts of its limits only [default: any name is a limit's]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the problems as a JSON array
    #[arg(long)]
    json: bool,
}

/// Status 1 where a case fails or a rule can't be read; a rule without a case leaves 0.
pub(super) fn rules(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    let RulesCommand::Test(args) = &args.command;
    let limits = match &args.config {
        Some(file) => {
            let limits = config::load(file)?.limits.limits;
            let on_sends = limits.into_iter().filter(|limit| limit.on == On::Send);
            Some(on_sends.map(|limit| Arc::clone(&limit.name)).collect::<Vec<_>>())
        }
        None => None,
    };
    let directory = (!args.packs).then_some(args.directory.as_path());
    let tested = config::test_directory(directory, limits.as_deref())?;
    if args.json {
        output::result(serde_json::to_string_pretty(&tested.problems)?);
    } else {
        output::result(report(&tested));
    }
    let faulty = tested.problems.iter().any(config::Problem::is_error);
    Ok(if faulty { ExitCode::from(FOUND_SOMETHING) } else { ExitCode::SUCCESS })
}

fn report(tested: &Tested) -> String {
    let mut lines: Vec<_> = tested.problems.iter().map(|problem| format!("{problem}\n")).collect();
    let Tested { rules, covered, cases, failed, .. } = tested;
    let failed = if *failed == 0 { "all as they should be".to_owned() } else { format!("{failed} failed") };
    lines.push(format!("{cases} cases: {failed}; {covered} of {rules} rules spoke in one"));
    lines.join("\n")
}
