//! The lists that people fill by hand, on disk and in force: every change is written to the audit, then to the lists'
//! file, and only then takes effect and is answered.

mod audit;
mod change;
mod file;

pub use change::{Add, ChangeError, Fault, Remove, Removed, Who};
pub use file::Unread;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::aside;
use super::ledger::Ledger;
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::lists::{Book, Hand, Names};
use crate::numbering::Numbering;
use crate::telemetry::Metrics;
use crate::telemetry::events::{ListsDamaged, ListsFailed, ListsForgotten};
use audit::Deed;

/// The lists of one process.
#[derive(Debug)]
pub struct Lists {
    hand: Arc<Hand>,
    /// `None` where there is no state directory: then they last as long as the process.
    kept: Option<Kept>,
    /// Which numbers there are.
    numbering: Numbering,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// Held during a change, so that two never cross.
    changing: Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    path: PathBuf,
    audit: Ledger,
}

fn file_of(directory: &Path) -> PathBuf {
    directory.join("lists")
}

impl Lists {
    /// Those in the state directory. What is damaged is told and set aside, and the rest is in force.
    pub fn open(
        directory: Option<&Path>,
        names: Names,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Unread> {
        let kept = directory.map(|directory| Kept {
            path: file_of(directory),
            audit: Ledger::in_directory(directory, "lists.audit.jsonl"),
        });
        let book = match &kept {
            Some(kept) => {
                let read = file::read(&kept.path)?;
                let lost = read.lost;
                let forgotten = read.entries.iter().filter(|entry| entry.key.is_some_and(|key| !names.knows(key)));
                let forgotten = forgotten.count();
                let book = Book::of(read.entries, read.next, names.current());
                if lost > 0 {
                    repair(kept, &book, lost, &clock, &metrics);
                }
                if forgotten > 0 {
                    ListsForgotten { phones: forgotten }.emit(&metrics);
                }
                book
            }
            None => Book::default(),
        };
        let (hand, numbering) = (Arc::new(Hand::new(book, names)), Numbering::default());
        let lists = Self { hand, kept, numbering, clock, metrics, changing: Mutex::default() };
        lists.count();
        Ok(lists)
    }

    /// The lists of a state directory as they are there, for who only wants to look.
    pub fn peek(directory: Option<&Path>, names: Names) -> Result<Hand, Unread> {
        let Some(directory) = directory else { return Ok(Hand::new(Book::default(), names)) };
        let read = file::read(&file_of(directory))?;
        let book = Book::of(read.entries, read.next, names.current());
        Ok(Hand::new(book, names))
    }

    /// The lists in force.
    pub fn hand(&self) -> &Arc<Hand> {
        &self.hand
    }

    /// The time by which entries end.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether they outlive the process.
    pub fn are_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// The last changes, the newest first.
    pub fn audit(&self, count: usize) -> std::io::Result<Vec<Value>> {
        self.kept.as_ref().map_or_else(|| Ok(Vec::new()), |kept| kept.audit.newest(count))
    }

    /// Takes out what has ended, and gives phones that came by their names of today. To be called every few seconds.
    pub fn tend(&self) {
        let _changing = self.changing.lock();
        let today = self.hand.names().current();
        let renamed = self.hand.renamed();
        let now = self.clock.now();
        let ends = self.hand.book().entries().any(|entry| !entry.holds(now));
        if renamed.is_none() && !ends {
            return;
        }
        let mut book = renamed.unwrap_or_else(|| Book::clone(&self.hand.book()));
        let expired = book.expire(now, today);
        let deeds = expired.iter().map(|entry| Deed::of("expire", entry, now, &Who::sendwall()));
        // They have no effect any more in any case: what can't be written is tried again the next time, and told once it is.
        let written = self.kept.as_ref().map_or(Ok(()), |kept| {
            file::write(&kept.path, &book)?;
            kept.audit.append(deeds)
        });
        match written {
            Ok(()) => self.hold(book),
            Err(error) => ListsFailed { error: &error }.emit(&self.metrics),
        }
    }

    /// Nothing is in force that the audit doesn't hold.
    fn put_in_force<'d>(&self, book: Book, deeds: impl IntoIterator<Item = Deed<'d>>) -> std::io::Result<()> {
        if let Some(kept) = &self.kept {
            kept.audit.append(deeds)?;
            if let Err(error) = file::write(&kept.path, &book) {
                kept.audit.append([Deed::undone(self.clock.now())])?;
                return Err(error);
            }
        }
        self.hold(book);
        Ok(())
    }

    fn hold(&self, book: Book) {
        self.hand.replace(book);
        self.count();
    }

    fn count(&self) {
        let book = self.hand.book();
        self.metrics.lists().holds(book.entries().map(|entry| (entry.list, entry.subject.kind())));
    }
}

/// Keeps the damaged file under another name, and writes what is left of it.
fn repair(kept: &Kept, book: &Book, lost: usize, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) {
    let now = clock.now();
    let aside = aside::copy_aside(&kept.path, now);
    ListsDamaged { path: &kept.path, lost, left: book.len(), aside: aside.as_deref() }.emit(metrics);
    let written = kept.audit.append([Deed::damage(lost, now)]).and_then(|()| file::write(&kept.path, book));
    if let Err(error) = written {
        ListsFailed { error: &error }.emit(metrics);
    }
}

#[cfg(test)]
mod tests;
