//! JSON as RFC 8259 has it, read once, in order, with duplicate keys seen after unescaping and integers kept exact.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::nodes::{Name, Node, Nodes, Origin, Scalar, unreadable};
use crate::domain::{Unreadable, UnreadableCode};

/// Deepest nesting that is read. Parsers of apps differ above: 32 (Rails), 64, 100, 512 (PHP).
const MAX_DEPTH: u8 = 64;
/// Keys of one object that are compared one by one before a table is made.
const FEW_KEYS: usize = 16;

/// Reads one JSON text into `nodes`, under a root of its own.
pub(super) fn read<'a>(text: &'a str, nodes: &mut Nodes<'a>) -> Result<u32, Unreadable> {
    let root = nodes.root(Origin::Json)?;
    let mut fault = None;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let place = Place { nodes, fault: &mut fault, node: root, depth: 0 };
    let outcome = place.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (fault, outcome) {
        (Some(fault), _) => Err(fault),
        (None, Err(_)) => Err(unreadable(UnreadableCode::Malformed, "body")),
        (None, Ok(())) => Ok(root),
    }
}

/// A node that waits for its value.
struct Place<'n, 'a> {
    nodes: &'n mut Nodes<'a>,
    fault: &'n mut Option<Unreadable>,
    node: u32,
    depth: u8,
}

impl<'a> Place<'_, 'a> {
    fn put(self, value: Scalar<'a>) {
        self.nodes.set(self.node, value);
    }

    fn fail<E: serde::de::Error>(&mut self, fault: Unreadable) -> E {
        *self.fault = Some(fault);
        E::custom("unreadable")
    }

    /// Adds a child and lends it out to be filled.
    fn child<E: serde::de::Error>(&mut self, name: Name<'a>) -> Result<Place<'_, 'a>, E> {
        let node = Node { parent: self.node, origin: Origin::Json, name, value: Scalar::Null };
        match self.nodes.push(node) {
            Ok(node) => Ok(Place { nodes: self.nodes, fault: self.fault, node, depth: self.depth + 1 }),
            Err(fault) => Err(self.fail(fault)),
        }
    }

    fn enter<E: serde::de::Error>(&mut self, container: Scalar<'a>) -> Result<(), E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fail(unreadable(UnreadableCode::Malformed, "body")));
        }
        self.nodes.set(self.node, container);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for Place<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Place<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(Scalar::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(Scalar::Int(value.into()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(Scalar::Int(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(Scalar::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'a str) -> Result<(), E> {
        self.put(Scalar::Text(Cow::Borrowed(value)));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(Scalar::Text(Cow::Owned(value.to_owned())));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.enter(Scalar::Array)?;
        let mut index = 0;
        loop {
            // The place is made before it is known whether an item follows, so it is made by the seed.
            let item = Item { list: &mut self, index };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.enter(Scalar::Object)?;
        let mut seen = Seen::default();
        while let Some(Key(key)) = members.next_key()? {
            let earlier = seen.find(self.nodes, &key);
            let member: Place<'_, 'a> = self.child(Name::Key(key))?;
            let node = member.node;
            members.next_value_seed(member)?;
            match earlier.and_then(|earlier| self.nodes.get(earlier)) {
                Some(first) if self.nodes.get(node).is_some_and(|second| !second.value.same(&first.value)) => {
                    let fault = Unreadable { code: UnreadableCode::DuplicateKey, field: self.nodes.label(node) };
                    return Err(self.fail(fault));
                }
                Some(_) => {}
                None => seen.add(self.nodes, node),
            }
        }
        Ok(())
    }
}

struct Item<'l, 'n, 'a> {
    list: &'l mut Place<'n, 'a>,
    index: u32,
}

impl<'a> DeserializeSeed<'a> for Item<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        self.list.child::<D::Error>(Name::Index(self.index))?.deserialize(deserializer)
    }
}

/// The members of one object so far.
#[derive(Default)]
struct Seen {
    few: Vec<u32>,
    many: HashMap<String, u32>,
}

impl Seen {
    fn find(&self, nodes: &Nodes<'_>, key: &str) -> Option<u32> {
        let named = |node: &&u32| nodes.get(**node).is_some_and(|node| matches!(&node.name, Name::Key(k) if k == key));
        self.many.get(key).or_else(|| self.few.iter().find(named)).copied()
    }

    fn add(&mut self, nodes: &Nodes<'_>, node: u32) {
        if self.few.len() < FEW_KEYS {
            self.few.push(node);
        } else {
            self.many.insert(nodes.key(node).to_owned(), node);
        }
    }
}

struct Key<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Key<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'a> Visitor<'a> for KeyVisitor {
            type Value = Key<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }
            fn visit_str<E>(self, key: &str) -> Result<Key<'a>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}
