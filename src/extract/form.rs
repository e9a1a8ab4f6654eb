//! Queries and url-encoded forms, by the WHATWG's rules, and what other decoders make of them where it differs.

use std::borrow::Cow;

use super::names;
use super::nodes::{Name, Node, Nodes, Origin, Scalar, shown, unreadable};
use crate::domain::{Unreadable, UnreadableCode};

/// Reads `name=value&…` into `nodes`, under `root`.
///
/// A name must decode cleanly, as decoders differ on those that don't. A value that doesn't is kept as `Bad`: it
/// matters only if it is asked for, and a stray `%` in a comment is no reason to refuse a request.
pub(super) fn read<'a>(bytes: &'a [u8], root: u32, origin: Origin, nodes: &mut Nodes<'a>) -> Result<(), Unreadable> {
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        // Older decoders split at semicolons too: a phone that only they would see is refused.
        if pair.contains(&b';') && pair.split(|byte| *byte == b';').skip(1).any(names_a_phone) {
            return Err(unreadable(UnreadableCode::Malformed, if origin == Origin::Query { "query" } else { "body" }));
        }
        let (name, value) = split_at_equals(pair);
        let field = |name: &str| format!("{}:{}", if origin == Origin::Query { "query" } else { "form" }, shown(name));
        let name = match decode(name, true) {
            Ok(name) if !name.contains(|c: char| c.is_control()) => name,
            Ok(name) => return Err(Unreadable { code: UnreadableCode::Malformed, field: field(&name) }),
            Err(code) => return Err(Unreadable { code, field: field(&String::from_utf8_lossy(name)) }),
        };
        let value = decode(value, true).map_or_else(Scalar::Bad, Scalar::Text);
        nodes.push(Node { parent: root, origin, name: Name::Key(name), value })?;
    }
    Ok(())
}

fn split_at_equals(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
        None => (pair, &[]),
    }
}

fn names_a_phone(pair: &[u8]) -> bool {
    let (name, value) = split_at_equals(pair);
    !value.is_empty() && decode(name, true).is_ok_and(|name| names::classify(&name) != names::Kind::Other)
}

/// Percent-decoding, with `+` for a space where `plus` says so.
pub(super) fn decode(bytes: &[u8], plus: bool) -> Result<Cow<'_, str>, UnreadableCode> {
    if !bytes.iter().any(|byte| *byte == b'%' || (plus && *byte == b'+')) {
        return std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_where| UnreadableCode::NotUtf8);
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        decoded.push(match (byte, tail) {
            (b'+', _) if plus => b' ',
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
                match (digit(high), digit(low)) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Err(UnreadableCode::Malformed),
                }
            }
            (b'%', _) => return Err(UnreadableCode::Malformed),
            (byte, _) => byte,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|_where| UnreadableCode::NotUtf8)
}

/// Whether a body without a telling content type reads as a form: every pair is `identifier=value`.
pub(super) fn looks_like_one(text: &str) -> bool {
    let identifier = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '%' | '$' | '+'))
    };
    let mut pairs = text.trim_ascii().split('&').filter(|pair| !pair.is_empty()).peekable();
    pairs.peek().is_some()
        && pairs.all(|pair| {
            pair.split_once('=').is_some_and(|(name, value)| identifier(name) && !value.contains(char::is_control))
        })
}
