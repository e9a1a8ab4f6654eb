//! The checked tree: every name is one of the vocabulary's, every operation has operands of fitting types.

use std::ops::Range;
use std::sync::Arc;

use super::Value;
use super::syntax::Comparison;
use super::vocabulary::Entry;

/// A part of a condition.
#[derive(Debug)]
pub(super) struct Node {
    /// What it does.
    pub(super) kind: Kind,
    /// Where it stands in the text, in bytes.
    pub(super) span: Range<usize>,
}

/// What a node does.
#[derive(Debug)]
pub(super) enum Kind {
    Literal(Value<'static>),
    Name(Reference),
    Has(Reference),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
    Compare(Comparison, Box<Node>, Box<Node>),
    In(Box<Node>, Vec<Value<'static>>),
    /// In a list that has a name.
    InList(Reference, Arc<str>),
    Method(Method, Box<Node>, Box<Node>),
}

/// A name of the vocabulary, with its argument where it is a function.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) entry: &'static Entry,
    pub(super) argument: Option<Box<str>>,
}

/// What can be asked of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    StartsWith,
    EndsWith,
    Contains,
}

impl Method {
    pub(super) const NAMES: [(&'static str, Self); 3] =
        [("startsWith", Self::StartsWith), ("endsWith", Self::EndsWith), ("contains", Self::Contains)];
}

impl Node {
    /// Whether it asks a named list for `name`.
    pub(super) fn asks_list(&self, name: &str) -> bool {
        match &self.kind {
            Kind::InList(reference, _) => reference.entry.name == name,
            Kind::Literal(_) | Kind::Name(_) | Kind::Has(_) | Kind::In(..) | Kind::Method(..) => false,
            Kind::Not(inner) => inner.asks_list(name),
            Kind::All(parts) | Kind::Any(parts) => parts.iter().any(|part| part.asks_list(name)),
            Kind::Compare(_, left, right) => left.asks_list(name) || right.asks_list(name),
        }
    }

    /// Whether it reads a name, with its argument, that `wanted` says yes to.
    pub(super) fn reads(&self, wanted: &dyn Fn(&str, Option<&str>) -> bool) -> bool {
        match &self.kind {
            Kind::Literal(_) => false,
            Kind::Name(reference) | Kind::Has(reference) | Kind::InList(reference, _) => {
                wanted(reference.entry.name, reference.argument.as_deref())
            }
            Kind::Not(inner) | Kind::In(inner, _) => inner.reads(wanted),
            Kind::All(parts) | Kind::Any(parts) => parts.iter().any(|part| part.reads(wanted)),
            Kind::Compare(_, left, right) | Kind::Method(_, left, right) => left.reads(wanted) || right.reads(wanted),
        }
    }
}
