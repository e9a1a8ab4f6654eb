//! Countries.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A country as ISO 3166-1 alpha-2, upper case. Any two letters are accepted: the lists are the databases' business.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// From two ASCII letters of either case.
    pub fn new(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }

    /// How many different ones there may be.
    pub const COUNT: usize = 26 * 26;

    /// Its place among all of them, below [`Self::COUNT`].
    pub fn index(self) -> usize {
        self.0.iter().fold(0, |index, letter| 26 * index + usize::from(letter - b'A'))
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??")
    }
}

/// Why a text is no country.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a country; write its two-letter ISO 3166 code, such as GB")]
pub struct CountryError(String);

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::new(text).ok_or_else(|| CountryError(text.to_owned()))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
