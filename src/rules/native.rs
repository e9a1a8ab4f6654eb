//! Conditions of rules as they are evaluated: names are places, texts that are compared are numbers, lists are at hand.
//!
//! [`Expression`] is what was written, checked, and what explains. This is the same lowered once more, because a thousand
//! of them are asked for each attempt. A test holds that both always agree.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attempt::{COUNT, COUNTS, Explained, SLOTS};
use super::eval::compares;
use super::syntax::Comparison;
use super::tree::{Kind, Method, Node, Reference};
use super::vocabulary::Type;
use super::{Expression, Frame, List, RULES, Situation, Step, Value};

/// What several conditions share: the lists, which names are read at all, and the texts that these are compared with.
#[derive(Debug, Default)]
pub struct Conditions {
    lists: Vec<List>,
    /// Limits whose counts are asked for.
    counts: Vec<Arc<str>>,
    /// A bit for each name that is read.
    used: u64,
    /// For each name the texts that it is compared with, in order; the place of one, counted from 1, is its number.
    texts: Vec<Vec<Box<str>>>,
}

/// One condition of a [`Conditions`].
#[derive(Debug)]
pub struct Condition {
    expression: Expression,
    native: Native,
}

#[derive(Debug)]
enum Native {
    Constant(bool),
    True(u8),
    Has(u8),
    HasCount(u8),
    Not(Box<Self>),
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Is(u8, u32),
    IsNot(u8, u32),
    IsOneOf(u8, Box<[u32]>),
    InList(u8, usize),
    Compare(Comparison, Operand, Operand),
    In(Operand, Box<[Value<'static>]>),
    Method(Method, Operand, Operand),
}

#[derive(Debug)]
enum Operand {
    Literal(Value<'static>),
    Name(u8),
    Count(u8),
    Truth(Box<Native>),
}

impl Conditions {
    /// For these expressions (of the vocabulary [`RULES`]), which may ask for these lists.
    pub fn new<'e>(expressions: impl IntoIterator<Item = &'e Expression>, lists: Vec<List>) -> Self {
        let mut shared = Self { lists, texts: vec![Vec::new(); SLOTS], ..Self::default() };
        let mut counts = BTreeSet::new();
        let mut texts = vec![BTreeSet::new(); SLOTS];
        for expression in expressions {
            shared.collect(expression.root(), &mut counts, &mut texts);
        }
        shared.counts = counts.into_iter().collect();
        shared.texts = texts.into_iter().map(|texts| texts.into_iter().collect()).collect();
        shared
    }

    /// The limits whose counts are asked for, in the order in which [`Situation::counts`] gives them.
    pub fn counts(&self) -> &[Arc<str>] {
        &self.counts
    }

    /// The most of them that there may be.
    pub const MOST_COUNTS: usize = COUNTS;

    /// Lowers one of the expressions that this was made for.
    pub fn lower(&self, expression: &Expression) -> Condition {
        Condition { expression: expression.clone(), native: self.native(expression.root()) }
    }

    /// The values that the conditions ask for.
    pub fn frame<'a>(&self, situation: &Situation<'a>) -> Frame<'a> {
        self.numbered(Frame::of(situation, self.used))
    }

    /// A frame of given values, made ready for these conditions.
    #[must_use]
    pub fn numbered<'a>(&self, mut frame: Frame<'a>) -> Frame<'a> {
        for (slot, texts) in self.texts.iter().enumerate().filter(|(_, texts)| !texts.is_empty()) {
            frame.symbols[slot] = match &frame.slots[slot] {
                Value::Text(text) => number(texts, text),
                _ => MISSING,
            };
        }
        frame
    }

    fn collect(&mut self, node: &Node, counts: &mut BTreeSet<Arc<str>>, texts: &mut [BTreeSet<Box<str>>]) {
        let mut note = |kind: &Kind, literals: &[&Value<'_>]| {
            if let Some(slot) = text_name(kind) {
                let literals = literals.iter().filter_map(|literal| match literal {
                    Value::Text(text) => Some(Box::from(&**text)),
                    _ => None,
                });
                texts[usize::from(slot)].extend(literals);
            }
        };
        match &node.kind {
            Kind::Literal(_) => {}
            // What lists of these ask for isn't the text.
            Kind::InList(reference, _) if ["ip", "phone", "phone.range"].contains(&reference.entry.name) => {}
            Kind::Name(reference) | Kind::Has(reference) | Kind::InList(reference, _) => {
                self.used |= 1 << slot(reference);
                if let (Some(limit), COUNT) = (&reference.argument, usize::from(slot(reference))) {
                    counts.insert(Arc::from(&**limit));
                }
            }
            Kind::Not(inner) => self.collect(inner, counts, texts),
            Kind::All(parts) | Kind::Any(parts) => {
                for part in parts {
                    self.collect(part, counts, texts);
                }
            }
            Kind::Compare(_, left, right) => {
                if let Kind::Literal(literal) = &right.kind {
                    note(&left.kind, &[literal]);
                }
                if let Kind::Literal(literal) = &left.kind {
                    note(&right.kind, &[literal]);
                }
                self.collect(left, counts, texts);
                self.collect(right, counts, texts);
            }
            Kind::In(left, items) => {
                note(&left.kind, &items.iter().collect::<Vec<_>>());
                self.collect(left, counts, texts);
            }
            Kind::Method(_, left, right) => {
                self.collect(left, counts, texts);
                self.collect(right, counts, texts);
            }
        }
    }

    fn native(&self, node: &Node) -> Native {
        match &node.kind {
            Kind::Literal(value) => Native::Constant(value.is_true()),
            Kind::Name(reference) => Native::True(slot(reference)),
            Kind::Has(reference) => match self.count(reference) {
                Some(count) => Native::HasCount(count),
                None => Native::Has(slot(reference)),
            },
            Kind::Not(inner) => Native::Not(self.native(inner).into()),
            Kind::All(parts) => Native::All(parts.iter().map(|part| self.native(part)).collect()),
            Kind::Any(parts) => Native::Any(parts.iter().map(|part| self.native(part)).collect()),
            Kind::Compare(comparison, left, right) => self.comparison(*comparison, left, right),
            Kind::In(left, items) => self.membership(left, items),
            Kind::InList(reference, name) => match self.lists.iter().position(|list| list.name == *name) {
                Some(list) => Native::InList(slot(reference), list),
                None => Native::Constant(false),
            },
            Kind::Method(method, receiver, argument) => {
                Native::Method(*method, self.operand(receiver), self.operand(argument))
            }
        }
    }

    fn comparison(&self, comparison: Comparison, left: &Node, right: &Node) -> Native {
        let text = match (&left.kind, &right.kind) {
            (name, Kind::Literal(Value::Text(text))) | (Kind::Literal(Value::Text(text)), name) => {
                text_name(name).map(|slot| (slot, self.number(slot, text)))
            }
            _ => None,
        };
        match (comparison, text) {
            (Comparison::Equal, Some((slot, text))) => Native::Is(slot, text),
            (Comparison::NotEqual, Some((slot, text))) => Native::IsNot(slot, text),
            _ => Native::Compare(comparison, self.operand(left), self.operand(right)),
        }
    }

    fn membership(&self, left: &Node, items: &[Value<'static>]) -> Native {
        let texts = text_name(&left.kind).map(|slot| {
            let texts = items.iter().filter_map(|item| match item {
                Value::Text(text) => Some(self.number(slot, text)),
                _ => None,
            });
            let mut texts: Vec<_> = texts.collect();
            texts.sort_unstable();
            Native::IsOneOf(slot, texts.into())
        });
        texts.unwrap_or_else(|| Native::In(self.operand(left), items.into()))
    }

    fn operand(&self, node: &Node) -> Operand {
        match &node.kind {
            Kind::Literal(value) => Operand::Literal(value.clone()),
            Kind::Name(reference) => match self.count(reference) {
                Some(count) => Operand::Count(count),
                None => Operand::Name(slot(reference)),
            },
            _ => Operand::Truth(self.native(node).into()),
        }
    }

    fn count(&self, reference: &Reference) -> Option<u8> {
        let limit = reference.argument.as_deref()?;
        let place = self.counts.iter().position(|known| **known == *limit)?;
        u8::try_from(place).ok()
    }

    fn number(&self, slot: u8, text: &str) -> u32 {
        self.texts.get(usize::from(slot)).map_or(OTHER, |texts| number(texts, text))
    }
}

/// A text that is compared with nothing.
const OTHER: u32 = 0;
/// There is no text.
const MISSING: u32 = u32::MAX;

fn number(texts: &[Box<str>], text: &str) -> u32 {
    let place = texts.binary_search_by(|known| (**known).cmp(text)).map(|place| place + 1);
    place.ok().and_then(|place| u32::try_from(place).ok()).unwrap_or(OTHER)
}

/// The place of a name whose value, where there is one, is a text.
fn text_name(kind: &Kind) -> Option<u8> {
    match kind {
        Kind::Name(reference) if reference.entry.ty == Type::Text => Some(slot(reference)),
        _ => None,
    }
}

fn slot(reference: &Reference) -> u8 {
    RULES.position(reference.entry.name).and_then(|slot| u8::try_from(slot).ok()).unwrap_or(0)
}

impl Condition {
    /// As the operator wrote it.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Whether it is true.
    pub fn holds(&self, shared: &Conditions, frame: &Frame<'_>) -> bool {
        self.native.holds(&shared.lists, frame)
    }

    /// Every part with its value (see [`Expression::explain`]).
    pub fn explain(&self, shared: &Conditions, frame: &Frame<'_>) -> Vec<Step<'_>> {
        let names = Explained { frame, lists: &shared.lists, counts: &shared.counts };
        self.expression.explain(&names)
    }

    /// What [`Self::holds`] must give, by the checked tree.
    #[cfg(test)]
    pub(super) fn holds_as_written(&self, shared: &Conditions, frame: &Frame<'_>) -> bool {
        self.expression.holds(&Explained { frame, lists: &shared.lists, counts: &shared.counts })
    }
}

impl Native {
    fn holds(&self, lists: &[List], frame: &Frame<'_>) -> bool {
        let symbol = |slot: &u8| frame.symbols[usize::from(*slot)];
        match self {
            Self::Constant(value) => *value,
            Self::True(slot) => frame.slots[usize::from(*slot)].is_true(),
            Self::Has(slot) => frame.slots[usize::from(*slot)] != Value::Missing,
            Self::HasCount(count) => frame.counts[usize::from(*count)].is_some(),
            Self::Not(inner) => !inner.holds(lists, frame),
            Self::All(parts) => parts.iter().all(|part| part.holds(lists, frame)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(lists, frame)),
            Self::Is(slot, text) => symbol(slot) == *text,
            Self::IsNot(slot, text) => symbol(slot) != *text && symbol(slot) != MISSING,
            Self::IsOneOf(slot, texts) => texts.binary_search(&symbol(slot)).is_ok(),
            Self::InList(slot, list) => {
                lists.get(*list).is_some_and(|list| list.members.holds(frame.asked(usize::from(*slot))))
            }
            Self::Compare(comparison, left, right) => {
                let mut made = [Value::Missing, Value::Missing];
                let [one, other] = &mut made;
                compares(*comparison, left.value(lists, frame, one), right.value(lists, frame, other))
            }
            Self::In(left, items) => {
                let mut made = Value::Missing;
                let left = left.value(lists, frame, &mut made);
                items.iter().any(|item| left.equals(item) == Some(true))
            }
            Self::Method(method, receiver, argument) => {
                let mut made = [Value::Missing, Value::Missing];
                let [one, other] = &mut made;
                method.holds(receiver.value(lists, frame, one), argument.value(lists, frame, other))
            }
        }
    }
}

impl Operand {
    /// Its value; one that has to be made for that is kept in `made`.
    fn value<'v>(&'v self, lists: &[List], frame: &'v Frame<'_>, made: &'v mut Value<'v>) -> &'v Value<'v> {
        match self {
            Self::Literal(value) => value,
            Self::Name(slot) => &frame.slots[usize::from(*slot)],
            Self::Count(count) => {
                if let Some(count) = frame.counts[usize::from(*count)] {
                    *made = Value::Int(count.into());
                }
                made
            }
            Self::Truth(native) => {
                *made = Value::Bool(native.holds(lists, frame));
                made
            }
        }
    }
}

#[cfg(test)]
#[path = "native_tests.rs"]
mod tests;
