//! What a client's headers say of the program that sent them.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::Country;

/// The program that a client claims to be, and what its headers have of what such a program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Traits {
    /// By its agent.
    pub program: Program,
    /// Major version of a browser; 0 where there is none.
    pub major: u16,
    /// What the headers have.
    pub has: Has,
    /// The language that its user reads first.
    pub language: Option<Language>,
}

/// What sent a request, by its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Chrome, Edge and others of the family.
    Chromium,
    /// Firefox.
    Firefox,
    /// Safari, and every browser on iOS.
    Safari,
    /// An app's own agent.
    App,
    /// A library or tool that scripts use, and apps at times.
    Library,
    /// Says to be a browser and can't be one.
    Fake,
    /// No agent at all.
    #[default]
    None,
}

impl Program {
    /// Whether it claims to be a browser that people use.
    pub const fn is_browser(self) -> bool {
        matches!(self, Self::Chromium | Self::Firefox | Self::Safari)
    }
}

/// A set of things that headers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Has(u16);

impl Has {
    /// `accept`.
    pub const ACCEPT: Self = Self(1);
    /// `accept-language`.
    pub const LANGUAGE: Self = Self(2);
    /// `accept-encoding`.
    pub const ENCODING: Self = Self(4);
    /// `sec-fetch-...`: a browser on a secure page.
    pub const FETCH: Self = Self(8);
    /// `sec-ch-ua`: Chromium on a secure page.
    pub const HINTS: Self = Self(16);
    /// `sec-ch-ua` names another version than the agent.
    pub const OTHER_HINTS: Self = Self(32);
    /// `origin` or `referer`.
    pub const ORIGIN: Self = Self(64);
    /// Headers in an order in which such a browser doesn't send them.
    pub const OTHER_ORDER: Self = Self(128);
    /// A TLS handshake that such a browser doesn't make.
    pub const OTHER_TLS: Self = Self(256);

    const NAMES: [(Self, &str); 9] = [
        (Self::ACCEPT, "accept"),
        (Self::LANGUAGE, "language"),
        (Self::ENCODING, "encoding"),
        (Self::FETCH, "fetch"),
        (Self::HINTS, "hints"),
        (Self::OTHER_HINTS, "other_hints"),
        (Self::ORIGIN, "origin"),
        (Self::OTHER_ORDER, "other_order"),
        (Self::OTHER_TLS, "other_tls"),
    ];

    /// Whether it holds `other`.
    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other` where `present`.
    #[must_use]
    pub const fn with(self, other: Self, present: bool) -> Self {
        if present { Self(self.0 | other.0) } else { self }
    }

    /// Reads a name as it is written in logs; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, other)| *other == name).map(|(has, _)| *has)
    }
}

impl Serialize for Has {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(Self::NAMES.iter().filter(|(has, _)| self.holds(*has)).map(|(_, name)| name))
    }
}

/// A language as `accept-language` names it: `de`, or `de-AT` with the country whose kind of it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    code: [u8; 2],
    /// The country, where it is named.
    pub country: Option<Country>,
}

impl Language {
    /// Reads `de`, `de-AT`, `zh-Hant-TW`. `None` for anything else, three-letter codes among them.
    pub fn new(text: &str) -> Option<Self> {
        let mut parts = text.split(['-', '_']);
        let code: [u8; 2] = parts.next()?.as_bytes().try_into().ok()?;
        if !code.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let country = parts.find(|part| part.len() == 2).and_then(|part| Country::new(&part.to_ascii_uppercase()));
        Some(Self { code: code.map(|letter| letter.to_ascii_lowercase()), country })
    }

    /// Two letters, ISO 639-1, in lower case.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        self.country.map_or(Ok(()), |country| write!(f, "-{country}"))
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_read_as_they_are_written() {
        for (text, expected) in
            [("de", "de"), ("DE-at", "de-AT"), ("zh-Hant-TW", "zh-TW"), ("en_US", "en-US"), ("es-419", "es")]
        {
            assert_eq!(Language::new(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "*", "x", "fil", "d1", "german"] {
            assert_eq!(Language::new(text), None, "{text}");
        }
    }
}
