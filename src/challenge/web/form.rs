//! A form that a browser posted, so that a page can send the same form again.
//!
//! Must not know: what the fields mean. They hold raw numbers, go back to the client that sent them, and nowhere else.

use http::Method;
use percent_encoding::percent_decode;
use serde::{Deserialize, Serialize};

use super::html::escape;
use super::windows_1252;
use crate::extract;

/// A larger form is not carried along: a page with it would be several times as large.
pub const MAX_BYTES: usize = 256 * 1024;
/// A form with more fields is not carried along.
const MAX_FIELDS: usize = 2000;

/// A form as its request had it.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct Posted<'a> {
    /// `GET` or `POST`.
    pub method: &'a Method,
    /// Path as it came.
    pub path: &'a str,
    /// What follows the `?`.
    pub query: Option<&'a str>,
    /// The content type.
    pub content_type: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

/// A form that can be sent again.
#[derive(Clone, Deserialize, Serialize)]
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
#[cfg_attr(not(test), expect(missing_debug_implementations, reason = "holds raw numbers"))]
pub struct Form {
    post: bool,
    /// Path and query on this host.
    action: String,
    multipart: bool,
    /// Whether the bytes are not UTF-8, so that they are carried one by one.
    bytewise: bool,
    /// Names and texts; `None`: a choice of a file that was left open.
    fields: Vec<(String, Option<String>)>,
}

/// Name and text, in bytes; `None`: a choice of a file that was left open.
type Field = (Vec<u8>, Option<Vec<u8>>);

impl Form {
    /// The form of a request; `None` where a page can't send the same again: files, no form, or too large.
    pub fn read(posted: &Posted<'_>) -> Option<Self> {
        let Posted { method, path, query, content_type, body } = *posted;
        if body.len() > MAX_BYTES {
            return None;
        }
        let post = method == Method::POST;
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let multipart = essence.eq_ignore_ascii_case("multipart/form-data");
        let action = match query {
            Some(query) if post => format!("{path}?{query}"),
            _ => path.to_owned(),
        };
        let url_encoded_body = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") || body.is_empty();
        let fields = match *method {
            Method::GET => url_encoded(query.unwrap_or_default().as_bytes()),
            Method::POST if multipart => of_parts(content_type.unwrap_or_default(), body)?,
            Method::POST if url_encoded_body => url_encoded(body),
            _ => return None,
        };
        Self { post, action: local(&action), multipart, bytewise: false, fields: Vec::new() }.with(fields)
    }

    /// With these fields, if a page can hold them.
    fn with(mut self, fields: Vec<Field>) -> Option<Self> {
        let all = || fields.iter().flat_map(|(name, value)| std::iter::once(name).chain(value));
        // HTML has no way to write a NUL.
        if fields.len() > MAX_FIELDS || all().any(|bytes| bytes.contains(&0)) {
            return None;
        }
        self.bytewise = all().any(|bytes| std::str::from_utf8(bytes).is_err());
        let text = |bytes: Vec<u8>| {
            if self.bytewise { Some(windows_1252::decode(&bytes)) } else { String::from_utf8(bytes).ok() }
        };
        for (name, value) in fields {
            let value = match value {
                Some(value) => Some(text(value)?),
                None => None,
            };
            self.fields.push((text(name)?, value));
        }
        Some(self)
    }

    /// As text that [`Form::of_text`] reads.
    pub fn to_text(&self) -> String {
        // Texts only: they can't fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What [`Form::to_text`] wrote.
    pub fn of_text(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The form in HTML; `inner` is what stands in it besides the fields.
    pub(super) fn html(&self, id: &str, inner: &str) -> String {
        let method = if self.post { "post" } else { "get" };
        let charset = if self.bytewise { "windows-1252" } else { "utf-8" };
        let enctype = if self.multipart { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
        let action = escape(&self.action);
        let mut html = format!(
            "<form id=\"{id}\" method=\"{method}\" action=\"{action}\" enctype=\"{enctype}\" accept-charset=\"{charset}\">"
        );
        let input = |(name, value): &(String, Option<String>)| match (escape(name), value) {
            (name, Some(value)) => format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)),
            (name, None) => format!("<input type=\"file\" name=\"{name}\" hidden>"),
        };
        html.extend(self.fields.iter().map(input));
        html + inner + "</form>"
    }
}

/// A path that stays on this host, as browsers read it: `//host` and `/\host` would not.
fn local(action: &str) -> String {
    let action = action.replace('\\', "%5C");
    match action.strip_prefix('/') {
        Some(rest) if !rest.starts_with('/') => action,
        Some(_) => format!("/.{action}"),
        None => format!("/{action}"),
    }
}

/// By the WHATWG's rules, as bytes.
fn url_encoded(text: &[u8]) -> Vec<Field> {
    let decode = |bytes: &[u8]| {
        let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).collect()
    };
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = pair.split_at(at.unwrap_or(pair.len()));
            (decode(name), Some(decode(value.get(1..).unwrap_or_default())))
        })
        .collect()
}

/// `None` where a file is among them: a page can't choose files.
fn of_parts(content_type: &str, body: &[u8]) -> Option<Vec<Field>> {
    let parts = extract::parts(content_type, body).ok()?;
    let field = |part: extract::Part<'_>| match (part.is_file, part.value) {
        (true, []) => Some((part.name.as_bytes().to_vec(), None)),
        (true, _) => None,
        (false, value) => Some((part.name.as_bytes().to_vec(), Some(value.to_vec()))),
    };
    parts.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL_ENCODED: &str = "application/x-www-form-urlencoded";

    fn post(content_type: &str, body: &[u8]) -> Option<Form> {
        let content_type = Some(content_type);
        Form::read(&Posted { method: &Method::POST, path: "/login", query: Some("next=%2Fa"), content_type, body })
    }

    fn pairs(form: &Form) -> Vec<(&str, Option<&str>)> {
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect()
    }

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = post(URL_ENCODED, b"phone=%2B44+7700&a=1&a=2&empty=&bare&%C3%A9=%3Cb%3E%22%27%0D%0Ax").unwrap();
        let expected =
            [("phone", "+44 7700"), ("a", "1"), ("a", "2"), ("empty", ""), ("bare", ""), ("é", "<b>\"'\r\nx")];
        assert_eq!(pairs(&form), expected.map(|(name, value)| (name, Some(value))));
        assert_eq!((form.action.as_str(), form.bytewise), ("/login?next=%2Fa", false));
        assert_eq!(Form::of_text(&form.to_text()), Some(form));
    }

    #[test]
    fn bytes_of_another_encoding_are_carried_one_by_one() {
        let form = post(URL_ENCODED, b"name=%D6%D0%CE%C4&x=%80").unwrap();
        assert!(form.bytewise);
        assert_eq!(pairs(&form), [("name", Some("ÖÐÎÄ")), ("x", Some("€"))]);
        assert!(form.html("form", "").contains("accept-charset=\"windows-1252\""));
    }

    #[test]
    fn a_multipart_form_is_carried_without_files() {
        let part = |head: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n").into_bytes()
        };
        let end: &[u8] = b"--b--\r\n";
        let kind = "multipart/form-data; boundary=b";
        let text = part("name=\"phone\"", "+44 7700");
        let no_file = part("name=\"photo\"; filename=\"\"", "");
        let form = post(kind, &[&text, &no_file, end].concat()).unwrap();
        assert_eq!(pairs(&form), [("phone", Some("+44 7700")), ("photo", None)]);
        assert!(form.html("form", "").contains("<input type=\"file\" name=\"photo\" hidden>"));
        let file = part("name=\"photo\"; filename=\"a.png\"", "PNG");
        assert!(post(kind, &[&text, &file, end].concat()).is_none(), "a page can't choose a file");
    }

    #[test]
    fn what_a_page_cannot_send_again_is_none() {
        assert!(post("application/json", b"{}").is_none());
        assert!(post("text/plain", b"a=b").is_none());
        assert!(post(URL_ENCODED, b"a=%00").is_none());
        assert!(post(URL_ENCODED, &vec![b'a'; MAX_BYTES + 1]).is_none());
        assert!(post(URL_ENCODED, "a=b&".repeat(MAX_FIELDS + 1).as_bytes()).is_none());
    }

    #[test]
    fn the_query_of_a_get_is_its_fields() {
        let (method, query, body) = (&Method::GET, Some("phone=%2B44&x=y"), b"".as_slice());
        let form = Form::read(&Posted { method, path: "/send", query, content_type: None, body }).unwrap();
        assert_eq!((form.action.as_str(), form.post), ("/send", false));
        assert_eq!(pairs(&form), [("phone", Some("+44")), ("x", Some("y"))]);
    }

    #[test]
    fn no_action_leaves_the_host() {
        for (path, action) in [
            ("/login", "/login"),
            ("//evil.example/x", "/.//evil.example/x"),
            ("/\\evil.example", "/%5Cevil.example"),
            ("javascript:alert(1)", "/javascript:alert(1)"),
        ] {
            assert_eq!(local(path), action);
        }
    }
}
