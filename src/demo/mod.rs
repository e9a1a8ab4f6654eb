//! Something to see in one command: a small app with a page, sendwall in front of it, traffic, and somebody on call.
//!
//! Everything runs in this process and talks over loopback. Nothing is sent to anybody, and what it writes goes into a
//! temporary directory that it removes.

mod app;
mod browser;
mod codes;
mod directory;
mod on_call;
mod rules;
mod screen;
mod serving;
mod show;
mod tally;
mod traffic;

pub use screen::{Line, State, render, summary, totals};
pub use tally::{Side, Who};

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;

use self::app::App;
use self::directory::Temporary;
use self::on_call::OnCall;
use self::serving::Site;
use self::tally::Tally;
use self::traffic::Traffic;
use crate::app::Running;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Problem};
use crate::domain::{Money, Span, Timestamp, Verdict};
use crate::journal::Entry;
use crate::random::Random;
use crate::tasks::Tasks;

/// Decisions that the state holds: more than a screen has lines.
const MAX_LINES: usize = 200;
/// A decision that no simulated client claims within this time was made about somebody at the page.
const CLAIM_WITHIN: Span = Span::seconds(2);
/// How long stopping may take.
const DRAIN: Span = Span::seconds(2);

/// How the demo runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the page is, with port 0 for any that is free; `None`: port 8080 of loopback, or any where that is taken.
    pub listen: Option<SocketAddr>,
    /// Ends by itself after this time; `None`: when Ctrl-C is pressed.
    pub run_for: Option<Span>,
    /// Whether people and bomber come.
    pub traffic: bool,
    /// Same seed, same people.
    pub seed: u64,
    /// How many times faster than life people read and type.
    pub hurry: u64,
    /// A file of rules to edit while it runs; `None`: one of its own.
    pub rules: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { listen: None, run_for: None, traffic: true, seed: 1, hurry: 3, rules: None }
    }
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No temporary directory.
    #[error("cannot make a directory for the demo in {}: {source}; set TMPDIR to one that you may write", parent.display())]
    Directory {
        /// Where it should have been.
        parent: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The app, or whoever is on call, has no port.
    #[error("the demo's app cannot listen on a port of loopback: {0}")]
    Listen(std::io::Error),
    /// The demo's own configuration has a fault.
    #[error("the demo's configuration is faulty, which is a fault of sendwall: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<Problem>),
    /// The rules that were named have a fault.
    #[error("the rules can't be used:\n\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Rules(Vec<Problem>),
    /// A file of the demo's can't be written.
    #[error("cannot write the demo's files: {0}")]
    Files(std::io::Error),
    /// sendwall doesn't start.
    #[error(transparent)]
    Start(#[from] crate::app::Error),
    /// The screen can't be written.
    #[error("cannot write to standard output: {0}")]
    Output(std::io::Error),
}

/// Runs the demo and shows it on standard output until it is stopped; a summary comes last.
pub async fn run(options: Options) -> Result<(), Error> {
    let demo = Demo::start(&options).await?;
    let shown = show::until_stopped(&demo, options.run_for).await;
    demo.stop().await;
    shown.map_err(Error::Output)
}

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    sidecar: Running,
    currency: String,
    clock: Arc<dyn Clock>,
    started: Timestamp,
    tally: Arc<Tally>,
    tasks: Tasks,
    rules: PathBuf,
    on_call: Arc<OnCall>,
    directory: Temporary,
}

impl Demo {
    /// Starts app, sendwall and traffic.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let directory = Temporary::create()?;
        let (tasks, tally) = (Tasks::new(), Arc::new(Tally::default()));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let mut random = Random::seeded(options.seed);

        let app = serve(App::new(random.split(), Arc::clone(&clock)), &tasks).await.map_err(Error::Listen)?;
        let on_call = Arc::new(OnCall::default());
        let receiver = serve(Arc::clone(&on_call), &tasks).await.map_err(Error::Listen)?;

        let listen = options.listen.unwrap_or_else(usual_address);
        let rules = rules::file(options.rules.as_deref(), directory.path()).map_err(Error::Files)?;
        let file = directory.path().join("demo.toml");
        let key = on_call::signing_key().map_err(Error::Files)?;
        std::fs::write(directory.path().join("on-call.key"), key).map_err(Error::Files)?;
        let text = configuration(listen, app, receiver, directory.path(), &rules);
        std::fs::write(&file, text).map_err(Error::Files)?;
        let config = compiled(&file, options.rules.is_some())?;
        let currency = config.currency.clone();
        let sidecar = crate::app::start(config, Some(file)).await?;
        if options.traffic {
            let (proxy, tally, tasks) = (sidecar.local_addr(), Arc::clone(&tally), tasks.clone());
            Traffic { proxy, hurry: options.hurry, tally, tasks }.start(random.split());
        }
        let started = clock.now();
        Ok(Self { sidecar, currency, clock, started, tally, tasks, rules, on_call, directory })
    }

    /// Address of the page.
    pub fn page(&self) -> String {
        format!("http://{}/", self.sidecar.local_addr())
    }

    /// What there is to see now.
    pub fn state(&self) -> State {
        let now = self.clock.now();
        let totals = self.sidecar.metrics().totals();
        let (people, bomber) = self.tally.sides();
        let entries = self.sidecar.recent().newest(MAX_LINES, |entry| !entry.is_try);
        let metrics = self.sidecar.admin_addr().map(|admin| format!("http://{admin}/metrics"));
        State {
            page: self.page(),
            metrics: metrics.unwrap_or_default(),
            rules: self.rules.display().to_string(),
            news: self.news().unwrap_or_default(),
            alerts: self.on_call.told(),
            running: now.since(self.started),
            people,
            bomber,
            sent: totals.sends,
            spent: totals.cost,
            refused: (totals.saved_sms, totals.saved_cost),
            unsolved: (
                totals.challenged_sms.saturating_sub(totals.solved_sms),
                Money::micros(totals.challenged_cost.as_micros().saturating_sub(totals.solved_cost.as_micros())),
            ),
            currency: self.currency.clone(),
            verified: totals.verified,
            lines: entries.iter().map(|entry| self.line(entry, now)).collect(),
            colour: false,
        }
    }

    fn news(&self) -> Option<String> {
        rules::news(self.sidecar.revisions(1).ok()?.first()?, &self.rules)
    }

    fn line(&self, entry: &Entry, now: Timestamp) -> Line {
        let (decision, phone) = (&entry.decision, entry.facts.phone());
        let nobody_claims_it = now.since(decision.at) > CLAIM_WITHIN;
        let why = match decision.verdict {
            Verdict::Forward => None,
            Verdict::Challenge(_) | Verdict::Cooldown { .. } | Verdict::Block | Verdict::Reject | Verdict::Repeat => {
                decision.reasons.first()
            }
        };
        Line {
            at: decision.at.since(self.started),
            who: self.tally.maker(decision.id).or_else(|| nobody_claims_it.then_some(Who::You)),
            phone: phone.map(|phone| {
                let country = phone.country.map(|country| country.to_string()).unwrap_or_default();
                format!("{country:<2} {}", phone.masked())
            }),
            verdict: decision.verdict.name(),
            // The first part says it; when there is room again doesn't fit the line.
            reason: why.and_then(|why| why.to_string().split(';').next().map(str::to_owned)).unwrap_or_default(),
        }
    }

    /// Stops everything and removes what was written.
    pub async fn stop(self) {
        let Self { sidecar, tasks, directory, .. } = self;
        tasks.drain(DRAIN).await;
        sidecar.stop(std::future::pending()).await;
        drop(directory);
    }
}

/// Serves a site on a port of its own.
async fn serve(site: Arc<impl Site>, tasks: &Tasks) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tasks.spawn("demo site", serving::serve(site, listener, tasks.clone()));
    Ok(address)
}

/// The port that is easy to remember, where nobody has it.
fn usual_address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    let is_free = std::net::TcpListener::bind(usual).is_ok();
    if is_free { usual } else { SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}

/// The configuration as a user would write it: the defaults, in force.
fn configuration(listen: SocketAddr, app: SocketAddr, on_call: SocketAddr, state: &Path, rules: &Path) -> String {
    let [state, rules] = [state, rules].map(|path| toml::Value::from(path.to_string_lossy().as_ref()));
    format!(
        r#"
listen = "{listen}"
upstream = "http://{app}"
admin = "127.0.0.1:0"
state = {state}
mode = "enforce"
rules = [{rules}]
trusted_proxies = ["127.0.0.0/8"] # simulated people say in X-Forwarded-For where they come from

[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = 'status == 200 && json("/ok") == true'
default_region = "GB"

[[alerts.channel]]
name = "on-call"
kind = "webhook"
url = "http://{on_call}/"
secret_file = "on-call.key"
allow_private = true # it listens on loopback

[log]
level = "error"
"#
    )
}

fn compiled(file: &Path, are_rules_named: bool) -> Result<Config, Error> {
    let text = std::fs::read_to_string(file).map_err(Error::Files)?;
    let blamed = if are_rules_named { Error::Rules } else { Error::Config };
    Config::compile(&text, file, &|_name| None).map_err(blamed)
}
