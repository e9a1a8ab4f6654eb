//! A line of the audit: who did what to which entry, and when.

use serde::Serialize;

use super::change::Who;
use crate::domain::{ListName, Timestamp};
use crate::lists::Entry;

/// One deed. Version 1; a field's meaning never changes, new fields are added.
#[derive(Serialize)]
pub(super) struct Deed<'a> {
    v: u32,
    at: Timestamp,
    /// Who, by their own word.
    by: String,
    /// How sendwall knows them: `token`, `loopback`; `sendwall` for itself.
    how: &'static str,
    /// `add`, `remove`, `expire`, `damage`, `undone`.
    #[serde(rename = "do")]
    what: &'static str,
    #[serde(flatten)]
    entry: Option<EntryPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<usize>,
}

#[derive(Serialize)]
struct EntryPart<'a> {
    list: ListName,
    id: u64,
    kind: &'static str,
    value: String,
    until: Option<Timestamp>,
    note: &'a str,
}

impl<'a> Deed<'a> {
    pub(super) fn of(what: &'static str, entry: &'a Entry, at: Timestamp, who: &Who) -> Self {
        let part = EntryPart {
            list: entry.list,
            id: entry.id,
            kind: entry.subject.kind(),
            value: entry.subject.value(),
            until: entry.until,
            note: &entry.note,
        };
        Self { v: 1, at, by: who.by.as_ref().to_owned(), how: who.how, what, entry: Some(part), lost: None }
    }

    /// The lists could not be written: what was said last was not done.
    pub(super) fn undone(at: Timestamp) -> Self {
        let Who { by, how } = Who::sendwall();
        Self { v: 1, at, by: by.as_ref().to_owned(), how, what: "undone", entry: None, lost: None }
    }

    /// So many entries of the file were lost.
    pub(super) fn damage(lost: usize, at: Timestamp) -> Self {
        let Who { by, how } = Who::sendwall();
        Self { v: 1, at, by: by.as_ref().to_owned(), how, what: "damage", entry: None, lost: Some(lost) }
    }
}
