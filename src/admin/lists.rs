//! `/api/lists`: the lists that people fill by hand, shown and changed.
//!
//! What comes in may be a phone number, so no answer repeats it: faults name a place in the request.

use http::request;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{Answer, bad_request, error, json, wrong_method};
use super::routes::{Parts, Query};
use crate::domain::{ListName, Span, Timestamp};
use crate::lists::{CAPACITY, Entry};
use crate::state::lists::{Add, ChangeError, Lists, Remove, Who};

pub(super) const PATH: &str = "/api/lists";
/// The longest time that an entry may be for; more is no end.
const LONGEST: Span = Span::hours(24 * 400);

/// An entry as it is shown.
#[derive(Serialize)]
struct Row<'a> {
    id: u64,
    list: ListName,
    kind: &'static str,
    value: String,
    until: Option<Timestamp>,
    note: &'a str,
    added: Timestamp,
    by: &'a str,
    hits: u64,
}

impl<'a> Row<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            id: entry.id,
            list: entry.list,
            kind: entry.subject.kind(),
            value: entry.subject.value(),
            until: entry.until,
            note: &entry.note,
            added: entry.added,
            by: &entry.by,
            hits: entry.hits(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBody {
    list: String,
    entries: Vec<String>,
    #[serde(default, rename = "for")]
    span: Option<String>,
    #[serde(default)]
    until: Option<String>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    by: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemoveBody {
    list: String,
    #[serde(default)]
    entries: Vec<String>,
    #[serde(default)]
    ids: Vec<u64>,
    #[serde(default)]
    by: Option<String>,
}

/// Shows, adds or removes.
pub(super) async fn answer(parts: &Parts, request: &request::Parts, body: Vec<u8>, how: &'static str) -> Answer {
    match request.method {
        Method::GET | Method::HEAD => show(&parts.lists, request.uri.query()),
        Method::POST => {
            let lists = std::sync::Arc::clone(&parts.lists);
            blocking(parts, move || add(&lists, &body, how)).await
        }
        Method::DELETE => {
            let lists = std::sync::Arc::clone(&parts.lists);
            blocking(parts, move || remove(&lists, &body, how)).await
        }
        _ => wrong_method("GET, HEAD, POST, DELETE"),
    }
}

async fn blocking(parts: &Parts, work: impl FnOnce() -> Result<Answer, Box<Answer>> + Send + 'static) -> Answer {
    let failed = || error(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the change failed; look at `list show`");
    parts.tasks.run_blocking(work).await.map_or_else(failed, |answer| answer.unwrap_or_else(|fault| *fault))
}

/// Newest first.
fn show(lists: &Lists, query: Option<&str>) -> Answer {
    let query = match Query::read(query, &["limit", "list"]) {
        Ok(query) => query,
        Err(answer) => return *answer,
    };
    let list = match query.list.as_deref().map(list_of).transpose() {
        Ok(list) => list,
        Err(answer) => return *answer,
    };
    let book = lists.hand().book();
    let wanted = book.entries().rev().filter(|entry| list.is_none_or(|list| entry.list == list));
    let rows: Vec<Row<'_>> = wanted.take(query.limit).map(|entry| Row::of(entry)).collect();
    let body = json!({"entries": rows, "count": book.len(), "capacity": CAPACITY, "kept": lists.are_kept()});
    json(StatusCode::OK, &body)
}

fn add(lists: &Lists, body: &[u8], how: &'static str) -> Result<Answer, Box<Answer>> {
    let body: AddBody = read(body)?;
    let until = until(lists, body.span.as_deref(), body.until.as_deref())?;
    let add = Add { list: list_of(&body.list)?, subjects: body.entries, until, note: body.note };
    let added = lists.add(&add, &who(body.by, how)).map_err(|error| refused(&error))?;
    let rows: Vec<Row<'_>> = added.iter().map(|entry| Row::of(entry)).collect();
    Ok(json(StatusCode::OK, &json!({"added": rows, "kept": lists.are_kept()})))
}

fn remove(lists: &Lists, body: &[u8], how: &'static str) -> Result<Answer, Box<Answer>> {
    let body: RemoveBody = read(body)?;
    let remove = Remove { list: list_of(&body.list)?, subjects: body.entries, ids: body.ids };
    let removed = lists.remove(&remove, &who(body.by, how)).map_err(|error| refused(&error))?;
    let rows: Vec<Row<'_>> = removed.entries.iter().map(|entry| Row::of(entry)).collect();
    Ok(json(StatusCode::OK, &json!({"removed": rows, "missing": removed.missing})))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Box<Answer>> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!(
            "the body is not of this form: {{\"list\": \"deny\", \"entries\": [\"192.0.2.7\"], \"for\": \"2h\", \
             \"note\": \"...\"}}; the fault is at line {}, column {}",
            error.line(),
            error.column()
        );
        Box::new(bad_request("malformed", &message))
    })
}

fn list_of(name: &str) -> Result<ListName, Box<Answer>> {
    ListName::from_name(name).ok_or_else(|| Box::new(bad_request("unknown_list", "the lists are deny and allow")))
}

fn until(lists: &Lists, span: Option<&str>, until: Option<&str>) -> Result<Option<Timestamp>, Box<Answer>> {
    let bad = |message: &str| Box::new(bad_request("bad_end", message));
    match (span, until) {
        (Some(_), Some(_)) => Err(bad("give `for` or `until`, not both")),
        (None, None) => Ok(None),
        (Some(span), None) => {
            let span: Span = span.parse().map_err(|_no_span| bad("`for` is a number and a unit, such as 2h or 7d"))?;
            if span == Span::default() || span > LONGEST {
                return Err(bad("`for` is more than nothing and at most 400d; leave it out for an entry without end"));
            }
            Ok(Some(lists.now() + span))
        }
        (None, Some(until)) => {
            let bad = || bad("`until` is a time in RFC 3339, such as 2026-11-20T18:10:02Z");
            Timestamp::from_rfc3339(until).ok_or_else(bad).map(Some)
        }
    }
}

fn who(by: Option<String>, how: &'static str) -> Who {
    Who { by: by.filter(|by| !by.is_empty()).map_or_else(|| how.into(), Into::into), how }
}

fn refused(refusal: &ChangeError) -> Box<Answer> {
    let message = refusal.to_string();
    let (status, code) = match refusal {
        ChangeError::Faults(faults) => {
            let errors = faults.iter().map(|fault| json!({"index": fault.index, "message": fault.fault.to_string()}));
            let errors: Vec<_> = errors.collect();
            let body = json!({"code": "bad_entries", "message": message, "errors": errors});
            return Box::new(json(StatusCode::UNPROCESSABLE_ENTITY, &body));
        }
        ChangeError::Empty => (StatusCode::UNPROCESSABLE_ENTITY, "no_entries"),
        ChangeError::TooMany => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_entries"),
        ChangeError::Note(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_note"),
        ChangeError::By(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_by"),
        ChangeError::Ended => (StatusCode::UNPROCESSABLE_ENTITY, "bad_end"),
        ChangeError::Full(_) => (StatusCode::CONFLICT, "lists_full"),
        ChangeError::Write(_) => (StatusCode::INTERNAL_SERVER_ERROR, "not_written"),
    };
    Box::new(error(status, code, &message))
}
