//! Plain XML, as SOAP and XML-RPC bodies have it: elements, attributes, text. Whatever needs more than that (a DOCTYPE,
//! entities of its own, processing instructions) is refused, as a phone could hide in it.

use std::borrow::Cow;

use super::content_type::is_ascii_superset;
use super::nodes::{Name, Node, Nodes, Origin, Scalar, unreadable};
use crate::domain::{Unreadable, UnreadableCode};

const MAX_DEPTH: usize = 64;

/// Reads one XML document into `nodes`, under a root of its own. Names lose their namespace prefix.
pub(super) fn read<'a>(text: &'a str, nodes: &mut Nodes<'a>) -> Result<(), Unreadable> {
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let root = nodes.root(Origin::Xml)?;
    let mut rest = text.trim_ascii();
    if let Some(declaration) = rest.strip_prefix("<?xml ") {
        let (declaration, after) = declaration.split_once("?>").ok_or_else(malformed)?;
        if !is_read_as_ours(declaration, text.is_ascii()) {
            return Err(unreadable(UnreadableCode::NotUtf8, "body"));
        }
        rest = after;
    }
    let mut open: Vec<(u32, &str)> = Vec::new();
    let mut elements = 0;
    while let Some((before, tag)) = rest.split_once('<') {
        put_text(before, open.last(), nodes)?;
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").ok_or_else(malformed)?.1;
            continue;
        }
        if let Some(data) = tag.strip_prefix("![CDATA[") {
            let (data, after) = data.split_once("]]>").ok_or_else(malformed)?;
            append(Cow::Borrowed(data), open.last(), nodes)?;
            rest = after;
            continue;
        }
        if tag.starts_with(['!', '?']) {
            return Err(malformed());
        }
        if let Some(closing) = tag.strip_prefix('/') {
            let (name, after) = closing.split_once('>').ok_or_else(malformed)?;
            if open.pop().is_none_or(|(_, opened)| opened != name.trim_ascii_end()) {
                return Err(malformed());
            }
            rest = after;
            continue;
        }
        if open.is_empty() && elements > 0 {
            return Err(malformed());
        }
        let (node, name, after, closed) = read_tag(tag, open.last().map_or(root, |(node, _)| *node), nodes)?;
        elements += 1;
        if !closed {
            open.push((node, name));
        }
        if open.len() > MAX_DEPTH {
            return Err(malformed());
        }
        rest = after;
    }
    if open.is_empty() && elements > 0 && rest.trim_ascii().is_empty() { Ok(()) } else { Err(malformed()) }
}

/// Whether an app that heeds the declaration's encoding sees the same elements: in UTF-7 `+ADw-` is a bracket.
fn is_read_as_ours(declaration: &str, is_ascii: bool) -> bool {
    let Some((_, encoding)) = declaration.split_once("encoding") else { return true };
    let encoding = encoding.trim_ascii_start().strip_prefix('=').unwrap_or_default().trim_ascii_start();
    let quoted = encoding.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let name = quoted.and_then(|quote| encoding.get(1..)?.split_once(quote)).map(|(name, _)| name.to_ascii_lowercase());
    // Letters of several bytes may end in what is a sign to us.
    let one_by_one =
        |name: &str| name.starts_with("utf") || name.starts_with("iso-8859-") || name.starts_with("windows-");
    name.is_some_and(|name| !name.is_empty() && is_ascii_superset(&name) && (is_ascii || one_by_one(&name)))
}

/// Reads `name attribute="value" …>`: the element's node, its name, what follows, and whether it closes itself.
fn read_tag<'a>(tag: &'a str, parent: u32, nodes: &mut Nodes<'a>) -> Result<(u32, &'a str, &'a str, bool), Unreadable> {
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let end = tag.find(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')).ok_or_else(malformed)?;
    let (name, mut rest) = tag.split_at(end);
    let value = Scalar::Text(Cow::Borrowed(""));
    let node = nodes.push(Node { parent, origin: Origin::Xml, name: Name::Key(local(name)?), value })?;
    loop {
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return Ok((node, name, after, true));
        }
        if let Some(after) = rest.strip_prefix('>') {
            return Ok((node, name, after, false));
        }
        let (key, after) = rest.split_once('=').ok_or_else(malformed)?;
        let after = after.trim_ascii_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(malformed)?;
        let (value, after) = after.get(1..).and_then(|inner| inner.split_once(quote)).ok_or_else(malformed)?;
        let key = key.trim_ascii();
        if key != "xmlns" && !key.starts_with("xmlns:") {
            let value = Scalar::Text(unescape(value)?);
            nodes.push(Node { parent: node, origin: Origin::Xml, name: Name::Key(local(key)?), value })?;
        }
        rest = after;
    }
}

fn local(name: &str) -> Result<Cow<'_, str>, Unreadable> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(unreadable(UnreadableCode::Malformed, "body"));
    }
    Ok(Cow::Borrowed(name.rsplit_once(':').map_or(name, |(_, local)| local)))
}

fn put_text<'a>(text: &'a str, element: Option<&(u32, &str)>, nodes: &mut Nodes<'a>) -> Result<(), Unreadable> {
    let text = text.trim_ascii();
    if text.is_empty() { Ok(()) } else { append(unescape(text)?, element, nodes) }
}

fn append<'a>(text: Cow<'a, str>, element: Option<&(u32, &str)>, nodes: &mut Nodes<'a>) -> Result<(), Unreadable> {
    let Some((element, _)) = element else { return Err(unreadable(UnreadableCode::Malformed, "body")) };
    // Of a text that a comment or an element cuts, some apps read the first part and some all of it.
    let value = match nodes.get(*element).map(|node| &node.value) {
        Some(Scalar::Text(before)) if before.is_empty() => Scalar::Text(text),
        _ => Scalar::Bad(UnreadableCode::Malformed),
    };
    nodes.set(*element, value);
    Ok(())
}

/// The five entities and character references; any other is refused.
fn unescape(text: &str) -> Result<Cow<'_, str>, Unreadable> {
    if !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('&') {
        let (name, after) = escape.split_once(';').ok_or_else(malformed)?;
        plain.push_str(before);
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let code = name.strip_prefix('#').ok_or_else(malformed)?;
                let code = match code.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => code.parse(),
                };
                code.ok().and_then(char::from_u32).ok_or_else(malformed)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Ok(Cow::Owned(plain))
}
