//! Configuration: one TOML text to a compiled [`Config`], or all of its problems at once.
//!
//! The only place that knows the names of keys, their ranges and their defaults, and the only one that reads the
//! environment. Must not know: how anything that is configured works.

mod alerts;
mod answers;
mod budget;
mod captcha;
mod cells;
mod challenge;
mod channels;
mod compile;
mod conditions;
mod endpoint;
mod flags;
mod keys;
mod limits;
mod load;
mod model;
mod outbound;
mod parts;
mod places;
mod prices;
mod problem;
mod reader;
mod rules;
mod server;
mod snapshot;
mod source;
mod summary;
mod telling;
mod tls;
mod values;

pub use flags::Flags;
pub use keys::KeySource;
pub use limits::Limits;
pub use load::{Faulty, LoadError, counted, environment, load, load_untried};
pub use problem::{Excerpt, Position, Problem, Severity};
pub use rules::{NotTested, Rules, Tested, belonging, test_directory};

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use self::reader::Section;
use self::rules::Cases;
use self::source::{Fault, Source};
use crate::admin;
use crate::alerts::deliver;
use crate::challenge::captcha::Inbound;
use crate::decide::Prior;
use crate::domain::{Mode, Timestamp};
use crate::extract::{Rule, TrustedProxies};
use crate::gate::Endpoint;
use crate::geo;
use crate::http;
use crate::journal;
use crate::model::Model;
use crate::net;
use crate::numbering::PriceTable;
use crate::state;
use crate::telemetry;

/// A whole configuration, checked: everything that can be wrong before the process starts was found.
#[derive(Debug)]
pub struct Config {
    /// First bytes of the text's SHA-256: with a number it names the revision in every decision.
    pub hash: u32,
    /// The main listener and the upstream.
    pub http: http::Settings,
    /// The admin listener; `None` switches it off.
    pub admin: Option<admin::Settings>,
    /// The decision log; `None` keeps none.
    pub journal: Option<journal::Settings>,
    /// The process log.
    pub telemetry: telemetry::Settings,
    /// Numbers that users text.
    pub inbound: Vec<Arc<Inbound>>,
    /// Requests of our own: where they may go and how they are checked.
    pub outbound: net::Settings,
    /// Where alerts go.
    pub deliver: deliver::Settings,
    /// GeoIP databases.
    pub geo: geo::Settings,
    /// Directory of everything that outlives the process; `None` keeps nothing.
    pub state: Option<PathBuf>,
    /// What outlives the process beside them; `None` keeps no counter.
    pub snapshot: Option<state::Settings>,
    /// Where the master keys come from.
    pub keys: KeySource,
    /// Worker threads; `None`: one a core.
    pub workers: Option<NonZeroUsize>,
    /// Sessions (sends that wait for their outcome) kept at the same time.
    pub sessions: usize,
    /// How large the evidence may grow.
    pub cells: crate::cells::Settings,
    /// How each kind of cell behaves.
    pub kinds: crate::cells::Kinds,
    /// What the look of a client is judged by, before anything is known of it.
    pub prior: Prior,
    /// A model that is watched beside it.
    pub shadow: Option<Arc<Model>>,
    /// The header in which a trusted proxy says what a client's TLS handshake looked like.
    pub ja4_header: Option<::http::HeaderName>,
    /// How challenges are asked.
    pub challenge: crate::challenge::Settings,
    /// Bytes of the store of open and spent challenges.
    pub challenge_memory: usize,
    /// What may happen how often.
    pub limits: Limits,
    /// What on-call people are told of.
    pub alerts: crate::alerts::Settings,
    /// What operators ask for.
    pub rules: Rules,
    /// What may be spent.
    pub budgets: crate::budget::Policy,
    /// Proxies whose word about a client's address is believed, and where they say it.
    pub trusted_proxies: TrustedProxies,
    /// The mode of endpoints that have none of their own.
    pub mode: Mode,
    /// What is protected.
    pub endpoints: Vec<Endpoint>,
    /// Which requests belong to which endpoint; of two that match, the first whose condition holds.
    pub routes: Vec<Rule>,
    /// ISO 4217, for reports and metrics.
    pub currency: String,
    /// What an SMS costs.
    pub prices: PriceTable,
    /// Every file beside its own whose change is a change of this configuration: rules, lists, cases, prices.
    pub files: Vec<PathBuf>,
    /// What may not be meant.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Compiles the text of `file`, or gives all that is wrong with it: errors, and the warnings among them, in the
    /// order of the text. Relative paths start at the file's directory. Reads the files that the text names and, through
    /// `environment`, `SENDWALL_KEY`; changes nothing.
    pub fn compile(
        text: &str,
        file: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Vec<Problem>> {
        compile_source(&Source::of_file(file, text), environment, Cases::Tried).0.map_err(|faulty| faulty.problems)
    }

    /// Itself, where all that it names can be used: what a process would do without is an error.
    pub fn complete(mut self) -> Result<Self, Vec<Problem>> {
        for problem in self.warnings.iter_mut().filter(|problem| problem.severity == Severity::Lack) {
            problem.severity = Severity::Error;
        }
        if self.warnings.iter().any(Problem::is_error) { Err(self.warnings) } else { Ok(self) }
    }

    /// Warns of rules whose last day is over.
    pub fn warn_of_expired(&mut self, now: Timestamp) {
        self.warnings.extend(self.rules.expired(now));
    }

    /// Takes another state directory than the text says: its snapshot, and its keys, unless the environment or
    /// `key_file` gave them.
    pub fn use_state(&mut self, directory: &Path) {
        let own_keys = self.state.as_ref().map(|state| KeySource::in_state(state));
        if self.keys == KeySource::Fresh || own_keys.as_ref() == Some(&self.keys) {
            self.keys = KeySource::in_state(directory);
        }
        match &mut self.snapshot {
            Some(snapshot) => directory.clone_into(&mut snapshot.directory),
            None if self.state.is_none() => self.snapshot = Some(state::Settings::in_directory(directory.to_owned())),
            None => {}
        }
        self.state = Some(directory.to_owned());
    }

    /// Every key that a configuration may have, array indices left out: `endpoint[].send`.
    pub fn known_keys() -> BTreeSet<String> {
        const EVERY_LIST: &str = "[[endpoint]]\n[[limit]]\n[[rule]]\n[[list]]\n[[budget.country]]\n[[captcha]]\n[[alerts.channel]]\n[[alert]]\n";
        compile_source(&Source::of_file(Path::new(""), EVERY_LIST), &|_| None, Cases::Left).1
    }
}

type Compiled = (Result<Config, Faulty>, BTreeSet<String>);

fn compile_source(source: &Source<'_>, environment: &dyn Fn(&str) -> Option<String>, cases: Cases) -> Compiled {
    let (table, syntax_errors) = DeTable::parse_recoverable(source.text());
    report_syntax(source, &syntax_errors);
    // What isn't TOML is guesswork to read; but a key that stands twice leaves the rest clear.
    let is_readable = syntax_errors.iter().all(|error| error.message() == "duplicate key");
    let config = if is_readable {
        Section::root(source, &table, |root| compile::read(root, source.text(), environment, cases))
    } else {
        None
    };
    let (problems, asked) = source.take();
    let config = match config {
        Some(config) if !problems.iter().any(Problem::is_error) => Ok(Config { warnings: problems, ..config }),
        Some(Config { mut files, rules, .. }) => {
            files.extend(source.take_unread());
            Err(Faulty { problems, files, patterns: rules.patterns })
        }
        None => Err(Faulty { problems, files: source.take_unread(), ..Faulty::default() }),
    };
    (config, asked)
}

/// Notes the first syntax error of each line; those after it mostly follow from it.
fn report_syntax(source: &Source<'_>, errors: &[toml::de::Error]) {
    let mut lines = BTreeSet::new();
    let mut places: Vec<_> = errors.iter().map(|error| (error.span().unwrap_or_default(), error.message())).collect();
    places.sort_by_key(|(place, _)| place.start);
    for (place, message) in places {
        if lines.insert(source.line_of(place.start)) {
            source.error(Some(place), "", Fault::new(format!("this is not TOML: {message}")));
        }
    }
}
