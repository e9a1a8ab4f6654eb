//! Arguments that stand inside a GraphQL text: `mutation { sendCode(phone: "+44…", country: GB) }`.
//!
//! Not a parser: it takes every `name: literal`, whatever surrounds it, which is more than an app would read and never
//! less.

use std::borrow::Cow;

use super::nodes::{Name, Node, Nodes, Origin, Scalar};
use crate::domain::Unreadable;

/// Whether a value under this key may be a GraphQL document.
pub(super) fn is_one(key: &str, text: &str) -> bool {
    matches!(key, "query" | "mutation") && text.contains('{') && text.contains('(') && text.contains(':')
}

/// Adds the arguments under the node that holds the text.
pub(super) fn read(text: &str, under: u32, nodes: &mut Nodes<'_>) -> Result<(), Unreadable> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(':') {
        rest = after;
        let before = before.trim_end();
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_'));
        let (lead, name) = before.split_at(start.map_or(0, |at| at + before.get(at..).map_or(1, first_len)));
        // `$phone: String!` declares a variable; its value stands elsewhere.
        if name.is_empty() || lead.ends_with('$') {
            continue;
        }
        let Some((value, after)) = literal(after.trim_start()) else { continue };
        rest = after;
        nodes.push(Node {
            parent: under,
            origin: Origin::Json,
            name: Name::Key(Cow::Owned(name.to_owned())),
            value: Scalar::Text(Cow::Owned(value)),
        })?;
    }
    Ok(())
}

fn first_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

/// A string, a number, or an enum value of two letters (a country), and what follows it.
fn literal(text: &str) -> Option<(String, &str)> {
    if let Some(block) = text.strip_prefix("\"\"\"") {
        let (value, after) = block.split_once("\"\"\"")?;
        return Some((value.to_owned(), after));
    }
    if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let value = values.next()?.ok()?;
        return Some((value, text.get(values.byte_offset()..)?));
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    let number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let country = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    (number || country).then(|| (word.to_owned(), after))
}
