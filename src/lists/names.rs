//! The keyed names that a phone may stand under in a list: that of today's key, and those of the keys before.

use std::fmt;

use crate::privacy::{KeyRing, Pseudonym, Pseudonyms, Purpose, RawPhone};

/// Tells keys apart without saying anything about them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyName(pub u64);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Gives names under every key of the ring.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Today's first.
    generations: Vec<(KeyName, Pseudonyms)>,
}

impl Names {
    /// Under these keys.
    pub fn new(keys: &KeyRing) -> Self {
        let pseudonyms = keys.derive_all(Purpose::Pseudonyms);
        let names = keys.derive_all(Purpose::Snapshot);
        let name = |key: &[u8; 32]| KeyName(key.first_chunk().copied().map_or(0, u64::from_be_bytes));
        Self { generations: names.iter().map(name).zip(pseudonyms.iter().map(Pseudonyms::new)).collect() }
    }

    /// The name of today's key.
    pub fn current(&self) -> KeyName {
        self.generations.first().map_or(KeyName(0), |(key, _)| *key)
    }

    /// Whether names under this key can still be recognised.
    pub fn knows(&self, key: KeyName) -> bool {
        self.generations.iter().any(|(known, _)| *known == key)
    }

    /// Today's names.
    pub fn today(&self) -> Option<&Pseudonyms> {
        self.generations.first().map(|(_, names)| names)
    }

    /// Every name of a phone, today's first.
    pub fn all(&self, phone: RawPhone) -> impl Iterator<Item = (KeyName, Pseudonym)> {
        self.generations.iter().map(move |(key, names)| (*key, names.phone(phone)))
    }

    /// The names of a phone under the keys before today's.
    pub fn former(&self, phone: RawPhone) -> impl Iterator<Item = Pseudonym> {
        self.all(phone).skip(1).map(|(_, name)| name)
    }
}
