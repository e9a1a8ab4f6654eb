//! What a body says that it is.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::nodes::unreadable;
use crate::domain::{Unreadable, UnreadableCode};

/// The kind of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Json,
    Form,
    /// With its boundary.
    Multipart(String),
    Xml,
    /// A GraphQL document alone.
    GraphQl,
    /// None, or one that says nothing (`text/plain`, `application/octet-stream`): the body itself must tell.
    Untold,
}

/// Reads the headers that describe the body. More than one content type, a charset that isn't a superset of ASCII and
/// any content coding are refused.
pub(super) fn read(headers: &HeaderMap) -> Result<BodyKind, Unreadable> {
    let plain = |value: &str| value.split(',').all(|coding| matches!(coding.trim(), "" | "identity"));
    for coding in headers.get_all(CONTENT_ENCODING) {
        if !coding.to_str().is_ok_and(|coding| plain(&coding.to_ascii_lowercase())) {
            return Err(unreadable(UnreadableCode::ContentEncoding, "header:content-encoding"));
        }
    }
    let refused = || unreadable(UnreadableCode::ContentType, "header:content-type");
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else { return Ok(BodyKind::Untold) };
    if values.any(|other| other != value) {
        return Err(refused());
    }
    let value = value.to_str().map_err(|_not_text| refused())?;
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if is_told_twice(value) || charset(value).is_some_and(|charset| !is_ascii_superset(&charset)) {
        return Err(refused());
    }
    match essence.as_str() {
        "application/json"
        | "text/json"
        | "application/x-json"
        | "application/jsonrequest"
        | "application/graphql+json" => Ok(BodyKind::Json),
        "application/x-www-form-urlencoded" | "application/www-form-urlencoded" => Ok(BodyKind::Form),
        "multipart/form-data" if has_others(value) => Err(refused()),
        "multipart/form-data" => boundary(value).map(BodyKind::Multipart).ok_or_else(refused),
        "text/xml" | "application/xml" => Ok(BodyKind::Xml),
        ""
        | "text/plain"
        | "application/octet-stream"
        | "*/*"
        | "text/html"
        | "text/javascript"
        | "undefined"
        | "null"
        | "application/javascript"
        | "application/text"
        | "text"
        | "json"
        | "text/x-json"
        | "multipart/text" => Ok(BodyKind::Untold),
        "application/graphql" => Ok(BodyKind::GraphQl),
        _ if is_json(&essence) => Ok(BodyKind::Json),
        _ if essence.ends_with("+xml") => Ok(BodyKind::Xml),
        _ => Err(refused()),
    }
}

/// Whether the body says, in however broken a way, that it is a form or JSON.
pub fn says_fields(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_TYPE).iter().any(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        value.contains("form") || value.contains("json")
    })
}

/// `application/vnd.api+json`, `application/x-amz-json-1.1`, `application/json-rpc`; not those that hold many texts.
fn is_json(essence: &str) -> bool {
    let many = ["seq", "stream", "lines", "jsonl", "ndjson", "json5"].iter().any(|word| essence.contains(word));
    essence.contains("json") && !many && essence.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

/// Whether a part of this type is JSON.
pub(super) fn says_json(value: &str) -> bool {
    is_json(&value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether the text of a part of this type is UTF-8.
pub(super) fn charset_is_utf8(value: &str) -> bool {
    charset(value).is_none_or(|charset| matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii"))
}

/// Whether the body's charset, where one is given, is UTF-8; else the body must be ASCII to be sure of it.
pub(super) fn body_is_utf8(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_none_or(charset_is_utf8)
}

fn charset(value: &str) -> Option<String> {
    parameter(value, "charset").map(|charset| charset.to_ascii_lowercase())
}

/// Character sets that read an ASCII text as ASCII. (Not UTF-7, UTF-16, EBCDIC, ISO-2022.)
pub(super) fn is_ascii_superset(charset: &str) -> bool {
    matches!(
        charset,
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "latin1" | "euc-kr" | "euc-jp" | "koi8-r" | "tis-620"
    ) || charset.starts_with("iso-8859-")
        || charset.starts_with("windows-125")
        || matches!(charset, "gb2312" | "gbk" | "gb18030" | "big5" | "shift_jis" | "sjis")
}

pub(super) fn boundary(value: &str) -> Option<String> {
    let boundary = parameter(value, "boundary")?;
    // Some parsers end it at a comma or a blank.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_-./:=?*$!#&~^|@<>{}".contains(&byte);
    ((1..=200).contains(&boundary.len()) && boundary.bytes().all(plain)).then_some(boundary)
}

/// What decides how the body is read.
const DECIDING: [&str; 2] = ["boundary", "charset"];

/// Whether a parameter that decides how the body is read stands there twice, as `boundary*` or `boundary*0` too: parsers
/// take the first, the last, or the extended one.
fn is_told_twice(value: &str) -> bool {
    DECIDING.iter().any(|name| {
        let names = keys(value).filter(|key| key.split('*').next().is_some_and(|plain| plain.trim_end() == *name));
        let (count, extended) =
            names.fold((0, false), |(count, extended), key| (count + 1, extended || key.contains('*')));
        count > 1 || extended
    })
}

/// Whether there are other parameters, which some parsers look for the boundary in (`xboundary`).
fn has_others(value: &str) -> bool {
    keys(value).any(|key| !key.is_empty() && !DECIDING.contains(&key.as_str()))
}

/// Names of parameters in lower case. One in quotes that holds a `;` has more of them than it should, and is none of ours.
fn keys(value: &str) -> impl Iterator<Item = String> {
    value.split(';').skip(1).map(|pair| pair.split('=').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// A parameter of a content type, the first of its name; `None` also where it is written in a broken way.
fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value.split_once(';')?.1;
    loop {
        rest = rest.trim_start();
        let (key, after) = rest.split_at(rest.find(['=', ';'])?);
        let Some(after) = after.strip_prefix('=') else {
            rest = after.strip_prefix(';')?;
            continue;
        };
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = after.trim_start().strip_prefix(';')?;
    }
}
