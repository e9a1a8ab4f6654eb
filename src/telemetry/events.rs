//! What happens to the process, one struct an event. [`emit`](KeyCreated::emit) writes the log line and counts, so
//! that neither is forgotten. Events that can come in floods are logged once in ten seconds, with the number left out.

use std::net::SocketAddr;
use std::path::Path;

use tracing::{error, info, warn};

use super::Metrics;
pub use super::alarms::{BudgetsReset, IncidentTold, IncidentsDamaged, IncidentsFailed};
pub use super::delivery::{
    AlertAttemptFailed, AlertChannelGone, AlertDamaged, AlertGivenUp, AlertSpoolFailed, AlertsRestored, AlertsSent,
};
pub use super::lists::{ListsDamaged, ListsFailed, ListsForgotten};
pub use super::saved::{SnapshotFailed, SnapshotPartSkipped, SnapshotRefused, SnapshotRestored, SnapshotWritten};
pub use super::unread::AnswerUnread;
use crate::domain::{Country, RevisionId, Span};

/// The key that pseudonyms hang on was made just now.
#[derive(Clone, Copy, Debug)]
pub struct KeyCreated<'a> {
    /// Its file; `None` where it is kept nowhere.
    pub path: Option<&'a Path>,
}

impl KeyCreated<'_> {
    /// Logs.
    pub fn emit(&self) {
        if let Some(path) = self.path {
            warn!(
                path = %path.display(),
                "no key was given, so a new one was made; keep this file: without it nobody recognises the phones and \
                 clients in the decision log"
            );
        } else {
            warn!(
                "no key and no state directory were given; what phones and clients are called changes with the next start"
            );
        }
    }
}

/// A listener is open.
#[derive(Clone, Copy, Debug)]
pub struct ListenStarted<'a> {
    /// What it is for: `proxy`, `admin`.
    pub what: &'a str,
    /// Where.
    pub address: SocketAddr,
}

impl ListenStarted<'_> {
    /// Logs.
    pub fn emit(&self) {
        info!(what = self.what, address = %self.address, "listening");
    }
}

/// A listener could not take a connection: no more file descriptors, most likely.
#[derive(Clone, Copy, Debug)]
pub struct AcceptFailed<'a> {
    /// What the listener is for.
    pub what: &'a str,
    /// What the system said.
    pub error: &'a std::io::Error,
}

impl AcceptFailed<'_> {
    /// Logs.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.at_most_every("accept_failed", |suppressed| {
            error!(what = self.what, error = %self.error, suppressed, "a connection could not be accepted");
        });
    }
}

/// The system allows fewer file descriptors than the configuration may need.
#[derive(Clone, Copy, Debug)]
pub struct FewDescriptors {
    /// As many are allowed.
    pub allowed: u64,
    /// As many may be needed.
    pub needed: u64,
}

impl FewDescriptors {
    /// Logs.
    pub fn emit(&self) {
        warn!(
            allowed = self.allowed,
            needed = self.needed,
            "the system allows fewer open files than `max_connections` and [upstream_pool] `max_connections` may need: \
             raise its limit (`LimitNOFILE=` of systemd, `ulimit -Hn`), or lower these"
        );
    }
}

/// A configuration is in force, at the start or after a reload.
#[derive(Clone, Copy, Debug)]
pub struct ConfigLoaded {
    /// Its name.
    pub revision: RevisionId,
    /// Protected endpoints in it.
    pub endpoints: usize,
    /// What `check` would warn of.
    pub warnings: usize,
}

impl ConfigLoaded {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.reloaded("ok");
        info!(
            revision = %self.revision,
            endpoints = self.endpoints,
            warnings = self.warnings,
            "configuration in force"
        );
    }
}

/// A reload was refused; the configuration before it stays in force.
#[derive(Clone, Copy, Debug)]
pub struct ReloadRejected<'a> {
    /// The configuration that stays.
    pub revision: RevisionId,
    /// Every problem, a sentence each.
    pub problems: &'a [String],
    /// How many of them keep it from being used; the others are warnings.
    pub errors: usize,
}

impl ReloadRejected<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.reloaded("rejected");
        let count = self.errors;
        error!(revision = %self.revision, count, problems = ?self.problems, "reload refused, nothing has changed");
    }
}

/// After a reload that was refused, the files say again what is in force.
#[derive(Clone, Copy, Debug)]
pub struct ReloadMended {
    /// The configuration that stayed.
    pub revision: RevisionId,
}

impl ReloadMended {
    /// Logs.
    pub fn emit(&self) {
        info!(revision = %self.revision, "the files say again what is in force: nothing was changed in between");
    }
}

/// A reload brought a configuration in force that `check` would warn of. At a start its command tells.
#[derive(Clone, Copy, Debug)]
pub struct ConfigWarns<'a> {
    /// Its name.
    pub revision: RevisionId,
    /// Every warning, a sentence each.
    pub warnings: &'a [String],
}

impl ConfigWarns<'_> {
    /// Logs.
    pub fn emit(&self) {
        warn!(revision = %self.revision, warnings = ?self.warnings, "the configuration in force may not be what is meant");
    }
}

/// A reload changed settings that only a start reads.
#[derive(Clone, Copy, Debug)]
pub struct NeedsRestart<'a> {
    /// Their names.
    pub settings: &'a [&'static str],
}

impl NeedsRestart<'_> {
    /// Logs.
    pub fn emit(&self) {
        warn!(
            settings = self.settings.join(", "),
            "the new configuration is in force but for its changes of these settings, which take effect at the next start"
        );
    }
}

/// What came of a configuration could not be written down.
#[derive(Clone, Copy, Debug)]
pub struct HistoryFailed<'a> {
    /// What the system said.
    pub error: &'a std::io::Error,
}

impl HistoryFailed<'_> {
    /// Logs.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.at_most_every("history_failed", |suppressed| {
            error!(error = %self.error, suppressed, "the history of revisions cannot be written");
        });
    }
}

/// No verification has been seen at an endpoint, and none will be.
#[derive(Clone, Copy, Debug)]
pub struct EndpointBlind<'a> {
    /// The endpoint's name.
    pub endpoint: &'a str,
}

impl EndpointBlind<'_> {
    /// Logs.
    pub fn emit(&self) {
        warn!(
            endpoint = self.endpoint,
            "no verify endpoint is configured, so sendwall does not learn which codes were typed in; set `verify`, or \
             send outcomes to the admin address"
        );
    }
}

/// Verifications of a country are missing for everyone: its carriers or the SMS provider have an outage, most likely.
#[derive(Clone, Copy, Debug)]
pub struct CountryOutage {
    /// The phones' country.
    pub country: Country,
    /// Share of the verifications that history promised, 0 to 1.
    pub missing: f32,
}

impl CountryOutage {
    /// Logs.
    pub fn emit(&self) {
        warn!(
            country = %self.country,
            missing = format!("{:.0} %", self.missing * 100.0),
            "codes of this country are not verified as they were before, by anyone: an outage most likely; silence there \
             counts for less until it ends"
        );
    }
}

/// Records were dropped because the decision log's queue is full: the disk is slower than the traffic.
#[derive(Clone, Copy, Debug)]
pub struct JournalFull;

impl JournalFull {
    /// Logs and counts one record.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.journal_dropped(1);
        metrics.at_most_every("journal_full", |suppressed| {
            warn!(suppressed, "the decision log's queue is full; records are dropped");
        });
    }
}

/// The decision log's file could not be written; its records are lost.
#[derive(Clone, Copy, Debug)]
pub struct JournalFailed<'a> {
    /// Records lost.
    pub records: u64,
    /// The file or directory.
    pub path: &'a Path,
    /// What the system said.
    pub error: &'a std::io::Error,
}

impl JournalFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.journal_dropped(self.records);
        metrics.at_most_every("journal_failed", |suppressed| {
            let path = self.path.display();
            error!(%path, error = %self.error, suppressed, "the decision log cannot be written; records are dropped");
        });
    }
}

/// The last line of the decision log was torn by a crash, and closed off.
#[derive(Clone, Copy, Debug)]
pub struct JournalRepaired<'a> {
    /// The file.
    pub path: &'a Path,
}

impl JournalRepaired<'_> {
    /// Logs.
    pub fn emit(&self) {
        warn!(path = %self.path.display(), "the last record of the decision log was cut off, by a crash most likely");
    }
}

/// A GeoIP database was read.
#[derive(Clone, Copy, Debug)]
pub struct GeoRefreshed<'a> {
    /// Its file.
    pub path: &'a Path,
}

impl GeoRefreshed<'_> {
    /// Logs.
    pub fn emit(&self) {
        info!(path = %self.path.display(), "GeoIP database loaded");
    }
}

/// A GeoIP database could not be read; the one before it stays in use, where there was one.
#[derive(Clone, Copy, Debug)]
pub struct GeoFailed<'a> {
    /// Its file.
    pub path: &'a Path,
    /// What is wrong with it.
    pub error: &'a (dyn std::error::Error + 'static),
}

impl GeoFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.geo_failed();
        let path = self.path.display();
        warn!(
            %path, error = %self.error,
            "a GeoIP database cannot be read; the one before it stays in use, and where there was none its facts are missing"
        );
    }
}

/// The process stops taking connections and ends those that are open.
#[derive(Clone, Copy, Debug)]
pub struct Draining {
    /// How long it waits.
    pub deadline: Span,
}

impl Draining {
    /// Logs.
    pub fn emit(&self) {
        info!(deadline = %self.deadline, "stopping: requests under way are finished first; a second signal cuts that short");
    }
}

/// The process ends.
#[derive(Clone, Copy, Debug)]
pub struct Stopped {
    /// Tasks that did not end in time and are cut off.
    pub unfinished: usize,
}

impl Stopped {
    /// Logs.
    pub fn emit(&self) {
        match self.unfinished {
            0 => info!("stopped"),
            unfinished => warn!(unfinished, "stopped before everything was finished"),
        }
    }
}
