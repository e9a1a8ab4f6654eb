//! Codes that one try of a code brings: an app may compare each of several.

use std::collections::BTreeMap;

use super::document::Document;
use super::names;
use super::nodes::{Name, Scalar};
use crate::domain::{Unreadable, UnreadableCode};

/// Digits of a code. (Forms with a box for each digit send those as an array.)
const FEWEST_DIGITS: usize = 4;
const MOST_DIGITS: usize = 10;

impl Document<'_> {
    /// Why a try can't be counted as one: codes in an array of their own, in a GraphQL field that is asked for again, or in
    /// several operations of a batch. In objects of other lists `code` is more often that of a thing.
    pub fn several_codes(&self) -> Option<Unreadable> {
        let nodes = self.nodes();
        let mut items = BTreeMap::new();
        for node in 0..u32::try_from(nodes.list().len()).unwrap_or(u32::MAX) {
            let is_code = match nodes.get(node).map(|node| &node.value) {
                Some(Scalar::Text(text)) => is_code(text),
                Some(Scalar::Int(number)) => is_code(&number.to_string()),
                _ => false,
            };
            if !is_code || !names::is_code(nodes.key(node)) {
                continue;
            }
            let is_tried = |item: u32| match nodes.get(item).map(|item| (&item.name, item.parent)) {
                Some((Name::Index(_), parent)) => item == node || nodes.is_root(parent),
                Some((Name::Key(key), _)) => item == node || key.ends_with("()"),
                None => false,
            };
            let mut lists = nodes.lists_of(node).into_iter().filter(|(item, _)| is_tried(*item));
            if lists.any(|(item, list)| *items.entry(list).or_insert(item) != item) {
                return Some(Unreadable { code: UnreadableCode::DuplicateKey, field: nodes.label(node) });
            }
        }
        None
    }
}

fn is_code(text: &str) -> bool {
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
