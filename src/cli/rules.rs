//! `rules test`: the cases beside rules.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{FOUND_SOMETHING, output};
use crate::config::{self, Faulty, LoadError, Problem, Tested};

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
    /// The directory of rules, or of directories with rules [default: rules, beside the configuration where one is
    /// named]
    #[arg(value_name = "DIR", conflicts_with = "packs")]
    directory: Option<PathBuf>,
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

/// Status 1 where a case fails, or a rule or the configuration has a fault; a rule without a case leaves 0.
pub(super) fn rules(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    let RulesCommand::Test(args) = &args.command;
    let config = match &args.config {
        None => None,
        Some(file) => match config::load_untried(file) {
            Err(LoadError::Faulty(Faulty { problems, .. })) => {
                let counted = config::counted(&problems);
                let end = format!("no case was tried: {} can't be used: {counted}", file.display());
                return report(&problems, &end, args.json);
            }
            loaded => Some(loaded?),
        },
    };
    let directory = (!args.packs).then(|| args.directory());
    let tested = config::test_directory(directory.as_deref(), config.as_ref())?;
    if let (Some(directory), 0, 0, true) = (&directory, tested.rules, tested.cases, tested.problems.is_empty()) {
        bail!("there is no rule and no case in {}", directory.display());
    }
    report(&tested.problems, &summary(&tested), args.json)
}

impl TestArgs {
    /// Paths in a configuration are from its directory on, and so is what is tested with it.
    fn directory(&self) -> PathBuf {
        let beside = || self.config.as_ref().map_or_else(|| "rules".into(), |config| config.with_file_name("rules"));
        self.directory.clone().unwrap_or_else(beside)
    }
}

fn report(problems: &[Problem], end: &str, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        output::result(serde_json::to_string_pretty(problems)?)?;
    } else {
        let told = problems.iter().map(ToString::to_string).chain([end.to_owned()]);
        output::result(told.collect::<Vec<_>>().join("\n\n"))?;
    }
    let is_faulty = problems.iter().any(Problem::is_error);
    Ok(if is_faulty { ExitCode::from(FOUND_SOMETHING) } else { ExitCode::SUCCESS })
}

fn summary(tested: &Tested) -> String {
    let Tested { rules, covered, cases, tried, failed, .. } = tested;
    let untried = cases - tried;
    let said = match (untried, failed) {
        (0, 0) if *cases == 0 => "no case was tried".to_owned(),
        (0, 0) => format!("{cases} cases: all as they should be"),
        (0, _) => format!("{cases} cases: {failed} failed"),
        _ if *tried == 0 => format!("{cases} cases: not tried, because of the errors above"),
        _ => format!("{cases} cases: {failed} failed, {untried} not tried, because of the errors above"),
    };
    format!("{said}; {covered} of {rules} rules spoke in one")
}
