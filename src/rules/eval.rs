//! A checked tree and the values of names give true or false.

use std::cmp::Ordering;

use super::syntax::Comparison;
use super::tree::{Kind, Method, Node, Reference};
use super::{Names, Value};

impl Node {
    /// Whether it is true. What is missing or of another type is not.
    pub(super) fn holds(&self, names: &dyn Names) -> bool {
        match &self.kind {
            Kind::Not(inner) => !inner.holds(names),
            Kind::All(parts) => parts.iter().all(|part| part.holds(names)),
            Kind::Any(parts) => parts.iter().any(|part| part.holds(names)),
            Kind::Has(reference) => reference.value(names) != Value::Missing,
            Kind::Compare(comparison, left, right) => compares(*comparison, &left.value(names), &right.value(names)),
            Kind::In(left, items) => {
                let left = left.value(names);
                items.iter().any(|item| left.equals(item) == Some(true))
            }
            Kind::InList(reference, list) => names.is_in(reference.entry.name, list),
            Kind::Method(method, receiver, argument) => method.holds(&receiver.value(names), &argument.value(names)),
            Kind::Literal(value) => value.is_true(),
            Kind::Name(reference) => reference.value(names).is_true(),
        }
    }

    /// As [`Self::holds`] where a name, with its argument, that `doubtful` says yes to may stand for anything (Kleene's
    /// logic); `None` where that decides.
    pub(super) fn holds_whatever(
        &self,
        doubtful: &dyn Fn(&str, Option<&str>) -> bool,
        names: &dyn Names,
    ) -> Option<bool> {
        let joined = |parts: &[Self], decisive: bool| {
            let mut result = Some(!decisive);
            for part in parts {
                match part.holds_whatever(doubtful, names) {
                    Some(holds) if holds == decisive => return Some(decisive),
                    Some(_) => {}
                    None => result = None,
                }
            }
            result
        };
        match &self.kind {
            Kind::Not(inner) => inner.holds_whatever(doubtful, names).map(|holds| !holds),
            Kind::All(parts) => joined(parts, false),
            Kind::Any(parts) => joined(parts, true),
            _ if self.reads(doubtful) => None,
            _ => Some(self.holds(names)),
        }
    }

    /// Its value; conditions give true or false.
    pub(super) fn value<'a>(&'a self, names: &'a dyn Names) -> Value<'a> {
        match &self.kind {
            Kind::Literal(value) => value.clone(),
            Kind::Name(reference) => reference.value(names),
            _ => Value::Bool(self.holds(names)),
        }
    }
}

impl Reference {
    fn value<'a>(&self, names: &'a dyn Names) -> Value<'a> {
        names.value(self.entry.name, self.argument.as_deref())
    }
}

impl Method {
    pub(super) fn holds(self, receiver: &Value<'_>, argument: &Value<'_>) -> bool {
        match (receiver, argument) {
            (Value::Text(text), Value::Text(part)) => match self {
                Self::StartsWith => text.starts_with(&**part),
                Self::EndsWith => text.ends_with(&**part),
                Self::Contains => text.contains(&**part),
            },
            _ => false,
        }
    }
}

pub(super) fn compares(comparison: Comparison, left: &Value<'_>, right: &Value<'_>) -> bool {
    match comparison {
        Comparison::Equal => left.equals(right) == Some(true),
        Comparison::NotEqual => left.equals(right) == Some(false),
        Comparison::Less => left.order(right) == Some(Ordering::Less),
        Comparison::LessOrEqual => left.order(right).is_some_and(Ordering::is_le),
        Comparison::Greater => left.order(right) == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => left.order(right).is_some_and(Ordering::is_ge),
    }
}
