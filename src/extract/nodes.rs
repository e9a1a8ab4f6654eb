//! A request's named values as one flat tree: what `document` builds and `phone` searches.

use std::borrow::Cow;

use crate::domain::{Unreadable, UnreadableCode};

/// Fields of a request at most; above it is refused as malformed.
pub(super) const MAX_FIELDS: usize = 1_000;
/// Characters of an array's key that are looked at for each of its items.
const MAX_SHARED: usize = 256;

/// Where a value was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Query,
    /// Url-encoded or multipart.
    Form,
    Json,
    Xml,
    /// The body as a bare text.
    Text,
}

impl Origin {
    const fn label(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Form => "form",
            Self::Json => "json",
            Self::Xml => "xml",
            Self::Text => "body",
        }
    }
}

/// A value as it was sent.
#[derive(Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'a, str>),
    /// Text that apps decode in different ways; matters only where it is asked for.
    Bad(UnreadableCode),
    /// An uploaded file.
    File,
    Object,
    Array,
}

impl Scalar<'_> {
    fn into_owned(self) -> Scalar<'static> {
        match self {
            Self::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(value),
            Self::Int(value) => Scalar::Int(value),
            Self::Float(value) => Scalar::Float(value),
            Self::Bad(code) => Scalar::Bad(code),
            Self::File => Scalar::File,
            Self::Object => Scalar::Object,
            Self::Array => Scalar::Array,
        }
    }

    /// Same scalar. Two objects or arrays never count as the same: nobody repeats those in good faith.
    pub(super) fn same(&self, other: &Self) -> bool {
        !matches!(self, Self::Object | Self::Array) && self == other
    }
}

#[derive(Clone, PartialEq)]
pub(super) enum Name<'a> {
    Key(Cow<'a, str>),
    Index(u32),
}

#[derive(Clone)]
pub(super) struct Node<'a> {
    /// The object, array or root it stands in; a root is its own parent.
    pub(super) parent: u32,
    pub(super) origin: Origin,
    pub(super) name: Name<'a>,
    pub(super) value: Scalar<'a>,
}

/// The tree, with a bound.
pub(super) struct Nodes<'a> {
    list: Vec<Node<'a>>,
    max: usize,
}

impl<'a> Nodes<'a> {
    pub(super) fn new(max: usize) -> Self {
        Self { list: Vec::with_capacity(16), max }
    }

    pub(super) fn list(&self) -> &[Node<'a>] {
        &self.list
    }

    pub(super) fn get(&self, index: u32) -> Option<&Node<'a>> {
        self.list.get(index as usize)
    }

    pub(super) fn set(&mut self, index: u32, value: Scalar<'a>) {
        if let Some(node) = self.list.get_mut(index as usize) {
            node.value = value;
        }
    }

    /// Drops all but the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        self.list.truncate(count);
    }

    /// Adds a value; `Malformed` at the bound.
    pub(super) fn push(&mut self, node: Node<'a>) -> Result<u32, Unreadable> {
        let index = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        if self.list.len() >= self.max {
            return Err(unreadable(UnreadableCode::Malformed, "body"));
        }
        self.list.push(node);
        Ok(index)
    }

    /// Adds a root for values of this origin.
    pub(super) fn root(&mut self, origin: Origin) -> Result<u32, Unreadable> {
        let parent = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.push(Node { parent, origin, name: Name::Key(Cow::Borrowed("")), value: Scalar::Object })
    }

    /// Adds what was read from inside the text of node `under`.
    pub(super) fn graft(&mut self, under: u32, inner: &Nodes<'_>) -> Result<(), Unreadable> {
        let offset = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        // The first inner node is its root, which `under` takes the place of.
        for node in inner.list.iter().skip(1).cloned() {
            let parent = if node.parent == 0 { under } else { offset.saturating_add(node.parent - 1) };
            let name = match node.name {
                Name::Key(key) => Name::Key(Cow::Owned(key.into_owned())),
                Name::Index(index) => Name::Index(index),
            };
            self.push(Node { parent, origin: node.origin, name, value: node.value.into_owned() })?;
        }
        Ok(())
    }

    /// Adds once more what stands at `from`, in another place and under another name.
    pub(super) fn copy(&mut self, from: u32, parent: u32, name: Name<'a>) -> Result<(), Unreadable> {
        let Some(node) = self.get(from).cloned() else { return Ok(()) };
        let top = self.push(Node { parent, name, ..node })?;
        // What it holds stands right behind it.
        for at in from + 1..top {
            let inner = self.get(at).filter(|inner| inner.parent >= from && inner.parent != at).cloned();
            let Some(inner) = inner else { break };
            self.push(Node { parent: top + (inner.parent - from), ..inner })?;
        }
        Ok(())
    }

    pub(super) fn is_root(&self, index: u32) -> bool {
        self.get(index).is_none_or(|node| node.parent == index)
    }

    /// Whether it stands at the top: a parameter, a form field, a member of the JSON object itself.
    pub(super) fn is_root_child(&self, index: u32) -> bool {
        self.get(index).is_some_and(|node| node.parent != index && self.is_root(node.parent))
    }

    /// Whether it stands somewhere in `container`.
    pub(super) fn is_inside(&self, index: u32, container: u32) -> bool {
        let mut at = index;
        while let Some(node) = self.get(at).filter(|node| node.parent != at) {
            at = node.parent;
            if at == container {
                return true;
            }
        }
        false
    }

    /// The first child of that name (or, in an array, index).
    pub(super) fn child(&self, parent: u32, name: &str) -> Option<u32> {
        let found = self.list.iter().enumerate().position(|(index, node)| {
            node.parent == parent
                && index != parent as usize
                && match &node.name {
                    Name::Key(key) => key == name,
                    Name::Index(at) => name.parse() == Ok(*at),
                }
        })?;
        u32::try_from(found).ok()
    }

    /// The key it stands under; items of an array share the array's, of which each sees no more than a name can be.
    pub(super) fn key(&self, index: u32) -> &str {
        let mut at = index;
        loop {
            let Some(node) = self.get(at) else { return "" };
            match &node.name {
                Name::Key(key) if at != index => {
                    let end = key.char_indices().nth(MAX_SHARED).map_or(key.len(), |(end, _)| end);
                    return key.get(..end).unwrap_or_default();
                }
                Name::Key(key) => return key,
                Name::Index(_) if node.parent == at => return "",
                Name::Index(_) => at = node.parent,
            }
        }
    }

    /// The lists that it is in an item of, with the item: arrays, elements of one name, `phones[]` and `users[0][phone]`,
    /// and the same field of a GraphQL query asked for again. A list is named by what it stands in and by what its items
    /// have in common.
    pub(super) fn lists_of(&self, node: u32) -> Vec<(u32, (u32, Cow<'_, str>))> {
        let mut lists = Vec::new();
        let mut at = node;
        while let Some(inner) = self.get(at).filter(|inner| inner.parent != at) {
            let common = match &inner.name {
                // Fields that were sent as a list of pairs: `{"name": "phone", "value": …}`.
                Name::Index(_) if self.key(node) == "value" => Some(self.pair_name(at).unwrap_or_default().into()),
                Name::Index(_) => Some(Cow::Borrowed("")),
                Name::Key(key) if inner.origin == Origin::Xml || inner.value == Scalar::Object => {
                    Some(Cow::Borrowed(&**key))
                }
                Name::Key(key) => without_indices(key).map(Cow::Owned),
            };
            lists.extend(common.map(|common| (at, (inner.parent, common))));
            at = inner.parent;
        }
        lists
    }

    fn pair_name(&self, pair: u32) -> Option<&str> {
        let name = ["name", "field", "key"].iter().find_map(|name| self.child(pair, name))?;
        if let Scalar::Text(text) = &self.get(name)?.value { Some(text) } else { None }
    }

    /// Where it stood, for people: `json:/user/phone`, `query:mobile`. Keys are the client's text, so they are cut,
    /// and long runs of digits in them don't show.
    pub(super) fn label(&self, index: u32) -> String {
        let Some(node) = self.get(index) else { return "body".to_owned() };
        let mut parts = Vec::new();
        let mut at = index;
        while let Some(node) = self.get(at).filter(|node| node.parent != at) {
            parts.push(match &node.name {
                Name::Key(key) => shown(key),
                Name::Index(index) => index.to_string(),
            });
            at = node.parent;
        }
        parts.reverse();
        let slash = if matches!(node.origin, Origin::Json | Origin::Xml) { "/" } else { "" };
        if parts.is_empty() { "body".to_owned() } else { format!("{}:{slash}{}", node.origin.label(), parts.join("/")) }
    }
}

/// The key of a form without the places in lists that it names; `None` where it names none.
fn without_indices(key: &str) -> Option<String> {
    let mut parts = key.split('[');
    let mut stem = parts.next()?.to_owned();
    let mut found = false;
    for part in parts {
        match part.split_once(']') {
            Some((index, after)) if index.bytes().all(|byte| byte.is_ascii_digit()) => {
                found = true;
                stem.push_str(after);
            }
            _ => {
                stem.push('[');
                stem.push_str(part);
            }
        }
    }
    found.then_some(stem)
}

pub(super) fn unreadable(code: UnreadableCode, field: &str) -> Unreadable {
    Unreadable { code, field: field.to_owned() }
}

/// A key without anything that might be a number or break a line of a log.
pub(super) fn shown(key: &str) -> String {
    let mut text = String::new();
    let mut digits = 0;
    for c in key.chars().take(48) {
        digits = if c.is_numeric() { digits + 1 } else { 0 };
        match c {
            _ if digits > 4 => {}
            _ if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '$') => text.push(c),
            _ => text.push('_'),
        }
    }
    text
}
