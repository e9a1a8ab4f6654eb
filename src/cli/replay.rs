//! `replay`: a trace through the real engine, scored.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use clap::Args;

use super::output;
use crate::app;
use crate::clock::{Clock, ManualClock, Stopwatch};
use crate::config::{self, Config};
use crate::domain::{Mode, Timestamp};
use crate::journal::{Journal, reader};
use crate::replay::{Decisions, Engine, Options, OutputFile, Replay, Report};
use crate::telemetry::Metrics;
use crate::trace::Lines;

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Traces, or decision logs (files or a directory of them); - reads standard input. Each of several meets a new engine
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Compares with what this configuration does
    #[arg(long, value_name = "FILE2")]
    against: Option<PathBuf>,
    /// Writes what was decided, one JSON line a request for a code
    #[arg(long, value_name = "OUT")]
    decisions: Option<PathBuf>,
    /// Writes the measures as JSON
    #[arg(long, value_name = "OUT")]
    report: Option<PathBuf>,
    /// Writes a page for people: what happened when, and why
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Takes modes as they are configured instead of enforcing everything
    #[arg(long)]
    as_configured: bool,
    /// Tells the engine nothing of deliveries and failures
    #[arg(long)]
    no_delivery_feed: bool,
}

/// Prints the table.
pub(super) fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let now = config(&args.config, args.as_configured)?;
    let before = args.against.as_deref().map(|file| config(file, args.as_configured)).transpose()?;
    let options = Options {
        as_configured: args.as_configured,
        delivery_feed: !args.no_delivery_feed,
        currency: now.currency.clone(),
        timeline: args.html.is_some(),
    };
    args.check_outputs()?;
    let create = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::create).transpose();
    let mut decisions = create(&args.decisions)?.map(Decisions::new);
    let (report_file, page_file) = (create(&args.report)?, create(&args.html)?);

    let progress = Progress::start();
    let mut told = |lines| progress.tell(lines);
    let mut replay = Replay::new(&options, decisions.as_mut(), &mut told);
    for trace in &args.traces {
        replay.run(lines(trace)?, engine(&now)?, before.as_ref().map(engine).transpose()?)?;
    }
    let (lines, report) = (replay.lines(), Report::new(replay));
    progress.end(lines);
    if let Some(decisions) = decisions {
        decisions.keep()?;
    }
    for (file, text) in [(report_file, Report::to_json as fn(&Report) -> String), (page_file, Report::to_page)] {
        if let Some(mut file) = file {
            file.put(&text(&report))?;
            file.keep()?;
        }
    }
    output::result(report.to_table())?;
    Ok(ExitCode::SUCCESS)
}

impl ReplayArgs {
    /// Two results in one file would be the last of them alone, and one in the place of what it is made of the end of that.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let place = |path: &Path| path.canonicalize().or_else(|_| absolute(path)).unwrap_or_else(|_| path.to_owned());
        let outputs = [("--decisions", &self.decisions), ("--report", &self.report), ("--html", &self.html)];
        let inputs = self.traces.iter().map(|trace| ("TRACE", trace));
        let inputs =
            inputs.chain([("--config", &self.config)]).chain(self.against.iter().map(|file| ("--against", file)));
        let mut seen: Vec<_> = inputs.map(|(flag, path)| (flag, place(path))).collect();
        for (flag, path) in outputs.into_iter().filter_map(|(flag, path)| Some((flag, path.as_deref()?))) {
            let place = place(path);
            let is_file = !path.metadata().is_ok_and(|found| !found.is_file());
            if let Some((other, _)) = seen.iter().find(|(_, known)| is_file && *known == place) {
                bail!("{other} and {flag} both name {}; give each a file of its own", path.display());
            }
            seen.push((flag, place));
        }
        Ok(())
    }
}

/// A file's lines, standard input's, or those of a directory of decision logs.
pub(super) fn lines(path: &Path) -> anyhow::Result<Lines> {
    if !path.is_dir() {
        return Ok(Lines::open(path)?);
    }
    let files = reader::files_of(path)?;
    if files.is_empty() {
        let below = path.join("decisions");
        if reader::files_of(&below).is_ok_and(|files| !files.is_empty()) {
            bail!("there is no decision log in {}; it is in {}", path.display(), below.display());
        }
        bail!("there is no decision log in {}: its files are decisions-TIME-N.jsonl", path.display());
    }
    Ok(Lines::open_all(files))
}

/// Tells somebody who watches how far it is.
struct Progress {
    watch: Stopwatch,
    watched: bool,
}

impl Progress {
    fn start() -> Self {
        Self { watch: Stopwatch::start(), watched: io::stderr().is_terminal() }
    }

    fn tell(&self, lines: u64) {
        if self.watched {
            output::passing(format_args!("{lines} lines"));
        }
    }

    fn end(&self, lines: u64) {
        if self.watched {
            output::note(format_args!("{lines} lines in {:.1} s", self.watch.elapsed().as_secs_f64()));
        }
    }
}

/// What a process would do without is done without here too, and told: a trace brings places of its own.
pub(super) fn loaded(file: &Path) -> anyhow::Result<Config> {
    let config = config::load(file)?;
    for lack in config.warnings.iter().filter(|problem| problem.severity == config::Severity::Lack) {
        output::note(lack);
    }
    Ok(config)
}

fn config(file: &Path, as_configured: bool) -> anyhow::Result<Config> {
    let mut config = loaded(file)?;
    if !as_configured {
        config.endpoints.iter_mut().for_each(|endpoint| endpoint.policy.mode = Mode::Enforce);
    }
    Ok(config)
}

pub(super) fn engine(config: &Config) -> anyhow::Result<Engine> {
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), Arc::clone(&shared)));
    let journal = Arc::new(Journal::silent(Arc::clone(&metrics)));
    Ok(Engine {
        gate: Arc::new(app::offline(config, &shared, &metrics, &journal)?),
        clock,
        alerts: config.alerts.clone(),
    })
}
