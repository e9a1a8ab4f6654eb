//! `sendwall simulate`: writes a trace of people and attackers, or sends it to a proxy on this machine.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use super::{FOUND_SOMETHING, output};
use crate::domain::Timestamp;
use crate::drive::{self, Target};
use crate::privacy::Secret;
use crate::simulate::{self, Options, SEND_PATH, Scenario};
use crate::trace;
use crate::trace::Event;

/// Lines between two notes of progress.
const NOTE_EVERY: u64 = 20_000;

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// What happens; --list shows what there is
    #[arg(required_unless_present = "list")]
    scenario: Option<String>,
    /// Shows the scenarios
    #[arg(long)]
    list: bool,
    /// Same seed, same trace
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Length in days [default: as long as the scenario needs]
    #[arg(long, value_name = "DAYS")]
    days: Option<f64>,
    /// Messages a minute of the ordinary day, on average
    #[arg(long, value_name = "N", default_value_t = 10.0)]
    rate: f64,
    /// Time at which it begins [default: 2026-11-02T00:00:00Z, a Monday]
    #[arg(long, value_name = "TIME", value_parser = time)]
    start: Option<Timestamp>,
    /// Name of the endpoint in the configuration
    #[arg(long, value_name = "NAME", default_value = "login")]
    endpoint: String,
    /// Writes the trace to this file, not to standard output (which is -)
    #[arg(long, value_name = "FILE", conflicts_with = "http")]
    out: Option<PathBuf>,
    /// Sends the requests to this proxy on this machine, such as <http://127.0.0.1:8080>. Codes are asked for at POST
    /// /api/login/send-code, which has to be a protected endpoint there
    #[arg(long, value_name = "URL")]
    http: Option<Target>,
    #[command(flatten)]
    sending: Sending,
}

#[derive(Debug, Args)]
struct Sending {
    /// How many times faster than the trace
    #[arg(long, value_name = "X", default_value_t = 60.0, requires = "http")]
    speed: f64,
    /// The proxy's admin address, to be told what becomes of the codes
    #[arg(long, value_name = "URL", requires = "http")]
    admin: Option<Target>,
    /// A file with the token of the admin address
    #[arg(long, value_name = "FILE", requires = "admin")]
    token_file: Option<PathBuf>,
    /// The cookie that identifies a client
    #[arg(long, value_name = "NAME", default_value = "sid", requires = "http")]
    cookie: String,
    /// The header with an app's device id
    #[arg(long, value_name = "NAME", default_value = "x-device-id", requires = "http")]
    device: String,
}

/// Runs it.
pub(super) fn simulate(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    if args.list {
        for scenario in simulate::scenarios() {
            output::result(format_args!("{:16} {}", scenario.name, scenario.about))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let events = simulate::simulate(find(args.scenario.as_deref().unwrap_or_default())?, &args.options())?;
    let out = args.out.as_deref().filter(|path| *path != Path::new("-"));
    match (args.http, out) {
        (Some(proxy), _) => return send(events, args.sending.options(proxy)?),
        (None, Some(path)) => {
            let failed = || format!("cannot write {}", path.display());
            write(events, File::create(path).with_context(failed)?).with_context(failed)?;
        }
        (None, None) => match write(events, io::stdout().lock()) {
            // A reader that is gone has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.context("cannot write to standard output")?,
        },
    }
    Ok(ExitCode::SUCCESS)
}

impl SimulateArgs {
    fn options(&self) -> Options {
        let Options { start, .. } = Options::default();
        Options {
            seed: self.seed,
            days: self.days,
            rate: self.rate,
            endpoint: self.endpoint.clone(),
            start: self.start.unwrap_or(start),
        }
    }
}

impl Sending {
    fn options(&self, proxy: Target) -> anyhow::Result<drive::Options> {
        if !(self.speed > 0.0 && self.speed.is_finite()) {
            bail!("--speed is how many times faster than the trace, such as 60, not {}", self.speed);
        }
        let token = self.token_file.as_ref().map(|file| {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read the token {}", file.display()))?;
            anyhow::Ok(Secret::new(text.trim()))
        });
        Ok(drive::Options {
            proxy,
            admin: self.admin,
            token: token.transpose()?,
            speed: self.speed,
            cookie: self.cookie.clone(),
            device: self.device.to_ascii_lowercase(),
        })
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::from_rfc3339(text).ok_or_else(|| "write a time in RFC 3339, such as 2026-11-02T00:00:00Z".to_owned())
}

fn find(name: &str) -> anyhow::Result<&'static Scenario> {
    let Some(scenario) = simulate::scenario(name) else {
        bail!("there is no scenario {name:?}; `sendwall simulate --list` shows what there is");
    };
    Ok(scenario)
}

fn write(events: impl Iterator<Item = Event<'static>>, to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::with_capacity(1 << 16, to);
    let is_watched = io::stderr().is_terminal();
    for (count, event) in (1..).zip(events) {
        trace::write(&event, &mut to)?;
        if is_watched && count % NOTE_EVERY == 0 {
            output::note(format_args!("{count} lines"));
        }
    }
    to.flush()
}

fn send(events: impl Iterator<Item = Event<'static>>, options: drive::Options) -> anyhow::Result<ExitCode> {
    let is_watched = io::stderr().is_terminal();
    let watch = |count: u64| {
        if is_watched && count.is_multiple_of(NOTE_EVERY) {
            output::note(format_args!("{count} requests"));
        }
    };
    let tally = tokio::runtime::Runtime::new()?.block_on(drive::drive(events, options, watch))?;
    let sends: u64 = tally.sends.values().sum();
    output::result(&tally)?;
    if sends > 0 && tally.judged == 0 {
        output::note(format_args!(
            "error: not one of {sends} requests was judged; the proxy has to protect \"POST {SEND_PATH}\""
        ));
        return Ok(ExitCode::from(FOUND_SOMETHING));
    }
    Ok(ExitCode::SUCCESS)
}
