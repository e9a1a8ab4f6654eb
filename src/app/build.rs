//! A configuration to a gate.

use std::sync::Arc;

use crate::admin;
use crate::cells::Cells;
use crate::challenge::captcha::{Setup, Way};
use crate::challenge::{self, Challenges, Secrets};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{RevisionId, Timestamp};
use crate::extract::visit::Signer;
use crate::extract::{Request, Router};
use crate::gate::{Endpoint, Explanation, Gate, Ids, Parts, Revision, Tell, Visits};
use crate::geo::Geo;
use crate::http::{self, VisitCookies};
use crate::journal::{self, Journal};
use crate::limits::{self, Store};
use crate::lists::Names;
use crate::net::{Client, TlsError};
use crate::numbering::Numbering;
use crate::privacy::{KeyRing, KeyRingError, Pseudonyms, Purpose};
use crate::ruleset::RuleSet;
use crate::state::lists::Lists;
use crate::state::{self, Kept, Snapshots};
use crate::telemetry::Metrics;

/// Why sendwall doesn't start.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what its part says")]
pub enum Error {
    #[error(transparent)]
    State(#[from] state::HoldError),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Limits(#[from] limits::Error),
    #[error(transparent)]
    Lists(#[from] state::lists::Unread),
    #[error("the snapshot cannot be used: {0}")]
    Snapshot(#[from] state::Refusal),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error("captcha providers and receivers of alerts cannot be asked: {0}")]
    Outbound(#[from] TlsError),
    #[error(transparent)]
    Admin(#[from] admin::Error),
    #[error("the system gives no random bytes: {0}")]
    NoEntropy(String),
    #[error("the runtime does not start: {0}")]
    Runtime(std::io::Error),
}

impl Error {
    /// When the snapshot was written, where that is later than the clock shows.
    pub fn snapshot_to_come(&self) -> Option<Timestamp> {
        match self {
            Self::Snapshot(state::Refusal::Future { created }) => Some(*created),
            _ => None,
        }
    }
}

/// A gate and the counters that its revisions share.
pub(super) struct Built {
    pub(super) gate: Gate,
    pub(super) store: Store,
}

/// What each start has of its own.
pub(super) struct Start {
    /// Names of decisions.
    ids: Ids,
    /// Draws what clients have to find.
    seed: [u8; 32],
    /// Challenges and passes of before count no more.
    since: Timestamp,
}

impl Start {
    /// One that nobody can foresee.
    pub(super) fn fresh(since: Timestamp) -> Result<Self, Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| Error::NoEntropy(error.to_string()))?;
        Ok(Self { ids: ids()?, seed, since })
    }
}

pub(super) fn gate(
    config: &Config,
    keys: &KeyRing,
    start: Start,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    journal: &Arc<Journal>,
) -> Result<Built, Error> {
    let mut seed = [0; 8];
    seed.copy_from_slice(&keys.derive(Purpose::Cells)[..8]);
    let memory = usize::try_from(config.limits.memory).unwrap_or(usize::MAX);
    let store = Store::new(memory);
    let names = Pseudonyms::new(&keys.derive(Purpose::Pseudonyms));
    let gate = Gate::new(Parts {
        revision: revision(config, 1, &store, &names, None)?,
        names,
        visits: config.http.visit.as_ref().map(|visit| Visits {
            cookie: Arc::clone(&visit.name),
            signer: Signer::new(&keys.derive_all(Purpose::Visit)),
        }),
        geo: Arc::new(Geo::open(&config.geo)),
        clock: Arc::clone(clock),
        ids: start.ids,
        sessions: config.sessions,
        challenges: Arc::new(Challenges::new(challenge::Parts {
            secrets: Secrets::of(keys),
            seed: start.seed,
            memory: config.challenge_memory,
            since: start.since,
            counters: Arc::clone(metrics.challenges()),
        })),
        cells: Cells::new(&config.cells, u64::from_le_bytes(seed)).named_from(clock.now()),
        tell: Tell { metrics: Arc::clone(metrics), journal: Arc::clone(journal) },
    });
    Ok(Built { gate, store })
}

/// What a reload replaces. `asking` is what asked captchas' providers before.
pub(super) fn revision(
    config: &Config,
    number: u32,
    store: &Store,
    names: &Pseudonyms,
    asking: Option<&Client>,
) -> Result<Revision, Error> {
    Ok(Revision {
        id: RevisionId { number, hash: config.hash },
        router: Router::new(config.routes.clone()),
        endpoints: config.endpoints.clone(),
        trusted: config.trusted_proxies.clone(),
        numbering: Arc::new(Numbering::new(config.prices.clone())),
        kinds: config.kinds.clone(),
        prior: config.prior.clone(),
        shadow: config.shadow.clone(),
        ja4: config.ja4_header.clone(),
        rules: rules(config, names),
        challenge: config.challenge.clone(),
        captcha: Setup { client: client(config, asking)?, inbound: config.inbound.clone() },
        limits: store.prepare(&config.limits.limits)?,
        budgets: config.budgets.clone(),
    })
}

/// What asks captchas' providers, where there are any.
fn client(config: &Config, before: Option<&Client>) -> Result<Option<Client>, TlsError> {
    let is_asked = |endpoint: &Endpoint| endpoint.captcha.iter().any(|way| matches!(way, Way::Provider(_)));
    if !config.endpoints.iter().any(is_asked) {
        return Ok(None);
    }
    match before.filter(|client| client.is_for(&config.outbound)) {
        Some(client) => Ok(Some(client.clone())),
        None => Client::new(config.outbound.clone()).map(Some),
    }
}

fn rules(config: &Config, names: &Pseudonyms) -> RuleSet {
    let endpoints: Vec<_> = config.endpoints.iter().map(|endpoint| Arc::clone(&endpoint.name)).collect();
    config.rules.compile(names, &endpoints)
}

/// A gate without listeners, under keys and a seed that never change: for replays, benches and tests.
pub fn offline(
    config: &Config,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    journal: &Arc<Journal>,
) -> Result<Gate, Error> {
    let start = Start { ids: Ids::new(1), seed: [1; 32], since: Timestamp::default() };
    Ok(gate(config, &KeyRing::fixed(1), start, clock, metrics, journal)?.gate)
}

/// What would be decided about `request` under `config` at the time that `clock` shows, with the counters of the last
/// snapshot, which is only read; and when that was written. Without one all counters are empty.
pub fn explain(
    config: &Config,
    clock: &Arc<dyn Clock>,
    request: &Request<'_>,
) -> Result<(Explanation, Option<Kept>), Error> {
    // A key file that isn't there isn't made: explaining leaves no trace.
    let keys = match config.keys.path() {
        Some(path) if !path.exists() => KeyRing::generate()?,
        _ => config.keys.load()?.0,
    };
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"), Arc::clone(clock)));
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    // What the running process spent isn't known here, so a pass is shown as if it weren't.
    let start = Start::fresh(Timestamp::default())?;
    let Built { gate, store } = gate(config, &keys, start, clock, &metrics, &journal)?;
    let kept = match &config.snapshot {
        Some(settings) => {
            let snapshots =
                Snapshots::new(settings.clone(), &keys.derive(Purpose::Snapshot), Arc::clone(clock), metrics);
            snapshots.peek(&super::engine::kept(&gate, &store))?
        }
        None => None,
    };
    let gate = gate.with_lists(Arc::new(Lists::peek(config.state.as_deref(), Names::new(&keys))?));
    gate.advance_to_now();
    Ok((gate.explain(&gate.revision(), request), kept))
}

/// The visit cookies that the proxy sets.
pub(super) fn visit_cookies(
    config: &Config,
    keys: &KeyRing,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<dyn VisitCookies>>, Error> {
    if config.http.visit.is_none() {
        return Ok(None);
    }
    let signer = Signer::new(&keys.derive_all(Purpose::Visit));
    Ok(Some(Arc::new(Cookies { signer, clock: Arc::clone(clock), ids: ids()? })))
}

#[derive(Debug)]
struct Cookies {
    signer: Signer,
    clock: Arc<dyn Clock>,
    ids: Ids,
}

impl VisitCookies for Cookies {
    fn mint(&self) -> String {
        self.signer.mint(self.clock.now(), self.ids.random())
    }

    fn is_valid(&self, value: &str) -> bool {
        self.signer.read(value.as_bytes()).1.is_some()
    }
}

/// Ids that nobody can foresee.
pub(super) fn ids() -> Result<Ids, Error> {
    getrandom::u64().map(Ids::new).map_err(|error| Error::NoEntropy(error.to_string()))
}
