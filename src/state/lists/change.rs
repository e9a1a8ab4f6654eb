//! A change of the lists: all of it happens, or none.

use std::sync::Arc;

use super::Lists;
use super::audit::Deed;
use crate::domain::{ListName, Timestamp};
use crate::lists::{BadText, Book, Entry, Full, Given, MAX_BY, MAX_NOTE, NotListable, Terms, Wanted, check_text};

/// Subjects of one change.
const MAX_SUBJECTS: usize = 10_000;

/// Who changes a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// By their own word.
    pub by: Arc<str>,
    /// How sendwall knows them: `token`, `loopback`; `sendwall` for itself.
    pub how: &'static str,
}

impl Who {
    /// sendwall itself.
    pub fn sendwall() -> Self {
        Self { by: "sendwall".into(), how: "sendwall" }
    }
}

/// Subjects to add, as they were written. May hold raw numbers.
#[expect(missing_debug_implementations, reason = "may hold raw numbers")]
pub struct Add {
    /// To which list.
    pub list: ListName,
    /// What.
    pub subjects: Vec<String>,
    /// Until when; `None`: until somebody takes them out.
    pub until: Option<Timestamp>,
    /// Why.
    pub note: String,
}

/// Subjects and numbers of entries to take out. May hold raw numbers.
#[expect(missing_debug_implementations, reason = "may hold raw numbers")]
pub struct Remove {
    /// From which list.
    pub list: ListName,
    /// By what they name.
    pub subjects: Vec<String>,
    /// By their numbers.
    pub ids: Vec<u64>,
}

/// What a removal did.
#[derive(Debug)]
pub struct Removed {
    /// Entries that are gone.
    pub entries: Vec<Arc<Entry>>,
    /// Places, in the order of subjects and then numbers, of those that were not there.
    pub missing: Vec<usize>,
}

/// What is wrong with one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its place in the change, from 0.
    pub index: usize,
    /// What is wrong.
    pub fault: NotListable,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// These can't stand in a list.
    #[error("{} of the entries can't stand in a list, so none was changed", .0.len())]
    Faults(Vec<Fault>),
    /// Nothing was named.
    #[error("no entry is named; write at least one")]
    Empty,
    /// Too many at once.
    #[error("more than {MAX_SUBJECTS} entries at once; send them in smaller changes")]
    TooMany,
    /// The note can't be kept.
    #[error("the note can't be kept: {0}")]
    Note(BadText),
    /// The name can't be kept.
    #[error("the name of who changes the list can't be kept: {0}")]
    By(BadText),
    /// It would end before it begins.
    #[error("the end lies in the past; leave it out for an entry without end")]
    Ended,
    /// No room.
    #[error(transparent)]
    Full(#[from] Full),
    /// The disk says no. What was in force stays in force.
    #[error("the change could not be written, so it was not made: {0}")]
    Write(#[from] std::io::Error),
}

impl Lists {
    /// Adds subjects, or changes until when and why they stand there. Blocks until it is on disk.
    pub fn add(&self, add: &Add, who: &Who) -> Result<Vec<Arc<Entry>>, ChangeError> {
        check_text(&add.note, MAX_NOTE).map_err(ChangeError::Note)?;
        check_text(&who.by, MAX_BY).map_err(ChangeError::By)?;
        let given = self.read(&add.subjects)?;
        if given.is_empty() {
            return Err(ChangeError::Empty);
        }
        let _changing = self.changing.lock();
        let now = self.clock.now();
        if add.until.is_some_and(|until| until <= now) {
            return Err(ChangeError::Ended);
        }
        let terms = Terms { until: add.until, note: add.note.as_str().into(), added: now, by: Arc::clone(&who.by) };
        let mut book = Book::clone(&self.hand.book());
        let added = book.add(add.list, &given, self.hand.names(), &terms)?;
        self.put_in_force(book, added.iter().map(|entry| Deed::of("add", entry, now, who)))?;
        Ok(added)
    }

    /// Takes entries out. Blocks until it is on disk.
    pub fn remove(&self, remove: &Remove, who: &Who) -> Result<Removed, ChangeError> {
        check_text(&who.by, MAX_BY).map_err(ChangeError::By)?;
        let given = self.read(&remove.subjects)?;
        let wanted = given.into_iter().map(Wanted::Given).chain(remove.ids.iter().map(|id| Wanted::Id(*id)));
        let wanted: Vec<_> = wanted.collect();
        match wanted.len() {
            0 => return Err(ChangeError::Empty),
            1..=MAX_SUBJECTS => {}
            _ => return Err(ChangeError::TooMany),
        }
        let _changing = self.changing.lock();
        let now = self.clock.now();
        let mut book = Book::clone(&self.hand.book());
        let mut removed = Removed { entries: Vec::new(), missing: Vec::new() };
        for (index, wanted) in wanted.iter().enumerate() {
            match book.remove(remove.list, wanted, self.hand.names()) {
                Some(entry) => removed.entries.push(entry),
                None => removed.missing.push(index),
            }
        }
        if !removed.entries.is_empty() {
            self.put_in_force(book, removed.entries.iter().map(|entry| Deed::of("remove", entry, now, who)))?;
        }
        Ok(removed)
    }

    fn read(&self, subjects: &[String]) -> Result<Vec<Given>, ChangeError> {
        if subjects.len() > MAX_SUBJECTS {
            return Err(ChangeError::TooMany);
        }
        let (mut given, mut faults) = (Vec::with_capacity(subjects.len()), Vec::new());
        for (index, subject) in subjects.iter().enumerate() {
            match Given::parse(subject, &self.numbering) {
                Ok(subject) => given.push(subject),
                Err(fault) => faults.push(Fault { index, fault }),
            }
        }
        if faults.is_empty() { Ok(given) } else { Err(ChangeError::Faults(faults)) }
    }
}
