//! A list that people fill by hand, and the entry of it that an attempt falls under.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::Timestamp;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListName {
    /// Who is refused, before anything else is asked.
    Deny,
    /// Who passes, whatever limits, rules and evidence say.
    Allow,
}

impl ListName {
    /// Both, in the order in which they are asked.
    pub const ALL: [Self; 2] = [Self::Deny, Self::Allow];

    /// The name in commands, files and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ListName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The entry of a list that an attempt falls under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose entry.
    pub list: ListName,
    /// Its number, unique as long as the lists are kept.
    pub entry: u64,
    /// What it names, as far as that may be shown: `network 192.0.2.0/24`.
    pub what: Arc<str>,
    /// Why it is there, in the words of whoever added it; may be empty.
    pub note: Arc<str>,
    /// When it ends; `None`: when somebody takes it out.
    pub until: Option<Timestamp>,
}
