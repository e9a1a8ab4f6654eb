//! The names that a condition may use, with their types: what is checked at load and printed in the documentation.

use super::suggest::nearest;

/// A closed set of names.
#[derive(Debug)]
pub struct Vocabulary {
    /// What it is about, for messages: `a request for a code`.
    pub about: &'static str,
    /// Its names, in the order of the documentation.
    pub entries: &'static [Entry],
}

/// One name.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// As it is written, dots included: `phone.country`.
    pub name: &'static str,
    /// Written alone, or with an argument.
    pub kind: EntryKind,
    /// What it gives, where it isn't missing.
    pub ty: Type,
    /// Whether it may hold what identifies a person; then its value isn't shown when a decision is explained.
    pub private: bool,
    /// What it can be: a comparison with anything else is a mistake.
    pub values: Values,
    /// One line of documentation.
    pub doc: &'static str,
}

/// What a value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Anything of its type.
    Any,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A number from one to another.
    Within(i64, i64),
    /// A country's two letters.
    Country,
    /// An address.
    Address,
    /// The network of an address.
    Network,
    /// The name of an endpoint.
    Endpoint,
    /// The beginning of a number, less its last four digits.
    Range,
    /// A user agent as it is kept: without versions.
    Agent,
}

/// How a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Alone: `status`.
    Variable,
    /// With one text: `json("/ok")`.
    Function(Argument),
}

/// What a function's text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Any name that isn't empty.
    Name,
    /// A JSON pointer (RFC 6901): empty for the whole, or beginning with `/`.
    Pointer,
    /// The name of a limit.
    Limit,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Known at evaluation only.
    Any,
    /// JSON null.
    Null,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Any other number.
    Float,
    /// Text.
    Text,
    /// A phone: it is in lists, or it isn't; its number is never seen.
    Phone,
}

impl Type {
    /// For messages: `text`, `a whole number`.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Phone => "a phone",
        }
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }
}

impl Vocabulary {
    /// The entry of that name.
    pub fn entry(&self, name: &str) -> Option<&'static Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Where the entry of that name stands.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// The name that was probably meant: as close as a typing mistake, or with the same beginning or last part
    /// (`country` for `phone.country`).
    pub(super) fn nearest(&self, name: &str) -> Option<&'static str> {
        let is_part =
            |whole: &str| whole.rsplit('.').next() == Some(name) || (name.len() > 2 && whole.starts_with(name));
        let names = || self.entries.iter().map(|entry| entry.name);
        names().find(|whole| is_part(whole)).or_else(|| nearest(name, names()))
    }

    /// All names, for messages.
    pub(super) fn names(&self) -> String {
        let written = self.entries.iter().map(|entry| match entry.kind {
            EntryKind::Variable => entry.name.to_owned(),
            EntryKind::Function(_) => format!("{}(..)", entry.name),
        });
        written.collect::<Vec<_>>().join(", ")
    }
}
