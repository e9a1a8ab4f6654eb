//! What a search for the phone found, and what follows from it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::names;
use super::nodes::Name;
use super::phone::Search;
use super::reading::Reading;
use crate::domain::{Unreadable, UnreadableCode};
use crate::numbering::Number;

/// What was found on the way.
#[derive(Default)]
pub(super) struct Found {
    pub(super) numbers: Vec<(Number, Place)>,
    /// Where else they stand.
    again: Vec<Place>,
    /// An app may read a number here, and not the one that we would.
    pub(super) fault: Option<Unreadable>,
    /// Counts only where no number is found.
    pub(super) soft_fault: Option<Unreadable>,
    /// National numbers that fit no country which is known to be theirs, and what the default makes of them: perhaps
    /// they are the one number that stands elsewhere in international form.
    pub(super) national: Vec<(u32, Option<Number>)>,
    /// Numbers of a possible length under weak names: they count where nothing else is found.
    pub(super) guesses: Vec<(Number, u32)>,
}

#[derive(Clone, PartialEq)]
pub(super) enum Place {
    Node(u32),
    Segment(usize),
}

impl Found {
    pub(super) fn add(&mut self, number: Number, place: Place) {
        if self.numbers.iter().any(|(known, _)| known.raw == number.raw) {
            self.again.push(place);
        } else {
            self.numbers.push((number, place));
        }
    }

    /// Every field in which a number was read, or what is perhaps one.
    pub(super) fn nodes(&self) -> impl Iterator<Item = u32> {
        let places = self.numbers.iter().map(|(_, place)| place).chain(&self.again);
        let sure = places.filter_map(|place| if let Place::Node(node) = place { Some(*node) } else { None });
        let national = self.national.iter().map(|(node, _)| *node);
        sure.chain(national).chain(self.guesses.iter().map(|(_, node)| *node))
    }
}

impl Search<'_, '_> {
    /// One number, none, or why it is unclear which.
    pub(super) fn conclude(&self, mut found: Found) -> Result<Option<Number>, Unreadable> {
        if let Some(fault) = found.fault {
            return Err(fault);
        }
        let only = if let [(number, _)] = found.numbers.as_slice() { Some(*number) } else { None };
        for (node, assumed) in std::mem::take(&mut found.national) {
            let text = self.text(node).unwrap_or_default();
            let same = only.is_some_and(|only| {
                let there = only.country.map(|country| self.read_for(&text, Some(country)));
                matches!(there, Some(Reading::Number(number)) if number.raw == only.raw)
            });
            match (only, assumed) {
                (Some(only), _) if same => found.add(only, Place::Node(node)),
                (_, Some(number)) => found.add(number, Place::Node(node)),
                (_, None) => {
                    let field = self.document.nodes().label(node);
                    return Err(Unreadable { code: UnreadableCode::NoCountry, field });
                }
            }
        }
        if found.numbers.is_empty() && found.soft_fault.is_none() {
            for (number, node) in std::mem::take(&mut found.guesses) {
                if names::is_login(self.document.nodes().key(node)) {
                    found.add(number, Place::Node(node));
                }
            }
        }
        match found.numbers.as_slice() {
            [] => found.soft_fault.map_or(Ok(None), Err),
            [(number, first)] => match self.listed_again(first, &found.again) {
                None => Ok(Some(*number)),
                Some(again) => {
                    let field = format!("{}, {}", self.label(first), self.label(again));
                    Err(Unreadable { code: UnreadableCode::SeveralPhones, field })
                }
            },
            [(_, first), .., (_, last)] => {
                let nodes = self.document.nodes();
                let same_key = match (first, last) {
                    (Place::Node(a), Place::Node(b)) => {
                        let in_array = |node| nodes.get(node).is_some_and(|node| matches!(node.name, Name::Index(_)));
                        nodes.key(*a) == nodes.key(*b)
                            && !in_array(*a)
                            && !nodes.key(*a).ends_with("[]")
                            && (nodes.is_root_child(*a) && nodes.is_root_child(*b))
                    }
                    _ => false,
                };
                let code = if same_key { UnreadableCode::DuplicateKey } else { UnreadableCode::SeveralPhones };
                Err(Unreadable { code, field: format!("{}, {}", self.label(first), self.label(last)) })
            }
        }
    }

    /// The first place that is another item of a list than one before it: an app may send a code for each item.
    fn listed_again<'p>(&self, first: &Place, again: &'p [Place]) -> Option<&'p Place> {
        let nodes = self.document.nodes();
        let mut items: BTreeMap<(u32, Cow<'_, str>), u32> = BTreeMap::new();
        let mut is_other_item = |place: &Place| {
            let Place::Node(node) = *place else { return false };
            nodes.lists_of(node).into_iter().any(|(item, list)| *items.entry(list).or_insert(item) != item)
        };
        is_other_item(first);
        again.iter().find(|place| is_other_item(place))
    }

    pub(super) fn label(&self, place: &Place) -> String {
        match place {
            Place::Node(node) => self.document.nodes().label(*node),
            Place::Segment(index) => format!("path:{}", index + 1),
        }
    }
}
