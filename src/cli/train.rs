//! `train`: traces or decision logs to a model and its card.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Cursor, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{output, replay};
use crate::config::Config;
use crate::decide::Prior;
use crate::domain::Mode;
use crate::random::Random;
use crate::replay::{Example, OutputFile, gather};
use crate::simulate;
use crate::trace::{self, Label, Lines};
use crate::train::{self, Options, Sample, Step, Trained, Verdict};

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// Traces, or decision logs (files or a directory of them)
    #[arg(value_name = "TRACE", required_unless_present = "simulate")]
    traces: Vec<PathBuf>,
    /// The configuration file; a log needs the one that it was written with
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Writes the model here, and its card beside it: .md, .json and .svg
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// What is known better: lines of an id (of a decision, or of a trace's line), a comma, and attack or legit, perhaps
    /// under a head `id,label`
    #[arg(long, value_name = "CSV")]
    labels: Option<PathBuf>,
    /// Goes by what became of attempts alone, also where a trace says what they really were
    #[arg(long)]
    without_labels: bool,
    /// Trains on every scenario of `simulate`, with this many seeds of each
    #[arg(long, value_name = "SEEDS", conflicts_with = "traces")]
    simulate: Option<u64>,
    /// Attempts that are kept at most; each takes about 1 kB while it trains
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=2_000_000))]
    rows: u32,
    /// The same attempts and the same seed give the same bytes
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Also measures each class of abuse by a model that never saw it
    #[arg(long)]
    leave_out: bool,
    /// Prints the card as JSON
    #[arg(long)]
    json: bool,
}

/// Trains, writes model and card, and prints what it is worth.
pub(super) fn train(args: &TrainArgs) -> anyhow::Result<ExitCode> {
    let files = args.files()?;
    let mut config = replay::loaded(&args.config)?;
    // What is trained must not learn from what the model before it let through.
    config.prior = Prior::Weights;
    let mut labels = args.labels.as_deref().map(labels).transpose()?.unwrap_or_default();
    let mut sample = Sample::new(args.rows as usize, args.seed);
    match args.simulate {
        Some(seeds) => simulated(seeds, &mut config, &mut |example| args.add(&mut sample, &mut labels, &example))?,
        None => {
            for trace in &args.traces {
                through(&mut config, || replay::lines(trace), |_| true, &mut |example| {
                    args.add(&mut sample, &mut labels, &example);
                })?;
            }
        }
    }
    if let Some(file) = &args.labels {
        told_of_labels(file, &labels)?;
    }
    let options = Options { seed: args.seed, is_simulated: args.simulate.is_some(), leave_out: args.leave_out };
    let trained = train::train(&sample, options, &mut |step| match step {
        Step::Learning(kind) => note(format_args!("{kind} learns")),
        Step::LeavingOut(class) => note(format_args!("one that never saw {class} learns")),
    })?;
    args.write(&trained, files)?;
    output::result(if args.json { trained.card.to_json() } else { args.summary(&trained) })?;
    Ok(ExitCode::SUCCESS)
}

/// A label that somebody gave an attempt.
struct Given {
    label: Label,
    /// Whether there is such an attempt.
    is_met: bool,
}

impl TrainArgs {
    /// The card's files get the model's name, so that name can't end like one of them.
    fn check_out(&self) -> anyhow::Result<()> {
        let extension = self.out.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if ["md", "json", "svg"].iter().any(|of_card| extension.eq_ignore_ascii_case(of_card)) {
            let (out, model) = (self.out.display(), self.out.with_extension("model"));
            bail!("--out {out}: the model's card goes there; give the model another name, such as {}", model.display());
        }
        Ok(())
    }

    fn add(&self, sample: &mut Sample, labels: &mut HashMap<String, Given>, example: &Example) {
        let truth = example.truth.filter(|_| !self.without_labels);
        let given = labels.get_mut(&*example.id).map(|given| {
            given.is_met = true;
            given.label
        });
        let known = given.or(truth).map(Verdict::known);
        sample.add(example, known.or_else(|| Verdict::of_outcome(example)));
    }

    /// The model's file and those of its card, before the work of minutes is done for them.
    fn files(&self) -> anyhow::Result<[OutputFile; 4]> {
        self.check_out()?;
        let create = |extension| OutputFile::create(&self.out.with_extension(extension));
        Ok([OutputFile::create(&self.out)?, create("md")?, create("json")?, create("svg")?])
    }

    fn write(&self, trained: &Trained, files: [OutputFile; 4]) -> anyhow::Result<()> {
        let picture = self.out.with_extension("svg");
        let name = picture.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let card = &trained.card;
        let texts = [trained.artifact.to_text(), card.to_markdown(&name), card.to_json(), card.to_svg()];
        for (mut file, text) in files.into_iter().zip(texts) {
            file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", self.out.display()))?;
            file.keep()?;
        }
        Ok(())
    }

    fn summary(&self, trained: &Trained) -> String {
        let (card, measures) = (&trained.card, &trained.card.measures);
        let percent = |part: f64| format!("{:.2} %", part * 100.0);
        format!(
            "{}: {}, from {} real and {} abusive attempts\n\
             of two passes, one that forwards all and one that refuses what the engine can\n\
             on attempts that it did not learn from: AUC {:.4}, finds {} of abuse where 0.1 % of real users exceed the score\n\
             its look alone asks {} of real users for a proof (plain weights: {})\n\
             the card is {}",
            self.out.display(),
            card.kind,
            card.data.real,
            card.data.abuse,
            measures.auc,
            percent(measures.recall_at_0_1_percent),
            percent(card.asked_real),
            percent(card.plain_real),
            self.out.with_extension("md").display(),
        )
    }
}

/// Twice: as it goes where everything is forwarded, and where the engine refuses what it can. A model meets both.
fn through(
    config: &mut Config,
    lines: impl Fn() -> anyhow::Result<Lines>,
    mut wanted: impl FnMut(Option<Label>) -> bool,
    take: &mut dyn FnMut(Example),
) -> anyhow::Result<()> {
    for mode in [Mode::Monitor, Mode::Enforce] {
        config.endpoints.iter_mut().for_each(|endpoint| endpoint.policy.mode = mode);
        let gathered = gather(lines()?, replay::engine(config)?, &mut wanted, take)?;
        note(format_args!("{} attempts in {} lines ({})", gathered.attempts, gathered.lines, mode.name()));
    }
    Ok(())
}

/// One in so many of the people is looked at: there are far more of them than are kept.
const ENOUGH_PEOPLE: u64 = 8;

fn simulated(seeds: u64, config: &mut Config, take: &mut dyn FnMut(Example)) -> anyhow::Result<()> {
    for seed in 1..=seeds {
        for scenario in simulate::scenarios().iter().filter(|scenario| scenario.teaches()) {
            note(format_args!("{} {seed}", scenario.name));
            let mut text = Vec::new();
            for event in simulate::simulate(scenario, &simulate::Options { seed, ..simulate::Options::default() })? {
                trace::write(&event, &mut text)?;
            }
            let text: Arc<[u8]> = text.into();
            let lines = || Ok(Lines::over(scenario.name, Cursor::new(Arc::clone(&text))));
            let mut random = Random::of(&[seed, 3]);
            let wanted = |truth| truth != Some(Label::Legit) || random.below(ENOUGH_PEOPLE) == 0;
            through(config, lines, wanted, take)?;
        }
    }
    Ok(())
}

/// Labels that name no attempt are told: a model without them looks as good.
fn told_of_labels(file: &Path, labels: &HashMap<String, Given>) -> anyhow::Result<()> {
    let met = labels.values().filter(|given| given.is_met).count();
    if met == 0 {
        bail!(
            "{}: none of {} labels met an attempt; an id is that of a decision, or of a trace's line",
            file.display(),
            labels.len()
        );
    }
    output::note(format_args!("{met} of {} labels met an attempt", labels.len()));
    Ok(())
}

fn labels(file: &Path) -> anyhow::Result<HashMap<String, Given>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read the labels {}", file.display()))?;
    let mut labels = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((id, label)) = line.trim().split_once(',') else {
            if line.trim().is_empty() {
                continue;
            }
            bail!("{}:{number}: write an id, a comma, and attack or legit", file.display());
        };
        let label = match label.trim() {
            "attack" => Label::Attack,
            "legit" => Label::Legit,
            // The head of a table.
            head if number == 1 && head.eq_ignore_ascii_case("label") => continue,
            other => bail!("{}:{number}: {other:?} is neither attack nor legit", file.display()),
        };
        labels.insert(id.trim().to_owned(), Given { label, is_met: false });
    }
    Ok(labels)
}

fn note(text: std::fmt::Arguments<'_>) {
    if io::stderr().is_terminal() {
        output::note(text);
    }
}
