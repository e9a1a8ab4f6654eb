//! `rules test`: the cases beside rules.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{FOUND_SOMETHING, output};
use crate::config::{self, Tested};

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
    /// The configuration that the rules are for: they may ask for its lists, limits and endpoints, by its
    /// `rules_zone` [default: for their own lists, any limit and any endpoint]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the problems as a JSON array
    #[arg(long)]
    json: bool,
}

/// Status 1 where a case fails or a rule can't be read; a rule without a case leaves 0.
pub(super) fn rules(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    let RulesCommand::Test(args) = &args.command;
    let config = args.config.as_deref().map(config::load).transpose()?;
    let directory = (!args.packs).then_some(args.directory.as_path());
    let tested = config::test_directory(directory, config.as_ref())?;
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
