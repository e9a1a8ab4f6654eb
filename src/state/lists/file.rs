//! The file of the lists: a line an entry, each with a checksum of its own, so that damage costs the lines that it hit
//! and no others.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::domain::{Country, ListName, MaskedPhone, Range, Timestamp};
use crate::lists::{Book, Entry, KeyName, Subject, Terms, network_of};
use crate::whole;

const FORMAT: u32 = 1;
const FIRST_LINE: &str = "# The lists that people fill by hand. Change them with `sendwall list`: a line that is edited \
                          here doesn't fit its checksum and is left out.";

/// Why the file is not read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The system doesn't give it.
    #[error("the lists in {path} cannot be read: {source}; give sendwall's user a state directory that it may read")]
    Io {
        /// The file.
        path: Box<Path>,
        /// What the system said.
        source: io::Error,
    },
    /// A later version wrote it.
    #[error(
        "the lists in {path} have format {found} and this version of sendwall reads format {FORMAT}; start the \
             version that wrote them, or move the file away"
    )]
    Format {
        /// The file.
        path: Box<Path>,
        /// Its format.
        found: u32,
    },
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) entries: Vec<Entry>,
    pub(super) next: u64,
    /// Lines that can't be used.
    pub(super) lost: usize,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    next: u64,
    entries: usize,
}

#[derive(Serialize, Deserialize)]
struct Line {
    id: u64,
    list: String,
    kind: String,
    /// As [`Subject::value`] shows it.
    value: String,
    /// The name of a phone, and of the key that it was made with.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    until: Option<String>,
    note: String,
    added: String,
    by: String,
}

/// Reads the file; none is an empty one.
pub(super) fn read(path: &Path) -> Result<Read, Unread> {
    let bytes = match fs::read(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        read => read.map_err(|source| Unread::Io { path: path.into(), source })?,
    };
    parse(path, &bytes)
}

/// Reads the bytes of the file.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Read, Unread> {
    let mut read = Read::default();
    let mut expected = None;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
        let Some(text) = checked(line) else {
            read.lost += 1;
            continue;
        };
        if let Ok(head) = serde_json::from_str::<Head>(text) {
            if head.format != FORMAT {
                return Err(Unread::Format { path: path.into(), found: head.format });
            }
            (read.next, expected) = (head.next, Some(head.entries));
        } else if let Some(entry) = serde_json::from_str::<Line>(text).ok().and_then(|line| line.entry()) {
            read.entries.push(entry);
        } else {
            read.lost += 1;
        }
    }
    // Lines that are gone altogether; without its first line nobody knows how many there were.
    let gone = expected.map_or(1, |expected| expected.saturating_sub(read.entries.len()));
    read.lost = read.lost.max(gone);
    Ok(read)
}

/// Writes the file anew.
pub(super) fn write(path: &Path, book: &Book) -> io::Result<()> {
    whole::replace(path, |out| {
        writeln!(out, "{FIRST_LINE}")?;
        put(out, &Head { format: FORMAT, next: book.next(), entries: book.len() })?;
        book.entries().try_for_each(|entry| put(out, &Line::of(entry)))
    })
}

fn put(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(line)?;
    writeln!(out, "{} {text}", sum(&text))
}

/// The first 64 bits of a SHA-256, in hexadecimal: against damage, not against whoever may write to the directory.
pub(super) fn sum(text: &str) -> String {
    let mut sum = hex::encode(digest(&SHA256, text.as_bytes()));
    sum.truncate(16);
    sum
}

/// The text of a line whose checksum fits.
fn checked(line: &[u8]) -> Option<&str> {
    let (wanted, text) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    (sum(text) == wanted).then_some(text)
}

impl Line {
    fn of(entry: &Entry) -> Self {
        let phone = match entry.subject {
            Subject::Phone { id, .. } => Some(id.to_string()),
            _ => None,
        };
        Self {
            id: entry.id,
            list: entry.list.name().to_owned(),
            kind: entry.subject.kind().to_owned(),
            value: entry.subject.value(),
            phone,
            key: entry.key.map(|key| key.to_string()),
            until: entry.until.map(|until| until.to_string()),
            note: entry.note.as_ref().to_owned(),
            added: entry.added.to_string(),
            by: entry.by.as_ref().to_owned(),
        }
    }

    fn entry(&self) -> Option<Entry> {
        let until = match &self.until {
            Some(until) => Some(Timestamp::from_rfc3339(until)?),
            None => None,
        };
        let terms = Terms {
            until,
            note: self.note.as_str().into(),
            added: Timestamp::from_rfc3339(&self.added)?,
            by: self.by.as_str().into(),
        };
        let key = match &self.key {
            Some(key) => Some(KeyName(u64::from_str_radix(key, 16).ok()?)),
            None => None,
        };
        Some(Entry::new(self.id, ListName::from_name(&self.list)?, self.subject()?, key, terms))
    }

    fn subject(&self) -> Option<Subject> {
        match self.kind.as_str() {
            "network" => network_of(&self.value).map(Subject::Network),
            "phone" => {
                let id = self.phone.as_ref()?.parse().ok()?;
                Some(Subject::Phone { id, shown: MaskedPhone::parse(&self.value)? })
            }
            "range" => {
                let digits = self.value.strip_prefix('+')?.strip_suffix('*')?;
                digits.parse().ok().map(|digits| Subject::Range(Range::new(digits)))
            }
            "country" => Country::new(&self.value).map(Subject::PhoneCountry),
            "address_country" => Country::new(self.value.strip_prefix("ip:")?).map(Subject::AddressCountry),
            _ => None,
        }
    }
}
