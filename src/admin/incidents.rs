//! Incidents, silences and budgets: shown, acknowledged, begun, ended, reset.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::Parts;
use super::answer::{Answer, bad_request, error, json, wrong_method};
use crate::alerts::{Acknowledged, AlertKind, Incident, IncidentId, MATCHED, Severity, Silence, Status};
use crate::domain::{Country, Span, Timestamp};
use crate::lists::check_text;

/// Longest text that a person gives.
const TEXT: usize = 500;
/// Longest silence.
const LONGEST: Span = Span::hours(24 * 30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AckInput {
    #[serde(default)]
    by: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SilenceInput {
    #[serde(default)]
    matches: BTreeMap<String, String>,
    #[serde(rename = "for")]
    span: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetInput {
    country: Option<String>,
}

impl Parts {
    /// Answers what is asked about incidents, silences and budgets; `None`: something else is asked.
    pub(super) fn incidents(&self, method: &Method, path: &str, body: &[u8]) -> Option<Answer> {
        let rest = path.strip_prefix("/api/")?;
        let parts: Vec<&str> = rest.split('/').collect();
        let (get, post) = (*method == Method::GET, *method == Method::POST);
        let answer = match (parts.as_slice(), get, post) {
            (["incidents"], true, _) => self.list(),
            (["incidents", id], true, _) => self.with(id, |incident| self.shown(incident)),
            (["incidents", id, "ack"], _, true) => self.acknowledge(id, body),
            (["silences"], true, _) => {
                json(StatusCode::OK, &json!({"silences": self.alarm.silences(self.clock.now())}))
            }
            (["silences"], _, true) => self.silence(body),
            (["silences", id, "end"], _, true) => self.unsilence(id),
            (["budgets"], true, _) => json(StatusCode::OK, &json!({"budgets": self.budgets()})),
            (["budgets", "reset"], _, true) => self.reset_budgets(body),
            (["incidents" | "budgets"] | ["incidents", _], ..) => wrong_method("GET, HEAD"),
            (["silences"], ..) => wrong_method("GET, HEAD, POST"),
            (["incidents", _, "ack"] | ["silences", _, "end"] | ["budgets", "reset"], ..) => wrong_method("POST"),
            _ => return None,
        };
        Some(answer)
    }

    /// The newest first, without timelines and evidence.
    fn list(&self) -> Answer {
        let incidents: Vec<_> = self.alarm.incidents().iter().map(|incident| self.brief(incident)).collect();
        json(StatusCode::OK, &json!({"incidents": incidents}))
    }

    /// An incident in a line.
    pub(super) fn brief(&self, incident: &Incident) -> serde_json::Value {
        json!({
            "id": incident.id,
            "kind": incident.kind,
            "rule": incident.rule,
            "severity": incident.severity,
            "labels": incident.labels(),
            "open": incident.is_open(),
            "started": incident.started,
            "ended": incident.ended,
            "acknowledged": incident.acknowledged,
            "silenced": incident.silenced,
            "summary": incident.summary(Status::Firing, &self.alarm.currency()),
        })
    }

    /// Those that go on, in a line each.
    pub(super) fn open_incidents(&self) -> Vec<serde_json::Value> {
        let incidents = self.alarm.incidents();
        incidents.iter().filter(|incident| incident.is_open()).map(|incident| self.brief(incident)).collect()
    }

    fn shown(&self, incident: &Incident) -> Answer {
        let mut whole = json!(incident);
        if let Some(whole) = whole.as_object_mut() {
            whole.insert("summary".to_owned(), incident.summary(Status::Firing, &self.alarm.currency()).into());
            whole.insert("currency".to_owned(), self.alarm.currency().into());
            whole.insert("open".to_owned(), incident.is_open().into());
        }
        json(StatusCode::OK, &whole)
    }

    fn with(&self, id: &str, then: impl FnOnce(&Incident) -> Answer) -> Answer {
        let incident = IncidentId::parse(id).and_then(|id| self.alarm.incident(&id));
        incident.map_or_else(no_incident, |incident| then(&incident))
    }

    fn acknowledge(&self, id: &str, body: &[u8]) -> Answer {
        let input: AckInput = match read(body) {
            Ok(input) => input,
            Err(answer) => return *answer,
        };
        if let Some(fault) = bad_text([("by", &input.by), ("note", &input.note)]) {
            return fault;
        }
        let acknowledged = Acknowledged { at: self.clock.now(), by: input.by, note: input.note };
        let incident = IncidentId::parse(id).and_then(|id| self.alarm.acknowledge(&id, acknowledged));
        incident.map_or_else(no_incident, |incident| json(StatusCode::OK, &self.brief(&incident)))
    }

    fn silence(&self, body: &[u8]) -> Answer {
        let input: SilenceInput = match read(body) {
            Ok(input) => input,
            Err(answer) => return *answer,
        };
        if let Some(name) = input.matches.keys().find(|name| !MATCHED.contains(&name.as_str())) {
            return bad_request("bad_matcher", &format!("{name:?} is not one of {}", MATCHED.join(", ")));
        }
        for (name, known) in
            [("kind", AlertKind::ALL.map(AlertKind::name).as_slice()), ("severity", &Severity::ALL.map(Severity::name))]
        {
            if let Some(value) = input.matches.get(name).filter(|value| !known.contains(&value.as_str())) {
                return bad_request("bad_matcher", &format!("{name} {value:?} is not one of {}", known.join(", ")));
            }
        }
        let Some(span) = input.span.parse().ok().filter(|span| (Span::minutes(1)..=LONGEST).contains(span)) else {
            return bad_request("bad_span", "`for` is a time from \"1m\" to \"30d\"");
        };
        if let Some(fault) = bad_text([("by", &input.by), ("note", &input.note)]) {
            return fault;
        }
        let from: Timestamp = self.clock.now();
        let SilenceInput { matches, by, note, .. } = input;
        let silence = Silence { id: 0, matches, from, until: from + span, by, note };
        match self.alarm.silence(silence) {
            Some(silence) => json(StatusCode::OK, &silence),
            None => error(StatusCode::CONFLICT, "too_many_silences", "there are a hundred silences already; end one"),
        }
    }

    fn unsilence(&self, id: &str) -> Answer {
        if id.parse().is_ok_and(|id| self.alarm.unsilence(id)) {
            return json(StatusCode::OK, &json!({"ended": true}));
        }
        error(StatusCode::NOT_FOUND, "not_found", "there is no silence of that number")
    }

    /// How far every budget is used.
    pub(super) fn budgets(&self) -> Vec<serde_json::Value> {
        let budget = |used: crate::budget::Use| {
            json!({
                "budget": used.name.measure.name(),
                "country": used.name.country,
                "used": used.used,
                "max": used.max,
                "strangers": used.bound,
            })
        };
        self.engine.budgets().into_iter().map(budget).collect()
    }

    fn reset_budgets(&self, body: &[u8]) -> Answer {
        let input: ResetInput = match if body.is_empty() { Ok(ResetInput { country: None }) } else { read(body) } {
            Ok(input) => input,
            Err(answer) => return *answer,
        };
        let country = match input.country.as_deref().map(str::parse::<Country>).transpose() {
            Ok(country) => country,
            Err(error) => return bad_request("bad_country", &error.to_string()),
        };
        self.engine.reset_budgets(country);
        json(StatusCode::OK, &json!({"budgets": self.budgets()}))
    }
}

fn no_incident() -> Answer {
    error(StatusCode::NOT_FOUND, "not_found", "there is no incident of that name; see /api/incidents")
}

/// What is not there is empty.
fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Box<Answer>> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Box::new(bad_request("malformed", &error.to_string())))
}

/// Refuses what may not be kept and shown in clear.
fn bad_text(texts: [(&str, &String); 2]) -> Option<Answer> {
    let fault = |(name, text): (&str, &String)| Some((name.to_owned(), check_text(text, TEXT).err()?));
    let (name, fault) = texts.into_iter().find_map(fault)?;
    Some(bad_request("bad_text", &format!("`{name}`: {fault}")))
}
