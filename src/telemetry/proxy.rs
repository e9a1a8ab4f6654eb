//! What the proxy counts.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// A number that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(counter::Counter<u64>);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0.inc();
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// Something that is so or not.
#[derive(Clone, Debug, Default)]
pub struct Flag(Gauge<u64, AtomicU64>);

impl Flag {
    /// Makes it so or not, and gives what it was.
    pub fn set(&self, on: bool) -> bool {
        self.0.set(u64::from(on)) != 0
    }

    /// What it is.
    pub fn get(&self) -> bool {
        self.0.get() != 0
    }
}

/// Everything that the proxy counts, since the start of the process.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections that were accepted.
    pub connections_opened: Counter,
    /// Connections that have ended. Those open now are the difference.
    pub connections_closed: Counter,
    /// Connections that ended before their first request could be read: TLS handshake, PROXY header, time-out.
    pub handshakes_failed: Counter,
    /// Requests that were passed through unjudged.
    pub requests_passed: Counter,
    /// Requests for a code.
    pub requests_send: Counter,
    /// Tries of a code.
    pub requests_try: Counter,
    /// Requests for sendwall's own paths.
    pub requests_own: Counter,
    /// Requests that no proxy may forward: two hosts, broken framing.
    pub requests_malformed: Counter,
    /// Connections that were upgraded (WebSocket).
    pub upgrades: Counter,
    /// Answers by the first digit of their status: 1 to 5.
    pub answers: [Counter; 5],
    /// Connections opened to the upstream.
    pub upstream_connections: Counter,
    /// Requests that were sent again because an idle connection had been closed meanwhile.
    pub upstream_retries: Counter,
    /// Whether the last request to the upstream failed.
    pub upstream_down: Flag,
    /// The upstream refused the connection, or its name or certificate was wrong.
    pub upstream_unreachable: Counter,
    /// All connections that the upstream may have were busy for too long.
    pub upstream_full: Counter,
    /// The upstream took too long to accept or to answer.
    pub upstream_timeout: Counter,
    /// The upstream closed the connection, or broke the protocol, before its answer had begun.
    pub upstream_broken: Counter,
    /// The upstream's answer broke off or paused for too long.
    pub upstream_cut: Counter,
    /// Client bodies that paused for too long.
    pub clients_stalled: Counter,
    /// Answers that were read to their end after the client had gone, so that a send counts.
    pub settled_without_client: Counter,
    /// Visit cookies that were set.
    pub visits_set: Counter,
    /// Certificates that were read again.
    pub certificates_loaded: Counter,
    /// Changed certificate files that can't be used; the old ones stay.
    pub certificates_refused: Counter,
}

impl Counters {
    /// All at zero, and shown under these names.
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let requests = Labelled::new(registry, "requests", "Requests, by what they were to sendwall");
        let answers = Labelled::new(registry, "answers", "Answers to clients, by class of their status");
        let upstream = Labelled::new(registry, "upstream_errors", "Requests that the upstream did not answer in full");
        let upstream_down = Flag::default();
        registry.register("upstream_down", "1 where the last request to the upstream failed", upstream_down.0.clone());
        let mut plain = |name, help| {
            let counter = Counter::default();
            registry.register(name, help, counter.0.clone());
            counter
        };
        Self {
            connections_opened: plain("connections_opened", "Client connections accepted"),
            connections_closed: plain("connections_closed", "Client connections that have ended"),
            handshakes_failed: plain("handshakes_failed", "Connections that ended before their first request"),
            requests_passed: requests.with("kind", "pass"),
            requests_send: requests.with("kind", "send"),
            requests_try: requests.with("kind", "try"),
            requests_own: requests.with("kind", "own"),
            requests_malformed: requests.with("kind", "malformed"),
            upgrades: plain("upgrades", "Connections that were upgraded, to WebSocket mostly"),
            answers: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(|class| answers.with("class", class)),
            upstream_connections: plain("upstream_connections", "Connections opened to the upstream"),
            upstream_retries: plain("upstream_retries", "Requests sent again on a new connection"),
            upstream_down,
            upstream_unreachable: upstream.with("kind", "unreachable"),
            upstream_full: upstream.with("kind", "full"),
            upstream_timeout: upstream.with("kind", "timeout"),
            upstream_broken: upstream.with("kind", "broken"),
            upstream_cut: upstream.with("kind", "cut"),
            clients_stalled: plain("clients_stalled", "Client bodies that paused for too long"),
            settled_without_client: plain("settled_without_client", "Sends settled after their client had gone"),
            visits_set: plain("visits_set", "Visit cookies that were set"),
            certificates_loaded: plain("certificates_loaded", "Certificates that were read again"),
            certificates_refused: plain("certificates_refused", "Changed certificate files that cannot be used"),
        }
    }

    /// An answer went out. Statuses outside 100 to 599 don't count.
    pub fn answered(&self, status: u16) {
        if let Some(counter) = usize::from(status / 100).checked_sub(1).and_then(|index| self.answers.get(index)) {
            counter.add();
        }
    }
}

/// One label, of a closed set of values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Label(&'static str, &'static str);

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        [(self.0, self.1)].encode(encoder)
    }
}

struct Labelled(Family<Label, counter::Counter<u64>>);

impl Labelled {
    fn new(registry: &mut Registry, name: &'static str, help: &'static str) -> Self {
        let family = Family::default();
        registry.register(name, help, family.clone());
        Self(family)
    }

    fn with(&self, label: &'static str, value: &'static str) -> Counter {
        Counter(self.0.get_or_create_owned(&Label(label, value)))
    }
}
