//! The one place that wires: a configuration to a running sendwall.
//!
//! Must not know: how any of its parts works.

mod alarm;
mod build;
mod descriptors;
mod difference;
mod engine;
mod fixed;
mod history;
mod lists;
mod outages;
mod process;
mod reload;
mod snapshots;
mod watch;

pub use build::{Error, explain, offline};
pub use process::run;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::admin::{self, Admin, Outcomes};
use crate::alerts::deliver::Courier;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, KeySource};
use crate::domain::Span;
use crate::gate::Gate;
use crate::geo::Geo;
use crate::http::Server;
use crate::journal::{Journal, Recent};
use crate::state::Hold;
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::telemetry::events::{
    ConfigLoaded, EndpointBlind, GeoFailed, GeoRefreshed, KeyCreated, ListenStarted, Stopped,
};
use build::{Start, gate, visit_cookies};
use engine::{Engine, kept};
use outages::Outages;
use snapshots::Saving;
use watch::{LOOK_EVERY, Quiet};

/// How long the decision log may take to write what waits in its queue.
const JOURNAL_DRAIN: Span = Span::seconds(5);
/// How often it is looked at what became of sends by silence.
const EVIDENCE_EVERY: Span = Span::millis(250);
/// How often it is looked for outages.
const OUTAGES_EVERY: Span = Span::seconds(10);
/// How often database files are looked at.
const DATABASES_EVERY: Span = Span::seconds(1);

/// A running sendwall.
#[derive(Debug)]
pub struct Running {
    gate: Arc<Gate>,
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    journal: Arc<Journal>,
    tasks: Tasks,
    journal_tasks: Tasks,
    saving: Option<Saving>,
    /// The state directory.
    _hold: Option<Hold>,
    local: SocketAddr,
    admin: Option<SocketAddr>,
    drain: Span,
}

/// Starts everything that `config` asks for. `file` is read again at a reload; without one there is nothing to reload.
pub async fn start(config: Config, file: Option<PathBuf>) -> Result<Running, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), Arc::clone(&clock)));
    let (tasks, journal_tasks) = (Tasks::new(), Tasks::new());
    let hold = config.state.as_deref().map(Hold::take).transpose()?;
    let (keys, made) = config.keys.load()?;
    if made || config.keys == KeySource::Fresh {
        KeyCreated { path: config.keys.path() }.emit();
    }
    let journal = match &config.journal {
        Some(settings) => Journal::start(settings.clone(), &journal_tasks, Arc::clone(&clock), Arc::clone(&metrics))?,
        None => Journal::in_memory(Arc::clone(&metrics)),
    };
    let journal = Arc::new(journal);
    let built = gate(&config, &keys, Start::fresh(clock.now())?, &clock, &metrics, &journal)?;
    let lists = lists::open(&config, &keys, &clock, &metrics)?;
    let gate = Arc::new(built.gate.with_lists(Arc::clone(lists.hand())));
    let saving = Saving::restored(&config, &keys, &kept(&gate, &built.store), &clock, &metrics);
    let outage_clock = Arc::clone(&clock);
    let visits = visit_cookies(&config, &keys, &clock)?;
    let server =
        Server::bind(config.http.clone(), Arc::clone(&gate), tasks.clone(), Arc::clone(&metrics), visits).await?;
    let admin = admin_of(&config).await?;
    let courier = courier(&config, &clock, &metrics, &tasks)?;
    let (alarm, store) = alarm::alarm(&config, &gate, &metrics);
    let told = (Arc::clone(&alarm), courier.clone());
    let telling = (Arc::clone(&clock), Arc::clone(&metrics));
    let engine = Arc::new(Engine::new(&config, file, Arc::clone(&gate), built.store, told, telling));
    alarm::watch(&tasks, (Arc::clone(&alarm), store), Arc::clone(&engine), Arc::clone(&clock), courier.clone());

    let quiet = engine.settled();

    tell_start(&config, &gate, &metrics);
    engine.tell_start(&config.warnings);
    let running = Running {
        local: server.local_addr(),
        admin: admin.as_ref().map(Admin::address),
        drain: config.http.timeouts.drain,
        gate,
        engine: Arc::clone(&engine),
        metrics: Arc::clone(&metrics),
        journal: Arc::clone(&journal),
        tasks: tasks.clone(),
        journal_tasks,
        saving,
        _hold: hold,
    };
    ListenStarted { what: "proxy", address: running.local }.emit();
    if let Some(admin) = admin {
        let names = running.gate.names().clone();
        let as_engine = Arc::clone(&engine) as Arc<dyn admin::Engine>;
        let outcomes = Arc::new(Outcomes::new(as_engine, names, Arc::clone(&clock)));
        let version = env!("CARGO_PKG_VERSION");
        admin.serve(admin::Parts {
            version,
            engine,
            journal,
            metrics: Arc::clone(&metrics),
            outcomes,
            lists: Arc::clone(&lists),
            courier,
            alarm,
            clock,
            tasks: tasks.clone(),
        });
    }
    tasks.spawn("proxy", server.run());
    lists::tend(&tasks, lists);
    keep_watch(&running, outage_clock, quiet);
    Ok(running)
}

impl Running {
    /// Where clients connect.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The admin address, where there is one.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// The metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The last decisions.
    pub fn recent(&self) -> &Recent {
        self.journal.recent()
    }

    /// The engine.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Loads the configuration file again. Blocks while it reads.
    pub fn reload(&self, cause: &admin::Cause) -> Result<crate::domain::RevisionId, Vec<String>> {
        admin::Engine::reload(&*self.engine, cause)
    }

    /// As [`Running::reload`], on a thread of its own, and nobody waits for it. What comes of it is an event of its own.
    pub fn reload_aside(&self, cause: admin::Cause) {
        let engine = Arc::clone(&self.engine);
        drop(Tasks::aside(move || engine.reload_for(&cause)));
    }

    /// The last configurations that were applied or refused, the newest first. Blocks while it reads.
    pub fn revisions(&self, count: usize) -> std::io::Result<Vec<serde_json::Value>> {
        admin::Engine::revisions(&*self.engine, count)
    }

    /// Takes no more connections, lets requests under way finish unless `hurried` completes before, and writes the counters
    /// and what is left of the decision log.
    pub async fn stop(self, hurried: impl Future<Output = ()>) {
        let saved_meanwhile = async {
            match &self.saving {
                Some(saving) => saving.while_draining(&self.tasks, &self.engine).await,
                None => std::future::pending::<usize>().await,
            }
        };
        let unfinished = tokio::select! {
            unfinished = self.tasks.drain(self.drain + JOURNAL_DRAIN) => unfinished,
            () = hurried => self.tasks.running(),
            never = saved_meanwhile => never,
        };
        let is_saved = match &self.saving {
            Some(saving) => saving.last(&self.tasks, self.engine).await,
            None => true,
        };
        let unwritten = self.journal_tasks.drain(JOURNAL_DRAIN).await;
        Stopped { unfinished: unfinished + usize::from(!is_saved) + unwritten }.emit();
    }
}

async fn admin_of(config: &Config) -> Result<Option<Admin>, Error> {
    match &config.admin {
        Some(settings) => Ok(Some(Admin::bind(settings.clone()).await?)),
        None => Ok(None),
    }
}

/// What carries alerts to on-call people.
fn courier(config: &Config, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>, tasks: &Tasks) -> Result<Courier, Error> {
    let seed = getrandom::u64().map_err(|error| Error::NoEntropy(error.to_string()))?;
    Ok(Courier::start(&config.deliver, seed, Arc::clone(clock), Arc::clone(metrics), tasks)?)
}

/// What is looked at again and again as long as the process runs.
fn keep_watch(running: &Running, clock: Arc<dyn Clock>, quiet: Quiet) {
    let Running { tasks, gate, .. } = running;
    keep_time(tasks, Arc::clone(gate));
    watch_outages(tasks, Arc::clone(gate), clock);
    if let Some(saving) = &running.saving {
        saving.every_interval(tasks, Arc::clone(&running.engine));
    }
    watch_files(tasks, Arc::clone(&running.engine), quiet);
    watch_databases(tasks, Arc::clone(gate.geo()), Arc::clone(&running.metrics));
}

fn tell_start(config: &Config, gate: &Gate, metrics: &Metrics) {
    let (endpoints, warnings) = (config.endpoints.len(), config.warnings.len());
    ConfigLoaded { revision: gate.revision().id, endpoints, warnings }.emit(metrics);
    for endpoint in config.endpoints.iter().filter(|endpoint| !endpoint.has_verify) {
        EndpointBlind { endpoint: &endpoint.name }.emit();
    }
}

/// Silence is evidence only when somebody looks at it.
fn keep_time(tasks: &Tasks, gate: Arc<Gate>) {
    let (stop, blocking) = (tasks.stopping(), tasks.clone());
    tasks.spawn("evidence", async move {
        while stop.run_until_cancelled(tokio::time::sleep(EVIDENCE_EVERY.to_duration())).await.is_some() {
            let gate = Arc::clone(&gate);
            blocking.run_blocking(move || gate.advance_to_now()).await;
        }
    });
}

/// Tells on-call people when verifications of a country are missing for everyone.
fn watch_outages(tasks: &Tasks, gate: Arc<Gate>, clock: Arc<dyn Clock>) {
    let (stop, blocking) = (tasks.stopping(), tasks.clone());
    tasks.spawn("outages", async move {
        let mut outages = Outages::default();
        while stop.run_until_cancelled(tokio::time::sleep(OUTAGES_EVERY.to_duration())).await.is_some() {
            let gate = Arc::clone(&gate);
            let missing = blocking.run_blocking(move || gate.outages()).await.unwrap_or_default();
            for news in outages.news(&missing, clock.now()) {
                news.emit();
            }
        }
    });
}

/// Takes in what people change in the configuration and in the files that it names.
fn watch_files(tasks: &Tasks, engine: Arc<Engine>, mut quiet: Quiet) {
    let stop = tasks.stopping();
    tasks.spawn("files", async move {
        loop {
            let engine = Arc::clone(&engine);
            let looked = Tasks::aside(move || {
                engine.look(&mut quiet);
                quiet
            });
            let Some(looked) = stop.run_until_cancelled(looked).await else { break };
            // Where a look panics the next begins anew.
            quiet = looked.unwrap_or_default();
            if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY.to_duration())).await.is_none() {
                break;
            }
        }
    });
}

fn watch_databases(tasks: &Tasks, geo: Arc<Geo>, metrics: Arc<Metrics>) {
    let (stop, blocking) = (tasks.stopping(), tasks.clone());
    tasks.spawn("geo databases", async move {
        while stop.run_until_cancelled(tokio::time::sleep(DATABASES_EVERY.to_duration())).await.is_some() {
            let looked_at = Arc::clone(&geo);
            for refreshed in blocking.run_blocking(move || looked_at.refresh()).await.unwrap_or_default() {
                match &refreshed.result {
                    Ok(_size) => GeoRefreshed { path: &refreshed.path }.emit(),
                    Err(error) => GeoFailed { path: &refreshed.path, error }.emit(&metrics),
                }
            }
        }
    });
}
