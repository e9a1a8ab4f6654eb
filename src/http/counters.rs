//! What the proxy counts. The app maps these to its metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
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
    /// The upstream refused the connection, or its name or certificate was wrong.
    pub upstream_unreachable: Counter,
    /// The upstream took too long to accept or to answer, or all connections to it were busy for too long.
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
    pub(crate) fn answered(&self, status: http::StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = class.checked_sub(1).and_then(|index| self.answers.get(index)) {
            counter.add();
        }
    }
}
