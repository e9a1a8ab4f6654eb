//! Alerts on their way: over real HTTP and SMTP, to receivers that speak as the real ones do, and to some real ones.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on should fail loudly"
)]

mod alertmanager;
mod command;
mod crash;
mod crash_process;
mod mail;
mod mail_tls;
mod order;
mod providers;
mod signatures;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use sendwall::alerts::deliver::{Channel, Courier, Settings, Target, Template, Url};
use sendwall::alerts::{Alert, AlertKind, IncidentId, Severity, Status, Unit, Value};
use sendwall::clock::{Clock, ManualClock};
use sendwall::domain::{Span, Timestamp};
use sendwall::net;
use sendwall::tasks::Tasks;
use sendwall::telemetry::{EvidenceStats, Metrics, Snapshot};
use tokio::runtime::Runtime;

use crate::support::app::App;

/// A courier on a clock that the test moves.
pub(crate) struct Stage {
    pub(crate) courier: Courier,
    pub(crate) clock: Arc<ManualClock>,
    metrics: Arc<Metrics>,
    tasks: Tasks,
    runtime: Runtime,
}

impl Stage {
    /// Started a while ago, so that channels take as much at once as they ever do.
    pub(crate) fn start(channels: Vec<Channel>, spool: Option<PathBuf>, now: Timestamp) -> Self {
        let stage = Self::just_started(channels, spool, now - Span::minutes(1));
        stage.clock.set(now);
        stage
    }

    /// Started just now, so that each channel takes one message and then has to wait.
    pub(crate) fn just_started(channels: Vec<Channel>, spool: Option<PathBuf>, now: Timestamp) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
        let tasks = Tasks::new();
        let settings = settings(channels, spool);
        let guard = runtime.enter();
        let courier = Courier::start(&settings, 7, shared, Arc::clone(&metrics), &tasks).unwrap();
        drop(guard);
        Self { courier, clock, metrics, tasks, runtime }
    }

    /// Moves the clock, and makes the channels look at it.
    pub(crate) fn pass(&self, span: Span, channels: Vec<Channel>, spool: Option<PathBuf>) {
        self.clock.advance(span);
        let _guard = self.runtime.enter();
        let settings = settings(channels, spool);
        let sender = self.courier.sender(&settings).unwrap();
        self.courier.replace(&settings, sender);
    }

    /// The metrics' text.
    pub(crate) fn metrics(&self) -> String {
        let evidence = EvidenceStats::default();
        let snapshot =
            Snapshot { tables: Vec::new(), open_sends: 0, evidence, drift: Vec::new(), revision: revision() };
        self.metrics.render(&snapshot)
    }

    /// Tells the channels to stop and waits until they have.
    pub(crate) fn stop(self) {
        assert_eq!(self.runtime.block_on(self.tasks.drain(Span::seconds(20))), 0);
    }
}

fn revision() -> sendwall::domain::RevisionId {
    sendwall::domain::RevisionId { number: 1, hash: 1 }
}

fn settings(channels: Vec<Channel>, spool: Option<PathBuf>) -> Settings {
    Settings { channels: channels.into_iter().map(Arc::new).collect(), spool, net: net::Settings::default() }
}

/// A channel that takes everything, also on this machine.
pub(crate) fn channel(name: &str, target: Target) -> Channel {
    Channel {
        name: name.into(),
        target,
        template: Template::default(),
        severities: Vec::new(),
        matchers: Vec::new(),
        send_resolved: true,
        rate: 6000,
        allow_private: true,
        link: None,
    }
}

/// An URL of a receiver on this machine.
pub(crate) fn url(app: &App, path: &str) -> Url {
    Url::parse(&format!("http://{}{path}", app.address)).unwrap()
}

/// The alert of an incident that began at `at`.
pub(crate) fn alert(at: Timestamp, incident: u64, sequence: u32) -> Alert {
    let incident = IncidentId::new(at, incident);
    Alert {
        id: format!("{incident}.{sequence}"),
        incident,
        sequence,
        kind: AlertKind::Messages,
        rule: "messages-1h".to_owned(),
        severity: Severity::Critical,
        status: if sequence == 1 { Status::Firing } else { Status::Updated },
        labels: BTreeMap::from([("country".to_owned(), "UZ".to_owned()), ("endpoint".to_owned(), "login".to_owned())]),
        started: at,
        ended: None,
        at,
        value: Value { value: 142.0, limit: 40.0, unit: Unit::Messages, per_ms: 300_000 },
        summary: "142 SMS in 5m to UZ (limit 40)".to_owned(),
        details: vec!["+99899394: 142 SMS".to_owned()],
        test: false,
    }
}

/// The end of that incident.
pub(crate) fn resolved(alert: &Alert, at: Timestamp) -> Alert {
    let sequence = alert.sequence + 1;
    Alert {
        id: format!("{}.{sequence}", alert.incident),
        sequence,
        status: Status::Resolved,
        ended: Some(at),
        at,
        ..alert.clone()
    }
}

/// Python with the packages that `tests/run.sh` installs.
pub(crate) fn python() -> Command {
    let packages = concat!(env!("CARGO_MANIFEST_DIR"), "/target/packages/python");
    assert!(
        std::path::Path::new(packages).join("standardwebhooks").is_dir(),
        "{packages} is not there: tests/run.sh installs it"
    );
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages);
    python
}

/// A condition on alerts.
pub(crate) fn matcher(text: &str) -> sendwall::alerts::deliver::Matcher {
    sendwall::alerts::deliver::Matcher::parse(text).unwrap()
}
