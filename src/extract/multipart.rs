//! multipart/form-data (RFC 7578), strictly: what parsers are known to disagree on is refused.

use std::borrow::Cow;

use super::nodes::{MAX_FIELDS, Name, Node, Nodes, Origin, Scalar, unreadable};
use super::{content_type, json};
use crate::domain::{Unreadable, UnreadableCode};

/// One field of a multipart form, or a file.
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Part<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether it is a file, be it an empty one.
    pub is_file: bool,
    /// What is in it.
    pub value: &'a [u8],
    /// Whether its text, where it is one, is UTF-8 by what it says of itself.
    says_utf8: bool,
    /// Whether it says that it is JSON.
    says_json: bool,
}

/// Reads the parts of `body` into `nodes`, under `root`. A file's content is none of our business, unless it says that it
/// is JSON: scripts send JSON beside files as a blob, which always has a file name. Gives why the first such part can't be
/// read; the others are there all the same.
pub(super) fn read<'a>(
    body: &'a [u8],
    boundary: &str,
    root: u32,
    nodes: &mut Nodes<'a>,
) -> Result<Option<Unreadable>, Unreadable> {
    let mut unread = None;
    each_part(body, boundary, |part| {
        let text = std::str::from_utf8(part.value).ok().filter(|text| part.says_utf8 || text.is_ascii());
        let value = match text {
            _ if part.is_file && !part.says_json => Scalar::File,
            Some(text) => Scalar::Text(Cow::Borrowed(text)),
            None => Scalar::Bad(UnreadableCode::NotUtf8),
        };
        let node = nodes.push(Node { parent: root, origin: Origin::Form, name: Name::Key(part.name), value })?;
        if part.says_json
            && let Err(fault) = read_json(text, node, nodes)
        {
            nodes.truncate(node as usize + 1);
            nodes.set(node, Scalar::Bad(fault.code));
            unread.get_or_insert(fault);
        }
        Ok(())
    })?;
    Ok(unread)
}

/// Reads a part that says it is JSON as strictly as a body that does. Without braces it is a text that was labelled so.
fn read_json(text: Option<&str>, node: u32, nodes: &mut Nodes<'_>) -> Result<(), Unreadable> {
    let text = text.ok_or_else(|| unreadable(UnreadableCode::NotUtf8, &nodes.label(node)))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii();
    if text.starts_with(['{', '[']) {
        let mut inner = Nodes::new(MAX_FIELDS);
        json::read(text, &mut inner)?;
        nodes.graft(node, &inner)?;
    }
    Ok(())
}

/// The parts of a multipart form with this content type.
pub fn parts<'a>(kind: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, Unreadable> {
    let malformed = || unreadable(UnreadableCode::ContentType, "header:content-type");
    let boundary = content_type::boundary(kind).ok_or_else(malformed)?;
    let mut parts = Vec::new();
    each_part(body, &boundary, |part| {
        parts.push(part);
        Ok(())
    })?;
    Ok(parts)
}

fn each_part<'a>(
    body: &'a [u8],
    boundary: &str,
    mut take: impl FnMut(Part<'a>) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let incomplete = || unreadable(UnreadableCode::BodyIncomplete, "body");
    let delimiter = format!("\r\n--{boundary}");
    let first = delimiter.as_bytes().get(2..).unwrap_or_default();
    // Text before the first boundary is no part; some parsers disagree, so there must be none but line ends.
    let body = trim_start_line_ends(body);
    let mut rest = body.strip_prefix(first).ok_or_else(malformed)?;
    loop {
        if let Some(epilogue) = rest.strip_prefix(b"--") {
            return if epilogue.trim_ascii().is_empty() { Ok(()) } else { Err(malformed()) };
        }
        let part =
            rest.strip_prefix(b"\r\n").ok_or_else(|| if rest.is_empty() { incomplete() } else { malformed() })?;
        let end = find(part, delimiter.as_bytes()).ok_or_else(incomplete)?;
        let (part, after) = part.split_at(end);
        // Parsers that take a lone line end for one see another part here.
        if begins_a_line(part, first) {
            return Err(malformed());
        }
        rest = after.get(delimiter.len()..).unwrap_or_default();
        take(read_part(part)?)?;
    }
}

fn trim_start_line_ends(body: &[u8]) -> &[u8] {
    let start = body.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(body.len());
    body.get(start..).unwrap_or_default()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // A boundary begins with CR, which is rare in bodies: look for it first.
    let mut from = 0;
    while let Some(at) = haystack.get(from..)?.iter().position(|byte| *byte == b'\r') {
        if haystack.get(from + at..).is_some_and(|tail| tail.starts_with(needle)) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// Whether a line of the text begins with this, be it after half a line end.
fn begins_a_line(text: &[u8], needle: &[u8]) -> bool {
    text.starts_with(needle)
        || text.windows(needle.len() + 1).any(|window| matches!(window, [b'\r' | b'\n', rest @ ..] if rest == needle))
}

fn read_part(part: &[u8]) -> Result<Part<'_>, Unreadable> {
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let split = find(part, b"\r\n\r\n").ok_or_else(malformed)?;
    let (head, value) = part.split_at(split);
    let value = value.get(4..).unwrap_or_default();
    let head = std::str::from_utf8(head).map_err(|_where| unreadable(UnreadableCode::NotUtf8, "body"))?;
    let mut disposition = None;
    let (mut says_utf8, mut says_json) = (true, false);
    for line in head.split("\r\n") {
        let (name, content) = line.split_once(':').ok_or_else(malformed)?;
        // A folded line, a blank before the colon, a lone line end: parsers differ.
        if name.is_empty() || name.contains(|c: char| !c.is_ascii_graphic()) || content.contains(['\r', '\n', '\0']) {
            return Err(malformed());
        }
        if name.eq_ignore_ascii_case("content-disposition") {
            if disposition.replace(read_disposition(content)?).is_some() {
                return Err(malformed());
            }
        } else if name.eq_ignore_ascii_case("content-transfer-encoding") {
            let encoding = content.trim();
            if !["7bit", "8bit", "binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
                return Err(unreadable(UnreadableCode::ContentEncoding, "body"));
            }
        } else if name.eq_ignore_ascii_case("content-type") {
            says_utf8 = content_type::charset_is_utf8(content);
            says_json |= content_type::says_json(content);
        }
    }
    let (name, is_file) = disposition.ok_or_else(malformed)?;
    Ok(Part { name, is_file, value, says_utf8, says_json })
}

/// The name in a Content-Disposition, and whether a file name is beside it.
fn read_disposition(content: &str) -> Result<(Cow<'_, str>, bool), Unreadable> {
    let malformed = || unreadable(UnreadableCode::Malformed, "body");
    let mut rest = content.trim_start();
    let kind_end = rest.find(';').ok_or_else(malformed)?;
    let (kind, tail) = rest.split_at(kind_end);
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(malformed());
    }
    rest = tail;
    let (mut name, mut is_file) = (None, false);
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let after = after.trim_start();
        if after.is_empty() {
            rest = after;
            break;
        }
        let (key, value) = after.split_once('=').ok_or_else(malformed)?;
        let (value, tail) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(malformed)?,
            None => value.split_at(value.find([';', ' ', '\t']).unwrap_or(value.len())),
        };
        rest = tail;
        let key = key.trim();
        if key.eq_ignore_ascii_case("name") {
            let doubtful = value.contains(['\\', '"', '\0']) || value.chars().any(char::is_control);
            if doubtful || name.replace(value).is_some() {
                return Err(malformed());
            }
        } else if key.eq_ignore_ascii_case("filename") || key.eq_ignore_ascii_case("filename*") {
            is_file = true;
        } else {
            return Err(malformed());
        }
    }
    if !rest.trim().is_empty() {
        return Err(malformed());
    }
    let name = name.ok_or_else(malformed)?;
    // Browsers write a quote in a name as %22; other escapes stand for themselves.
    let name = if name.contains("%22") { Cow::Owned(name.replace("%22", "\"")) } else { Cow::Borrowed(name) };
    Ok((name, is_file))
}
