//! What becomes of the codes that went out, told to the admin address when it falls due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http_body_util::Full;

use super::connection::{Answer, Connection};
use super::{Error, Target};
use crate::domain::OutcomeKind;
use crate::privacy::Secret;
use crate::tasks::Tasks;
use crate::trace::Outcome;

/// Outcomes that wait; when it is full, later ones are never told.
const MOST_DUE: usize = 200_000;
/// Outcomes in one request.
const BATCH: usize = 1_000;
/// When a message that isn't delivered is reported, in milliseconds.
const REPORTED: u64 = 20_000;

/// Outcomes that wait for their time.
#[derive(Default)]
pub(super) struct Due(BinaryHeap<Reverse<(Duration, String, &'static str)>>);

impl Due {
    /// What becomes of a code that went out with this answer; nothing where none did.
    pub(super) fn add(&mut self, outcome: &Outcome, answer: &Answer, now: Duration, speed: f64) {
        let decision = answer.headers.get("sendwall-decision").and_then(|value| value.to_str().ok());
        let Some(decision) = decision.filter(|_| answer.status.as_u16() < 400) else { return };
        let delivery = if outcome.delivered { OutcomeKind::Delivered } else { OutcomeKind::Undelivered };
        let delivered_at = if outcome.delivered { outcome.delivery_ms } else { Some(REPORTED) };
        for (kind, after) in [(delivery, delivered_at), (OutcomeKind::Verified, outcome.verify_ms)] {
            if let Some(after) = after
                && self.0.len() < MOST_DUE
            {
                let at = now + Duration::from_millis(after).div_f64(speed);
                self.0.push(Reverse((at, decision.to_owned(), kind.name())));
            }
        }
    }

    /// The time of the first.
    pub(super) fn first(&self) -> Option<Duration> {
        self.0.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Takes what is due out.
    pub(super) fn take(&mut self, now: Duration) -> Vec<serde_json::Value> {
        let mut due = Vec::new();
        while self.first().is_some_and(|at| at <= now) {
            if let Some(Reverse((_, decision, kind))) = self.0.pop() {
                due.push(serde_json::json!({ "outcome": kind, "decision": decision }));
            }
        }
        due
    }
}

/// Tells them.
pub(super) struct Teller {
    target: Target,
    token: Option<Secret>,
    connection: Connection,
}

impl Teller {
    /// To this admin address.
    pub(super) fn new(target: Target, token: Option<Secret>) -> Self {
        Self { target, token, connection: Connection::to(target, &Tasks::new()) }
    }

    /// Tells these.
    pub(super) async fn tell(&mut self, outcomes: Vec<serde_json::Value>) -> Result<(), Error> {
        for batch in outcomes.chunks(BATCH) {
            let body = serde_json::json!({ "outcomes": batch }).to_string();
            let mut request = Request::post("/api/outcomes")
                .header(HOST, self.target.address().to_string())
                .header(CONTENT_TYPE, "application/json");
            if let Some(token) = &self.token {
                request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            let failed = |source| Error::Admin { target: self.target, source };
            let request = request.body(Full::new(Bytes::from(body))).map_err(|error| failed(error.into()))?;
            let answer = self.connection.exchange(request).await.map_err(failed)?;
            if !answer.status.is_success() {
                return Err(Error::Refused { target: self.target, status: answer.status.as_u16() });
            }
        }
        Ok(())
    }
}
