//! What a client's headers say of the program that sent them.

use serde::{Serialize, Serializer};

/// The program that a client claims to be, and what its headers have of what such a program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Traits {
    /// By its agent.
    pub program: Program,
    /// Major version of a browser; 0 where there is none.
    pub major: u16,
    /// What the headers have.
    pub has: Has,
}

/// What sent a request, by its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
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
pub struct Has(u8);

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

    const NAMES: [(Self, &str); 7] = [
        (Self::ACCEPT, "accept"),
        (Self::LANGUAGE, "language"),
        (Self::ENCODING, "encoding"),
        (Self::FETCH, "fetch"),
        (Self::HINTS, "hints"),
        (Self::OTHER_HINTS, "other_hints"),
        (Self::ORIGIN, "origin"),
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
