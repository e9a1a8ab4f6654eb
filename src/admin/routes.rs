//! The paths of the admin address.

use std::sync::Arc;

use http::request;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{self, Answer, bad_request, error, json, wrong_method};
use super::{Cause, ConversionRow, EndpointStatus, Engine, Outcomes, Refused};
use super::{alerts, hot, lists};
use crate::alerts::deliver::Courier;
use crate::alerts::{Alarm, counted};
use crate::clock::Clock;
use crate::domain::{DecisionId, RevisionId, Verdict};
use crate::journal::{Journal, reader};
use crate::state::lists::Lists;
use crate::tasks::Tasks;
use crate::telemetry::{self, Metrics, TableStats, Totals};

/// Rows of one answer, unless `limit` says otherwise.
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 1000;

/// What the admin address shows and sets in motion.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Of the program.
    pub version: &'static str,
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// The decision log.
    pub journal: Arc<Journal>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The way in for outcomes.
    pub outcomes: Arc<Outcomes>,
    /// Alerts.
    pub alarm: Arc<Alarm>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The lists that people fill by hand.
    pub lists: Arc<Lists>,
    /// What carries alerts to their channels.
    pub courier: Courier,
    /// For work that blocks.
    pub tasks: Tasks,
}

#[derive(Serialize)]
struct Status {
    version: &'static str,
    revision: RevisionId,
    totals: Totals,
    endpoints: Vec<EndpointSummary>,
    open_sends: u64,
    tables: Vec<TableStats>,
    /// Those that go on.
    incidents: Vec<Value>,
    budgets: Vec<Value>,
}

#[derive(Serialize)]
struct EndpointSummary {
    #[serde(flatten)]
    status: EndpointStatus,
    sent: u32,
    conversion: Option<f64>,
}

impl Parts {
    /// Answers a request that may be answered. `body` is there for posts and deletes; `how` its sender is known.
    pub(super) async fn answer(
        &self,
        request: &request::Parts,
        body: Vec<u8>,
        (how, knows): (&'static str, bool),
    ) -> Answer {
        let path = request.uri.path();
        if path == lists::PATH {
            return lists::answer(self, request, body, how).await;
        }
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        if let Some(answer) = self.incidents(method, path, &body) {
            return answer;
        }
        let wanted =
            if matches!(path, "/api/outcomes" | "/api/reload" | alerts::TEST) { Method::POST } else { Method::GET };
        if *method != wanted {
            return wrong_method(if wanted == Method::GET { "GET, HEAD" } else { "POST" });
        }
        let query = request.uri.query();
        match path {
            "/healthz" => answer::with(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"),
            "/readyz" => self.ready(knows),
            "/metrics" => {
                let text = self.metrics.render(&self.engine.snapshot());
                answer::with(StatusCode::OK, telemetry::CONTENT_TYPE, text)
            }
            "/api/status" => json(StatusCode::OK, &self.status()),
            "/api/conversion" => self.conversion(query),
            "/api/decisions" => self.decisions(query),
            "/api/cells" => self.cells(query),
            "/api/outcomes" => self.take_outcomes(body).await,
            "/api/reload" => self.reload(how).await,
            "/api/revisions" => self.revisions(query).await,
            alerts::TEST => alerts::test(&self.courier, query).await,
            _ => match path.strip_prefix("/api/decisions/") {
                Some(id) => self.decision(id).await,
                None => error(StatusCode::NOT_FOUND, "not_found", "there is nothing at this path"),
            },
        }
    }

    /// What is wrong with a configuration quotes it, so only who `knows` the token reads that.
    fn ready(&self, knows: bool) -> Answer {
        let health = self.engine.health();
        let problems = match health.reload_problems {
            problems if knows || problems.is_empty() => problems,
            problems => vec![format!("{}; who brings the token is told which", counted(problems.len(), "problem"))],
        };
        let body = json!({
            "ready": true,
            "revision": self.engine.snapshot().revision,
            "upstream": health.upstream,
            "geo": health.geo,
            "journal": {
                "written": self.journal.directory().is_some(),
                "dropped": self.metrics.totals().journal_dropped,
            },
            "reload_problems": problems,
        });
        json(StatusCode::OK, &body)
    }

    fn status(&self) -> Status {
        let snapshot = self.engine.snapshot();
        let rows: Vec<ConversionRow> = self.engine.conversion().into_iter().filter(ConversionRow::is_whole).collect();
        let summary = |status: EndpointStatus| {
            let row = rows.iter().find(|row| row.endpoint == status.name);
            // Where nothing tells of verifications there is none to be missing.
            let is_seen = |row: &&ConversionRow| status.has_verify || row.verified > 0;
            let conversion = row.filter(is_seen).and_then(ConversionRow::conversion);
            let sent = row.map_or(0, |row| row.sent);
            EndpointSummary { status, sent, conversion }
        };
        Status {
            version: self.version,
            revision: snapshot.revision,
            totals: self.metrics.totals(),
            endpoints: self.engine.endpoints().into_iter().map(summary).collect(),
            open_sends: snapshot.open_sends,
            tables: snapshot.tables,
            incidents: self.open_incidents(),
            budgets: self.budgets(),
        }
    }

    fn conversion(&self, query: Option<&str>) -> Answer {
        let query = match Query::read(query, &["limit", "endpoint"]) {
            Ok(query) => query,
            Err(answer) => return *answer,
        };
        let mut rows = self.engine.conversion();
        rows.retain(|row| query.endpoint.as_ref().is_none_or(|endpoint| **endpoint == *row.endpoint));
        rows.truncate(query.limit);
        json(StatusCode::OK, &json!({"window": "24h", "conversion": rows}))
    }

    fn decisions(&self, query: Option<&str>) -> Answer {
        let query = match Query::read(query, &["limit", "verdict", "endpoint"]) {
            Ok(query) => query,
            Err(answer) => return *answer,
        };
        let entries = self.journal.recent().newest(query.limit, |entry| {
            query.verdict.as_ref().is_none_or(|verdict| *verdict == entry.decision.verdict.name())
                && query.endpoint.as_ref().is_none_or(|endpoint| **endpoint == *entry.decision.endpoint)
        });
        json(StatusCode::OK, &json!({"decisions": entries}))
    }

    /// What is hot now, by the reasons of the decisions in memory.
    fn cells(&self, query: Option<&str>) -> Answer {
        let query = match Query::read(query, &["limit", "kind"]) {
            Ok(query) => query,
            Err(answer) => return *answer,
        };
        let entries = self.journal.recent().newest(usize::MAX, |entry| !entry.decision.reasons.is_empty());
        let cells = hot::cells(&entries, query.kind.as_deref(), query.limit);
        let since = entries.last().map(|entry| entry.decision.at);
        json(StatusCode::OK, &json!({"decisions": entries.len(), "since": since, "cells": cells}))
    }

    async fn decision(&self, id: &str) -> Answer {
        let Ok(id) = id.parse::<DecisionId>() else {
            return bad_request(
                "bad_id",
                "a decision id has 23 letters and digits, as in the sendwall-decision header",
            );
        };
        if let Some(entry) = self.journal.recent().find(id) {
            return json(StatusCode::OK, &entry);
        }
        let not_found = || {
            let message = "no such decision in memory or in the decision log; the log keeps them for a set time";
            error(StatusCode::NOT_FOUND, "not_found", message)
        };
        let Some(directory) = self.journal.directory().map(ToOwned::to_owned) else { return not_found() };
        match self.tasks.run_blocking(move || reader::find(&directory, id)).await {
            Some(Ok(records)) => joined(records).map_or_else(not_found, |record| json(StatusCode::OK, &record)),
            Some(Err(unreadable)) => {
                error(StatusCode::INTERNAL_SERVER_ERROR, "log_unreadable", &unreadable.to_string())
            }
            None => error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "looking for the decision failed"),
        }
    }

    async fn take_outcomes(&self, body: Vec<u8>) -> Answer {
        let outcomes = Arc::clone(&self.outcomes);
        match self.tasks.run_blocking(move || outcomes.take(&body)).await {
            Some(Ok(summary)) => json(StatusCode::OK, &summary),
            Some(Err(refused @ Refused::Malformed { .. })) => bad_request("malformed", &refused.to_string()),
            Some(Err(refused @ Refused::TooMany)) => {
                error(StatusCode::PAYLOAD_TOO_LARGE, "too_many_outcomes", &refused.to_string())
            }
            None => error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "taking the outcomes in failed"),
        }
    }

    async fn revisions(&self, query: Option<&str>) -> Answer {
        let limit = match Query::read(query, &["limit"]) {
            Ok(query) => query.limit,
            Err(answer) => return *answer,
        };
        let engine = Arc::clone(&self.engine);
        match self.tasks.run_blocking(move || engine.revisions(limit)).await {
            Some(Ok(revisions)) => json(StatusCode::OK, &json!({"revisions": revisions})),
            Some(Err(unread)) => error(StatusCode::INTERNAL_SERVER_ERROR, "history_unreadable", &unread.to_string()),
            None => error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "reading the history failed"),
        }
    }

    async fn reload(&self, who: &'static str) -> Answer {
        let engine = Arc::clone(&self.engine);
        let reload = Tasks::aside(move || engine.reload(&Cause::Api { who }));
        let Some(reloaded) = self.tasks.stopping().run_until_cancelled(reload).await else {
            return error(StatusCode::SERVICE_UNAVAILABLE, "stopping", "sendwall stops, and the reload has not ended");
        };
        match reloaded {
            Some(Ok(revision)) => json(StatusCode::OK, &json!({"revision": revision})),
            Some(Err(problems)) => json(
                StatusCode::UNPROCESSABLE_ENTITY,
                &json!({
                    "code": "reload_refused",
                    "message": "nothing was reloaded; the configuration before it stays in force",
                    "problems": problems,
                }),
            ),
            None => error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the reload failed; nothing has changed"),
        }
    }
}

/// The decision's record with the later ones as `became`, as [`crate::journal::Entry`] writes it.
fn joined(records: Vec<Value>) -> Option<Value> {
    let is_decision = |record: &Value| record.get("event").is_some_and(|event| event == "decision" || event == "try");
    let (mut decisions, became): (Vec<_>, Vec<_>) = records.into_iter().partition(is_decision);
    let mut decision = decisions.pop()?;
    decision.as_object_mut()?.insert("became".to_owned(), became.into());
    Some(decision)
}

pub(super) struct Query {
    pub(super) limit: usize,
    pub(super) list: Option<String>,
    verdict: Option<String>,
    endpoint: Option<String>,
    kind: Option<String>,
}

impl Query {
    /// Reads the parameters that a path knows. Unknown ones are refused: a misspelt filter would show everything.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, Box<Answer>> {
        let fault = |message: &str| Box::new(bad_request("bad_query", message));
        let mut read = Self { limit: DEFAULT_LIMIT, list: None, verdict: None, endpoint: None, kind: None };
        for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let spaced = value.replace('+', " ");
            let value = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
            match name {
                _ if !known.contains(&name) => return Err(fault(&format!("this path knows {}", known.join(", ")))),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    read.limit = limit.ok_or_else(|| fault("limit is a number from 1 to 1000"))?;
                }
                "verdict" if !Verdict::NAMES.contains(&value.as_str()) => {
                    return Err(fault(&format!("verdict is one of {}", Verdict::NAMES.join(", "))));
                }
                "verdict" => read.verdict = Some(value),
                "kind" => read.kind = Some(value),
                "list" => read.list = Some(value),
                _ => read.endpoint = Some(value),
            }
        }
        Ok(read)
    }
}
