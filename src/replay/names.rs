//! Scenarios and classes as small numbers. A trace names a few dozen; one that names more than fit has the rest in one
//! row.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::Mutex;

const MOST: usize = 4096;

/// A name as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name(u32);

/// The names, in the order of their coming.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, Name, RandomState>,
}

impl Names {
    pub(super) fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        if self.texts.len() == MOST {
            return Name(u32::MAX);
        }
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        self.numbers.insert(text.into(), name);
        name
    }

    pub(super) fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("(others)", |text| &**text)
    }
}

/// The names, for who reads and for results at the same time.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedNames(Arc<Mutex<Names>>);

impl SharedNames {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Names) -> T) -> T {
        act(&mut self.0.lock())
    }

    pub(super) fn text(&self, name: Name) -> Box<str> {
        self.with(|names| names.text(name).into())
    }
}
