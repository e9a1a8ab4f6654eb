//! The lists in force, asked by every request and replaced by every change.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use dashmap::DashMap;

use super::book::Book;
use super::entry::Entry;
use super::names::Names;
use crate::domain::Facts;
use crate::privacy::{Pseudonym, RawPhone};

/// The lists in force. By default empty, and then no phone can be added.
#[derive(Debug, Default)]
pub struct Hand {
    book: ArcSwap<Book>,
    names: Names,
    /// Phones that stand under a former key and came by since: today's name to that one. As many as there are such
    /// phones, and no more than there are entries; [`Hand::renamed`] empties it.
    met: DashMap<Pseudonym, Pseudonym>,
}

impl Hand {
    /// These lists.
    pub fn new(book: Book, names: Names) -> Self {
        Self { book: ArcSwap::from_pointee(book), names, met: DashMap::new() }
    }

    /// The entry that decides about an attempt. Counts nothing.
    pub fn find(&self, facts: &Facts) -> Option<Arc<Entry>> {
        let book = self.book.load();
        if !book.has_former() {
            return book.find(facts).cloned();
        }
        let former = facts.phone().and_then(|phone| self.met.get(&phone.id).map(|former| *former));
        former.map_or_else(|| book.find(facts).cloned(), |former| book.find(&under(facts, former)).cloned())
    }

    /// A phone comes by. Where some phones stand under names of former keys, it is seen whether this is one of them: its
    /// number is known now, and at no other time.
    pub fn recognise(&self, phone: RawPhone, name: Pseudonym) {
        let book = self.book.load();
        if !book.has_former() || self.met.contains_key(&name) {
            return;
        }
        if let Some(former) = book.name_among(self.names.former(phone)) {
            self.met.insert(name, former);
        }
    }

    /// The lists with today's names for the phones that came by; `None` where that changes nothing.
    pub fn renamed(&self) -> Option<Book> {
        if self.met.is_empty() {
            return None;
        }
        let mut book = Book::clone(&self.book.load());
        for met in &self.met {
            book.rename(*met.value(), *met.key(), self.names.current());
        }
        Some(book)
    }

    /// The lists as they are.
    pub fn book(&self) -> Guard<Arc<Book>> {
        self.book.load()
    }

    /// The names that phones stand under.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Puts other lists in force.
    pub fn replace(&self, book: Book) {
        self.book.store(Arc::new(book));
        let book = self.book.load();
        self.met.retain(|_, former| book.name_among(std::iter::once(*former)).is_some());
    }
}

fn under(facts: &Facts, name: Pseudonym) -> Facts {
    use crate::domain::PhoneFact;
    let mut facts = facts.clone();
    if let PhoneFact::Present(phone) = &mut facts.phone {
        phone.id = name;
    }
    facts
}
