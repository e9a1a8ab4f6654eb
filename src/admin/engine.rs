//! What the admin address asks of the engine.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::budget::Use;
use crate::domain::{Country, DecisionId, Mode, OutcomeKind, Range, RevisionId, Timestamp};
use crate::privacy::Pseudonym;
use crate::telemetry::Snapshot;

/// The engine, seen from the admin address.
pub trait Engine: Send + Sync + fmt::Debug {
    /// Takes in an outcome that an app or a provider told. Counts and logs it where it is the first of its kind.
    fn learn(&self, outcome: &OutcomeInput) -> Learned;
    /// Sends and what became of them over the last 24 hours, most sends first.
    fn conversion(&self) -> Vec<ConversionRow>;
    /// The tables, the open sends and the configuration in force.
    fn snapshot(&self) -> Snapshot;
    /// The protected endpoints, in the order of the configuration.
    fn endpoints(&self) -> Vec<EndpointStatus>;
    /// Whether all is well.
    fn health(&self) -> Health;
    /// How far every budget is used, the fullest first.
    fn budgets(&self) -> Vec<Use>;
    /// Forgets what was spent, in a country or altogether.
    fn reset_budgets(&self, country: Option<Country>);
    /// Loads the configuration again. May block. `Err` lists every problem; then nothing has changed.
    fn reload(&self, cause: &Cause) -> Result<RevisionId, Vec<String>>;
    /// The last configurations that were applied or refused, the newest first. May block.
    fn revisions(&self, count: usize) -> std::io::Result<Vec<Value>>;
}

/// Why a configuration is loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The process starts.
    Start,
    /// Files have changed.
    Files {
        /// These.
        changed: Vec<PathBuf>,
    },
    /// SIGHUP.
    Signal,
    /// Somebody asked for it at the admin address.
    Api {
        /// How they are known: `token`, `loopback`.
        who: &'static str,
    },
}

/// An outcome that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeInput {
    /// What happened.
    pub outcome: OutcomeKind,
    /// To which send.
    pub about: About,
    /// The endpoint's name; `None`: any that has an open send.
    pub endpoint: Option<Arc<str>>,
    /// When it happened.
    pub at: Timestamp,
}

/// How an outcome names its send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// By the decision that let it out.
    Decision(DecisionId),
    /// By its phone.
    Phone(Pseudonym),
}

/// What the engine made of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// It was news about this many sends.
    Settled(usize),
    /// The send is known, and had this outcome before.
    Already,
    /// There is no such open send.
    Unmatched,
    /// The configuration has no endpoint of that name.
    UnknownEndpoint,
}

/// Sends with something in common, and what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionRow {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Set for the row of a country.
    pub country: Option<Country>,
    /// Set for the row of a range.
    pub range: Option<Range>,
    /// Codes that went out.
    pub sent: u32,
    /// Of these, verified.
    pub verified: u32,
    /// Of these, reported as delivered.
    pub delivered: u32,
    /// Of these, reported as undelivered.
    pub undelivered: u32,
}

impl ConversionRow {
    /// Verified over sent, 0 to 1; `None` where nothing was sent.
    pub fn conversion(&self) -> Option<f64> {
        (self.sent > 0).then(|| f64::from(self.verified) / f64::from(self.sent))
    }

    /// Whether it is the row of a whole endpoint.
    pub fn is_whole(&self) -> bool {
        self.country.is_none() && self.range.is_none()
    }
}

impl Serialize for ConversionRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut row = serializer.serialize_struct("ConversionRow", 8)?;
        row.serialize_field("endpoint", &self.endpoint)?;
        row.serialize_field("country", &self.country)?;
        row.serialize_field("range", &self.range)?;
        row.serialize_field("sent", &self.sent)?;
        row.serialize_field("verified", &self.verified)?;
        row.serialize_field("delivered", &self.delivered)?;
        row.serialize_field("undelivered", &self.undelivered)?;
        row.serialize_field("conversion", &self.conversion())?;
        row.end()
    }
}

/// A protected endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndpointStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its verdicts are carried out.
    pub mode: Mode,
    /// Whether a verify endpoint is known.
    pub has_verify: bool,
}

/// Whether all is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The upstream, as far as it was tried.
    pub upstream: UpstreamState,
    /// The `GeoIP` databases that are configured.
    pub geo: Vec<Database>,
    /// Problems of the last reload where it was refused; empty else.
    pub reload_problems: Vec<String>,
}

/// The upstream, as far as it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamState {
    /// No request went there yet.
    Untried,
    /// It answered the last request.
    Answers,
    /// It did not answer the last request.
    Silent,
}

/// A `GeoIP` database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Database {
    /// What it tells: `country`, `asn`, `anonymous`.
    pub name: &'static str,
    /// Whether it was read.
    pub loaded: bool,
}
