//! Query and body read once into named values, strictly: where apps would read the same bytes in different ways,
//! either all those readings are kept, so that they can be seen to agree, or the request is unreadable.
//!
//! What is read as what:
//! - a JSON content type holds JSON and nothing else;
//! - a form content type, `text/plain` or no content type at all (many real clients) holds a form; where the body is a
//!   JSON object or array, it is that as well, as some apps parse JSON whatever its label says;
//! - XML holds elements and attributes, without entities of its own or a DOCTYPE;
//! - a GraphQL text gives its arguments (`graphql`);
//! - text inside a field that is itself a JSON object or array is read one level deep (`data={"phone":…}`).
//!
//! Must not know: which values matter.

use std::borrow::Cow;

use http::HeaderMap;

use super::content_type::{self, BodyKind};
use super::nodes::{MAX_FIELDS, Node, Nodes, Origin, Scalar, unreadable};
use super::{Payload, Request, form, graphql, json, multipart, xml};
use crate::domain::{Unreadable, UnreadableCode};
use crate::rules::{Names, Value};

/// Values of an answer that are kept at most.
const MAX_ANSWER_FIELDS: usize = 20_000;

/// A request's or an answer's named values.
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Document<'a> {
    nodes: Nodes<'a>,
    headers: Option<&'a HeaderMap>,
    status: Option<u16>,
    /// Why a part of a form that says it is JSON can't be read. Only who knows that the rest is enough may go on.
    unread: Option<Unreadable>,
}

impl<'a> Document<'a> {
    /// Reads query and body.
    pub fn read(request: &Request<'a>) -> Result<Self, Unreadable> {
        let mut document = Self::of_query(request)?;
        let body = match request.body {
            Payload::Whole(body) => body,
            Payload::TooLarge => return Err(unreadable(UnreadableCode::BodyTooLarge, "body")),
            Payload::Incomplete => return Err(unreadable(UnreadableCode::BodyIncomplete, "body")),
        };
        if !body.trim_ascii().is_empty() {
            document.read_body(body, request.headers)?;
        }
        document.read_nested()?;
        Ok(document)
    }

    /// Reads the query alone: for endpoints whose phone and conditions never come from the body.
    pub fn without_body(request: &Request<'a>) -> Result<Self, Unreadable> {
        let mut document = Self::of_query(request)?;
        document.read_nested()?;
        Ok(document)
    }

    fn of_query(request: &Request<'a>) -> Result<Self, Unreadable> {
        let mut nodes = Nodes::new(MAX_FIELDS);
        if let Some(query) = request.query.filter(|query| !query.is_empty()) {
            let root = nodes.root(Origin::Query)?;
            form::read(query.as_bytes(), root, Origin::Query, &mut nodes)?;
        }
        Ok(Self { nodes, headers: Some(request.headers), status: None, unread: None })
    }

    /// An upstream's answer, for `sent_if`, `verified_if` and `match`. A body that isn't JSON has no values.
    pub fn of_answer(status: u16, headers: &'a HeaderMap, body: Option<&'a [u8]>) -> Self {
        let mut nodes = Nodes::new(MAX_ANSWER_FIELDS);
        let text = body.and_then(|body| std::str::from_utf8(without_bom(body)).ok());
        if text.is_none_or(|text| json::read(text, &mut nodes).is_err()) {
            nodes = Nodes::new(0);
        }
        Self { nodes, headers: Some(headers), status: Some(status), unread: None }
    }

    /// Whether the body was read as JSON.
    pub fn has_json(&self) -> bool {
        self.root_of(Origin::Json).is_some()
    }

    /// Why some of it can't be read.
    pub(super) fn unread(&self) -> Option<&Unreadable> {
        self.unread.as_ref()
    }

    pub(super) fn nodes(&self) -> &Nodes<'a> {
        &self.nodes
    }

    pub(super) fn headers(&self) -> Option<&'a HeaderMap> {
        self.headers
    }

    fn read_body(&mut self, body: &'a [u8], headers: &HeaderMap) -> Result<(), Unreadable> {
        let kind = content_type::read(headers)?;
        let body = without_bom(body);
        if let BodyKind::Multipart(boundary) = &kind {
            let root = self.nodes.root(Origin::Form)?;
            self.unread = multipart::read(body, boundary, root, &mut self.nodes)?;
            return Ok(());
        }
        let text = std::str::from_utf8(body).map_err(|_where| unreadable(UnreadableCode::NotUtf8, "body"));
        if !content_type::body_is_utf8(headers) && !body.is_ascii() {
            return Err(unreadable(UnreadableCode::NotUtf8, "body"));
        }
        match kind {
            BodyKind::Json => json::read(text?, &mut self.nodes).map(|_root| ()),
            BodyKind::Xml => xml::read(text?, &mut self.nodes),
            // Apps that don't look at what a body says it is read JSON all the same.
            BodyKind::GraphQl if text.as_ref().is_ok_and(|text| begins_like_json(text)) => {
                json::read(text?, &mut self.nodes).map(|_root| ())
            }
            BodyKind::GraphQl => self.read_graphql(text?),
            BodyKind::Form => match text {
                // What isn't JSON by the book is for some app all the same: `NaN`, or text behind it.
                Ok(text) if is_json_like(text) || begins_like_json(text) => {
                    self.read_json_or_form(text, !begins_like_json(text))
                }
                Ok(_) | Err(_) => self.read_form(body),
            },
            BodyKind::Untold => self.read_untold(text?),
            BodyKind::Multipart(_) => Ok(()),
        }
    }

    fn read_untold(&mut self, text: &'a str) -> Result<(), Unreadable> {
        if is_json_like(text) || begins_like_json(text) {
            return self.read_json_or_form(text, false);
        }
        if text.trim_start().starts_with('<') {
            return xml::read(text, &mut self.nodes);
        }
        if text.trim_start().starts_with("--") {
            return Err(unreadable(UnreadableCode::ContentType, "header:content-type"));
        }
        if form::looks_like_one(text) {
            return self.read_form(text.trim_ascii().as_bytes());
        }
        let bare = text.trim().trim_matches('"');
        let short = bare.len() <= 64 && !bare.contains(char::is_control);
        if !short {
            return Err(unreadable(UnreadableCode::ContentType, "header:content-type"));
        }
        let root = self.nodes.root(Origin::Text)?;
        self.nodes.set(root, Scalar::Text(Cow::Borrowed(bare)));
        Ok(())
    }

    /// A body that begins like JSON under a type that doesn't say so: read as JSON, and as the form that an app may
    /// take it for. Where it is no JSON, a labelled form is just that.
    fn read_json_or_form(&mut self, text: &'a str, labelled_form: bool) -> Result<(), Unreadable> {
        let before = self.nodes.list().len();
        match json::read(text, &mut self.nodes) {
            Ok(_root) if text.contains('&') => self.read_form(text.as_bytes()),
            Ok(_root) => Ok(()),
            Err(fault) if labelled_form && fault.code == UnreadableCode::Malformed => {
                self.nodes.truncate(before);
                self.read_form(text.as_bytes())
            }
            Err(fault) => Err(fault),
        }
    }

    fn read_form(&mut self, body: &'a [u8]) -> Result<(), Unreadable> {
        let root = self.nodes.root(Origin::Form)?;
        form::read(body, root, Origin::Form, &mut self.nodes)
    }

    /// A body that says it is GraphQL, unless it is the JSON that usually holds it.
    fn read_graphql(&mut self, text: &'a str) -> Result<(), Unreadable> {
        let before = self.nodes.list().len();
        if is_json_like(text) {
            match json::read(text, &mut self.nodes) {
                Err(fault) if fault.code == UnreadableCode::Malformed => self.nodes.truncate(before),
                read => return read.map(|_root| ()),
            }
        }
        // The variables may stand in the query.
        self.read_nested_json()?;
        let root = self.nodes.root(Origin::Json)?;
        graphql::read(text, root, &mut self.nodes)
    }

    /// Reads what stands inside text values: JSON, and then GraphQL, which may be in it and whose variables may be.
    fn read_nested(&mut self) -> Result<(), Unreadable> {
        self.read_nested_json()?;
        self.read_nested_graphql()
    }

    /// One level deep. Text that only looks like JSON stays text.
    fn read_nested_json(&mut self) -> Result<(), Unreadable> {
        for index in 0..self.nodes.list().len() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let Some(Node { value: Scalar::Text(text), .. }) = self.nodes.get(index) else { continue };
            if !is_json_like(text) || self.has_children(index) {
                continue;
            }
            let text = text.clone();
            let mut inner = Nodes::new(MAX_FIELDS);
            match json::read(&text, &mut inner) {
                Ok(_root) => self.nodes.graft(index, &inner)?,
                Err(fault) if fault.code == UnreadableCode::DuplicateKey => {
                    return Err(Unreadable { code: fault.code, field: self.nodes.label(index) });
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn read_nested_graphql(&mut self) -> Result<(), Unreadable> {
        for index in 0..self.nodes.list().len() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let Some(Node { value: Scalar::Text(text), .. }) = self.nodes.get(index) else { continue };
            if graphql::is_one(self.nodes.key(index), text) && !self.has_children(index) {
                let text = text.clone();
                graphql::read(&text, index, &mut self.nodes)
                    .map_err(|fault| Unreadable { field: self.nodes.label(index), ..fault })?;
            }
        }
        Ok(())
    }

    fn has_children(&self, index: u32) -> bool {
        self.nodes.list().iter().skip(index as usize + 1).any(|node| node.parent == index)
    }

    /// The node at a JSON pointer (RFC 6901) of the JSON body.
    pub(super) fn at_pointer(&self, pointer: &str) -> Option<u32> {
        let root = self.root_of(Origin::Json)?;
        if pointer.is_empty() {
            return Some(root);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(root, |node, segment| {
            let plain = if segment.contains('~') {
                Cow::Owned(segment.replace("~1", "/").replace("~0", "~"))
            } else {
                Cow::Borrowed(segment)
            };
            self.nodes.child(node, &plain)
        })
    }

    /// The first query parameter or form field of that name.
    pub(super) fn field(&self, origin: Origin, name: &str) -> Option<u32> {
        self.nodes.child(self.root_of(origin)?, name)
    }

    /// The text under this name at the top of the body: JSON or a form.
    pub fn text(&self, name: &str) -> Option<&str> {
        let in_json = || self.nodes.child(self.root_of(Origin::Json)?, name);
        match &self.nodes.get(in_json().or_else(|| self.field(Origin::Form, name))?)?.value {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    fn root_of(&self, origin: Origin) -> Option<u32> {
        let is_root = |(index, node): (usize, &Node<'_>)| node.parent as usize == index && node.origin == origin;
        self.nodes.list().iter().enumerate().position(is_root).and_then(|root| u32::try_from(root).ok())
    }

    /// What a condition calls by this name.
    pub(super) fn at(&self, name: &str, argument: &str) -> Option<u32> {
        match name {
            "json" => self.at_pointer(argument),
            "form" => self.field(Origin::Form, argument),
            "query" => self.field(Origin::Query, argument),
            _ => None,
        }
    }
}

impl Names for Document<'_> {
    fn value(&self, name: &'static str, argument: Option<&str>) -> Value<'_> {
        let argument = argument.unwrap_or_default();
        match name {
            "status" => return self.status.map_or(Value::Missing, |status| Value::Int(status.into())),
            "header" => {
                let value = self.headers.and_then(|headers| headers.get(argument)).map(http::HeaderValue::as_bytes);
                return value.map_or(Value::Missing, |value| Value::Text(String::from_utf8_lossy(value)));
            }
            _ => {}
        }
        let Some(node) = self.at(name, argument).and_then(|node| self.nodes.get(node)) else { return Value::Missing };
        match &node.value {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(*value),
            #[expect(clippy::cast_precision_loss, reason = "an integer above 63 bits compares as the nearest float")]
            Scalar::Int(value) => i64::try_from(*value).map_or(Value::Float(*value as f64), Value::Int),
            Scalar::Float(value) => Value::Float(*value),
            Scalar::Text(text) => Value::Text(Cow::Borrowed(text)),
            Scalar::Bad(_) | Scalar::File | Scalar::Object | Scalar::Array => Value::Missing,
        }
    }
}

fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Whether it begins as a form, a GraphQL text or a bare value never does.
fn begins_like_json(text: &str) -> bool {
    let inner = |text: &str, next: &[char]| text.trim_ascii_start().starts_with(next);
    let text = text.trim_ascii_start();
    text.strip_prefix('{').is_some_and(|rest| inner(rest, &['"', '\'']))
        || text.strip_prefix('[').is_some_and(|rest| inner(rest, &['{', '[', '"']))
}

fn is_json_like(text: &str) -> bool {
    let text = text.trim_ascii();
    (text.starts_with('{') && text.ends_with('}')) || (text.starts_with('[') && text.ends_with(']'))
}
