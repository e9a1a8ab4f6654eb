//! A gate from the text of a configuration, with nothing kept on disk.

use std::path::Path;
use std::sync::Arc;

use sendwall::cells::Cells;
use sendwall::challenge::{self, Challenges};
use sendwall::clock::{Clock, SystemClock};
use sendwall::config::Config;
use sendwall::domain::RevisionId;
use sendwall::extract::{Router, Rule};
use sendwall::gate::{Gate, Ids, Parts, Revision, Tell};
use sendwall::geo::Geo;
use sendwall::journal::Journal;
use sendwall::limits::Store;
use sendwall::numbering::{Numbering, PriceTable};
use sendwall::privacy::{KeyRing, Pseudonyms, Purpose};
use sendwall::telemetry::Metrics;

/// A gate, and the metrics that it tells.
pub(crate) struct Judge {
    pub(crate) gate: Arc<Gate>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A gate that protects nothing that a test asks for.
pub(crate) fn open_gate() -> Arc<Gate> {
    judge(OPEN).gate
}

/// The configuration of [`open_gate`].
pub(crate) const OPEN: &str = "[[endpoint]]\nname = \"never\"\nsend = \"POST /never/asked/for\"";

/// First lines of a configuration whose limits alone refuse: for tests that ask faster than people do.
pub(crate) const LIMITS_ALONE: &str = r#"
prior = "none"
cells.phone = { open_floor = 100000, rate_floor = 100000 }
cells.client = { open_floor = 100000, rate_floor = 100000 }
cells.address = { open_floor = 100000, rate_floor = 100000 }
cells.range = { open_floor = 100000, rate_floor = 100000 }
cells.network = { open_floor = 100000, rate_floor = 100000 }
cells.wide_range = { open_floor = 100000, rate_floor = 100000 }
cells.fingerprint = { open_floor = 100000, rate_floor = 100000 }
cells.system = { open_floor = 100000, rate_floor = 100000 }
cells.pair = { open_floor = 100000, rate_floor = 100000 }
cells.country = { open_floor = 100000, rate_floor = 100000 }
cells.new_countries = { open_floor = 100000, rate_floor = 100000 }
cells.endpoint = { open_floor = 100000, rate_floor = 100000 }
"#;

/// The gate of this configuration.
pub(crate) fn judge(text: &str) -> Judge {
    judge_at(text, Arc::new(SystemClock::start()))
}

/// The same on another clock.
pub(crate) fn judge_at(text: &str, clock: Arc<dyn Clock>) -> Judge {
    let text = format!("listen = \"127.0.0.1:0\"\nupstream = \"http://127.0.0.1:1\"\n{text}");
    let config = Config::compile(&text, Path::new("test.toml"), &|_| None).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let metrics = Arc::new(Metrics::new("test", Arc::clone(&clock)));
    let limits = config.limits.limits;
    let rules = config.routes.into_iter().map(|route| Rule {
        endpoint: route.endpoint,
        pattern: route.pattern,
        role: route.role,
        ignore_case: route.ignore_case,
    });
    let names = Pseudonyms::new(&KeyRing::fixed(7).derive(Purpose::Pseudonyms));
    let endpoints: Vec<_> = config.endpoints.iter().map(|endpoint| Arc::clone(&endpoint.name)).collect();
    let revision = Revision {
        rules: config.rules.compile(&names, &endpoints),
        id: RevisionId { number: 1, hash: config.hash },
        router: Router::new(rules.collect()),
        endpoints: config.endpoints,
        trusted: config.trusted_proxies,
        limits: Store::new(4 << 20).prepare(&limits).unwrap(),
        kinds: config.kinds,
        prior: config.prior,
        shadow: config.shadow,
        ja4: config.ja4_header,
        challenge: config.challenge,
        captcha: challenge::captcha::Setup::default(),
        budgets: config.budgets,
        numbering: Arc::new(Numbering::new(PriceTable::default())),
    };
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    let gate = Arc::new(Gate::new(Parts {
        revision,
        names,
        visits: None,
        geo: Arc::new(Geo::open(&config.geo)),
        clock,
        ids: Ids::new(7),
        sessions: 1000,
        cells: Cells::new(&config.cells, 1),
        challenges: Arc::new(Challenges::new(challenge::Parts::fixed(Arc::clone(metrics.challenges())))),
        tell: Tell { metrics: Arc::clone(&metrics), journal },
    }));
    Judge { gate, metrics }
}

/// A configuration where what a client looks like is all that counts: its cells never close.
pub(crate) fn looks_alone(rules: &str) -> String {
    LIMITS_ALONE.replace("prior = \"none\"\n", "") + rules
}
