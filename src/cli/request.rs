//! A raw HTTP/1.1 request from a file, as `explain --request` takes it.
//!
//! Files come from editors, browsers and captures, so it is lenient where the wire isn't: line ends of one kind or the
//! other, any version in the first line, a head that ends with the file, a length that is off by the last line end.
//!
//! Must not know: what will be made of it.

use std::borrow::Cow;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::extract::{Payload, Request};

/// The most headers that a request may have here.
const MAX_HEADERS: usize = 128;
/// Bytes of a line end at most.
const LINE_END: usize = 2;

/// A request as it stands in a file. It holds raw numbers, so it isn't shown.
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct RawRequest {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Whether the body is as long as `Content-Length` or its chunks say.
    whole: bool,
}

/// Why a text is no request. What it holds isn't repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The head doesn't follow HTTP/1.1.
    #[error(
        "the request is not HTTP/1.1 ({0}); it begins like `POST /send-code HTTP/1.1`, then its headers, an empty line, its body"
    )]
    Malformed(httparse::Error),
    /// The target is neither a path nor a URL.
    #[error("the request's target is neither a path nor a URL")]
    Target,
    /// Something other than `chunked`.
    #[error("the request's `Transfer-Encoding` is not `chunked`; write the body plainly, without that header")]
    TransferEncoding,
}

impl RawRequest {
    /// Reads head and body. Without `Content-Length` the body is all that follows, less one final line end.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let (lines, rest) = split_head(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let lines = as_http_1_1(lines);
        let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut parsed);
        if head.parse(&lines).map_err(RequestError::Malformed)?.is_partial() {
            return Err(RequestError::Malformed(httparse::Error::NewLine));
        }
        let headers = headers(head.headers)?;
        let method = Method::from_bytes(head.method.unwrap_or_default().as_bytes());
        let method = method.map_err(|_not_a_method| RequestError::Malformed(httparse::Error::Token))?;
        let (path, query) = split_target(head.path.unwrap_or_default())?;
        let rest = if lines.contains(&b'\r') { Cow::Borrowed(rest) } else { with_wire_line_ends(rest, &headers) };
        let (body, whole) = match headers.get(http::header::TRANSFER_ENCODING) {
            Some(coding) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => dechunked(&rest),
            Some(_) => return Err(RequestError::TransferEncoding),
            // Its length was that of other line ends; the last boundary tells whether it is whole.
            None if matches!(rest, Cow::Owned(_)) => (rest.into_owned(), true),
            None => plain_body(&rest, &headers),
        };
        Ok(Self { method, path, query, headers, body, whole })
    }

    /// As the edge would see it, sent from `peer`.
    pub fn sent_from(&self, peer: IpAddr) -> Request<'_> {
        let body = if self.whole { Payload::Whole(&self.body) } else { Payload::Incomplete };
        let (path, query) = (self.path.as_str(), self.query.as_deref());
        Request { peer, method: &self.method, path, query, headers: &self.headers, body }
    }
}

fn headers(parsed: &[httparse::Header<'_>]) -> Result<HeaderMap, RequestError> {
    let mut headers = HeaderMap::with_capacity(parsed.len());
    for header in parsed {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_not_a_name| RequestError::Malformed(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_bytes(header.value)
            .map_err(|_not_a_value| RequestError::Malformed(httparse::Error::HeaderValue))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Path and query, also of a target with scheme and host.
fn split_target(target: &str) -> Result<(String, Option<String>), RequestError> {
    let path = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
        }
        _ => target,
    };
    if !path.starts_with('/') {
        return Err(RequestError::Target);
    }
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    Ok((path.to_owned(), query.map(str::to_owned)))
}

/// The head without the empty line behind it, and what follows. A head alone may lack that line.
fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    let mut line = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(bytes.get(line..at), Some(b"" | b"\r")) {
            return (bytes.get(..line).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default());
        }
        line = at + 1;
    }
    (bytes, &[])
}

/// The head with the version that is parsed (`HTTP/2` in a capture means the same here) and its empty line.
fn as_http_1_1(head: &[u8]) -> Vec<u8> {
    let first = head.iter().position(|byte| *byte == b'\n').unwrap_or(head.len());
    let (line, others) = head.split_at(first);
    let ending: &[u8] = if line.ends_with(b"\r") { b"\r" } else { b"" };
    let line = line.trim_ascii_end();
    let known = [&b" HTTP/2.0"[..], b" HTTP/2", b" HTTP/3", b" HTTP/1.0"]
        .iter()
        .find_map(|version| line.strip_suffix(*version));
    let mut lines = match known {
        Some(start) => [start, b" HTTP/1.1"].concat(),
        None => line.to_vec(),
    };
    lines.extend_from_slice(ending);
    lines.extend_from_slice(others);
    if !lines.ends_with(b"\n") {
        lines.push(b'\n');
    }
    lines.push(b'\n');
    lines
}

/// A multipart body whose line ends an editor has cut to LF, as it was.
fn with_wire_line_ends<'b>(body: &'b [u8], headers: &HeaderMap) -> Cow<'b, [u8]> {
    let kind = headers.get(http::header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let multipart = kind.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/"));
    if !multipart || body.contains(&b'\r') {
        return Cow::Borrowed(body);
    }
    Cow::Owned(body.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]))
}

/// The body, and whether all of it is there: a last line end that a length counts or doesn't is no matter.
fn plain_body(rest: &[u8], headers: &HeaderMap) -> (Vec<u8>, bool) {
    let announced = headers.get(http::header::CONTENT_LENGTH);
    if let Some(length) = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()) {
        let whole = length <= rest.len() + LINE_END;
        return (rest.get(..length).unwrap_or(rest).to_vec(), whole);
    }
    let body = rest.strip_suffix(b"\n").unwrap_or(rest);
    (body.strip_suffix(b"\r").unwrap_or(body).to_vec(), true)
}

/// A chunked body put together, and whether its last chunk is there. Trailers are left out.
fn dechunked(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let chunk = size.and_then(|size| after.get(1..)?.split_at_checked(size));
        match chunk {
            Some(([], _)) => return (body, true),
            Some((chunk, after)) => {
                body.extend_from_slice(chunk);
                let after = after.strip_prefix(b"\r").unwrap_or(after);
                rest = after.strip_prefix(b"\n").unwrap_or(after);
            }
            None => break,
        }
    }
    // `0` as the file's last line, without an end.
    (body, rest == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RawRequest, RequestError> {
        RawRequest::parse(text.as_bytes())
    }

    fn body_of(text: &str) -> Option<String> {
        let request = parse(text).ok().unwrap();
        match request.sent_from([127, 0, 0, 1].into()).body {
            Payload::Whole(body) => Some(String::from_utf8(body.to_vec()).unwrap()),
            Payload::TooLarge | Payload::Incomplete => None,
        }
    }

    #[test]
    fn a_request_as_an_editor_writes_it_is_read() {
        let request = parse("POST /send?x=1 HTTP/1.1\nHost: a\nCookie: a=1\nCookie: b=2\n\n{\"a\":1}\n").ok().unwrap();
        let request = request.sent_from([192, 0, 2, 1].into());
        assert_eq!((request.method.as_str(), request.path, request.query), ("POST", "/send", Some("x=1")));
        assert_eq!(request.headers.get_all("cookie").iter().count(), 2);
        assert_eq!(request.peer, IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn the_body_ends_where_its_length_says_or_before_the_files_last_line_end() {
        for (text, body) in [
            ("POST / HTTP/1.1\r\n\r\na=1\r\n", Some("a=1")),
            ("POST / HTTP/1.1\n\na=1\n\n", Some("a=1\n")),
            ("POST / HTTP/1.1\nContent-Length: 3\n\na=1\n", Some("a=1")),
            ("POST / HTTP/1.1\nContent-Length: 4\n\na=1", Some("a=1")),
            ("POST / HTTP/1.1\r\nCONTENT-LENGTH: 5\r\n\r\na=1", Some("a=1")),
            ("POST / HTTP/1.1\nContent-Length: 9\n\na=1\n", None),
            ("GET / HTTP/1.1\n\n", Some("")),
            ("GET / HTTP/1.1\nHost: a\n", Some("")),
            ("GET / HTTP/1.1\nHost: a", Some("")),
            ("POST / HTTP/2\nhost: a\n\na=1\n", Some("a=1")),
            ("POST / HTTP/1.0\r\n\r\na=1", Some("a=1")),
            ("POST http://a/b HTTP/1.1\nTransfer-Encoding: chunked\n\n2\na=\n1;x\n1\n0\n\n", Some("a=1")),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\na=1\r\n0\r\nX: y\r\n\r\n", Some("a=1")),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n", None),
            ("POST / HTTP/1.1\nContent-Type: multipart/form-data\n\n--B\nx\n", Some("--B\r\nx\r\n")),
        ] {
            assert_eq!(body_of(text).as_deref(), body, "{text:?}");
        }
    }

    #[test]
    fn targets_may_be_whole_urls() {
        for (target, path, query) in [
            ("/a//b?c?d", "/a//b", Some("c?d")),
            ("http://host/a", "/a", None),
            ("http://host", "/", None),
            ("/x?u=http://a", "/x", Some("u=http://a")),
        ] {
            let (found, found_query) = split_target(target).unwrap();
            assert_eq!((found.as_str(), found_query.as_deref()), (path, query), "{target}");
        }
        assert_eq!(split_target("*"), Err(RequestError::Target));
    }

    #[test]
    fn what_is_no_request_is_an_error_that_repeats_nothing_of_it() {
        for text in
            ["", "hello", "POST /\n\n", "POST / HTTP/1.1\nHost\n", "POST / HTTP/1.1\nTransfer-Encoding: gzip\n\n"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let error = parse("POST /+447402415571 HTTP/1.1\nbad header +447402415571\n\n").err().unwrap();
        assert!(!error.to_string().contains("4474"), "{error}");
    }
}
