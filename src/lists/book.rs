//! Both lists with all their entries, as one value that never changes: a change makes another.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::entry::{Entry, Terms};
use super::members::Members;
use super::names::{KeyName, Names};
use super::subject::{Given, Subject};
use crate::domain::{Facts, ListName, Timestamp};
use crate::privacy::{Pseudonym, RawPhone};

/// Entries of both lists together. More belong into a file of their own, which rules read.
pub const CAPACITY: usize = 100_000;

/// Both lists.
#[derive(Clone, Debug)]
pub struct Book {
    /// Number of the next entry.
    next: u64,
    entries: BTreeMap<u64, Arc<Entry>>,
    deny: Members<Arc<Entry>>,
    allow: Members<Arc<Entry>>,
    /// Phones that stand under a key before today's.
    former: usize,
}

impl Default for Book {
    fn default() -> Self {
        Self { next: 1, entries: BTreeMap::new(), deny: Members::default(), allow: Members::default(), former: 0 }
    }
}

/// What a change wants gone.
#[expect(missing_debug_implementations, reason = "holds a raw number")]
pub enum Wanted {
    /// The entry of this number.
    Id(u64),
    /// The entry of this subject.
    Given(Given),
}

/// Too many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the lists hold {CAPACITY} entries together and have no room for these; remove some, or put large sets into a \
     [[list]] of a rule file"
)]
pub struct Full;

impl Book {
    /// Puts entries together that were kept. `next` is at least the number after the last of them.
    pub fn of(entries: Vec<Entry>, next: u64, today: KeyName) -> Self {
        let mut book = Self { next: next.max(1), ..Self::default() };
        for entry in entries {
            book.next = book.next.max(entry.id + 1);
            book.put(Arc::new(entry), today);
        }
        book
    }

    /// The entry that decides about an attempt: the deny list's, else the allow list's.
    pub fn find(&self, facts: &Facts) -> Option<&Arc<Entry>> {
        let holds = |entry: &Arc<Entry>| entry.holds(facts.at);
        [&self.deny, &self.allow].into_iter().filter(|list| !list.is_empty()).find_map(|list| list.find(facts, holds))
    }

    /// Adds what was given, or changes the terms of what is there already. Gives the new entries in the order given.
    pub fn add(
        &mut self,
        list: ListName,
        given: &[Given],
        names: &Names,
        terms: &Terms,
    ) -> Result<Vec<Arc<Entry>>, Full> {
        let mut added = Vec::with_capacity(given.len());
        for given in given {
            let before = self.entry_of(list, given, names).map(|entry| entry.id);
            if let Some(before) = before {
                self.take(before, names.current());
            } else if self.entries.len() >= CAPACITY {
                return Err(Full);
            }
            let Some(today) = names.today() else { continue };
            let subject = given.named(today);
            let key = matches!(subject, Subject::Phone { .. }).then(|| names.current());
            let entry = Arc::new(Entry::new(self.next, list, subject, key, terms.clone()));
            self.next += 1;
            self.put(Arc::clone(&entry), names.current());
            added.push(entry);
        }
        Ok(added)
    }

    /// Takes an entry out; `None` where there is no such entry in that list.
    pub fn remove(&mut self, list: ListName, wanted: &Wanted, names: &Names) -> Option<Arc<Entry>> {
        let id = match wanted {
            Wanted::Id(id) => self.entries.get(id).filter(|entry| entry.list == list).map(|entry| entry.id),
            Wanted::Given(given) => self.entry_of(list, given, names).map(|entry| entry.id),
        };
        self.take(id?, names.current())
    }

    /// Takes out what has ended by `now`.
    pub fn expire(&mut self, now: Timestamp, today: KeyName) -> Vec<Arc<Entry>> {
        let ended: Vec<u64> = self.entries.values().filter(|entry| !entry.holds(now)).map(|entry| entry.id).collect();
        ended.into_iter().filter_map(|id| self.take(id, today)).collect()
    }

    /// Gives a phone that stands under the name `former` its name of today.
    pub(super) fn rename(&mut self, former: Pseudonym, now: Pseudonym, today: KeyName) {
        for list in ListName::ALL {
            let Some(entry) = self.list(list).phone(former).map(Arc::clone) else { continue };
            let Subject::Phone { shown, .. } = entry.subject else { continue };
            self.take(entry.id, today);
            // Somebody may have added it anew under today's name meanwhile; that entry stands.
            if self.list(list).phone(now).is_none() {
                self.put(Arc::new(entry.renamed(Subject::Phone { id: now, shown }, today)), today);
            }
        }
    }

    /// Every entry, in the order in which they were added.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.values()
    }

    /// Number of the next entry.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether phones stand under a key before today's.
    pub(super) fn has_former(&self) -> bool {
        self.former > 0
    }

    /// The name among `names` that a phone stands under in a list.
    pub(super) fn name_among(&self, names: impl Iterator<Item = Pseudonym>) -> Option<Pseudonym> {
        let mut names = names;
        names.find(|name| self.deny.phone(*name).is_some() || self.allow.phone(*name).is_some())
    }

    fn list(&self, list: ListName) -> &Members<Arc<Entry>> {
        match list {
            ListName::Deny => &self.deny,
            ListName::Allow => &self.allow,
        }
    }

    fn list_mut(&mut self, list: ListName) -> &mut Members<Arc<Entry>> {
        match list {
            ListName::Deny => &mut self.deny,
            ListName::Allow => &mut self.allow,
        }
    }

    fn entry_of(&self, list: ListName, given: &Given, names: &Names) -> Option<&Arc<Entry>> {
        let members = self.list(list);
        match given {
            Given::Phone(number) => self.phone_of(list, number.raw, names),
            Given::Network(_) | Given::Range(_) | Given::PhoneCountry(_) | Given::AddressCountry(_) => {
                members.get(given.named(names.today()?))
            }
        }
    }

    fn phone_of(&self, list: ListName, phone: RawPhone, names: &Names) -> Option<&Arc<Entry>> {
        names.all(phone).find_map(|(_, name)| self.list(list).phone(name))
    }

    fn put(&mut self, entry: Arc<Entry>, today: KeyName) {
        self.former += usize::from(is_former(&entry, today));
        self.list_mut(entry.list).insert(entry.subject, Arc::clone(&entry));
        self.entries.insert(entry.id, entry);
    }

    fn take(&mut self, id: u64, today: KeyName) -> Option<Arc<Entry>> {
        let entry = self.entries.remove(&id)?;
        self.former -= usize::from(is_former(&entry, today));
        self.list_mut(entry.list).remove(entry.subject);
        Some(entry)
    }
}

fn is_former(entry: &Entry, today: KeyName) -> bool {
    entry.key.is_some_and(|key| key != today)
}
