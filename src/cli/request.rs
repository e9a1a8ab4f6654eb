//! A raw HTTP/1.1 request from a file, as `explain --request` takes it.
//!
//! Must not know: what will be made of it.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::extract::{Payload, Request};

/// The most headers that a request may have here.
const MAX_HEADERS: usize = 128;

/// A request as it stands in a file. It holds raw numbers, so it isn't shown.
#[expect(missing_debug_implementations, reason = "holds raw numbers")]
pub struct RawRequest {
    method: Method,
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
    /// Whether the body is as long as `Content-Length` says.
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
    /// There is no empty line.
    #[error("the request ends within its head; an empty line stands between headers and body")]
    NoEnd,
    /// The target is neither a path nor a URL.
    #[error("the request's target is neither a path nor a URL")]
    Target,
    /// The body is in a form that only makes sense on the wire.
    #[error("the request's body is chunked; write it plainly, without `Transfer-Encoding`")]
    Chunked,
}

impl RawRequest {
    /// Reads head and body. Lines may end in LF alone, as editors write them. Without `Content-Length` the body is all
    /// that follows, less one final line end.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut parsed);
        let httparse::Status::Complete(length) = head.parse(bytes).map_err(RequestError::Malformed)? else {
            return Err(RequestError::NoEnd);
        };
        let headers = headers(head.headers)?;
        if headers.contains_key(http::header::TRANSFER_ENCODING) {
            return Err(RequestError::Chunked);
        }
        let method = Method::from_bytes(head.method.unwrap_or_default().as_bytes());
        let method = method.map_err(|_not_a_method| RequestError::Malformed(httparse::Error::Token))?;
        let (path, query) = split_target(head.path.unwrap_or_default())?;
        let (body, whole) = body(bytes.get(length..).unwrap_or_default(), &headers);
        Ok(Self { method, path, query, headers, body: body.to_vec(), whole })
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

/// The body, and whether all of it is there.
fn body<'b>(rest: &'b [u8], headers: &HeaderMap) -> (&'b [u8], bool) {
    let announced = headers.get(http::header::CONTENT_LENGTH);
    if let Some(length) = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok()) {
        return rest.get(..length).map_or((rest, false), |body| (body, true));
    }
    let body = rest.strip_suffix(b"\n").unwrap_or(rest);
    (body.strip_suffix(b"\r").unwrap_or(body), true)
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
            ("POST / HTTP/1.1\nContent-Length: 9\n\na=1\n", None),
            ("GET / HTTP/1.1\n\n", Some("")),
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
            ["", "hello", "POST /\n\n", "POST / HTTP/1.1\nHost: a\n", "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n"]
        {
            assert!(parse(text).is_err(), "{text:?}");
        }
        let error = parse("POST /+447402415571 HTTP/1.1\nbad header +447402415571\n\n").err().unwrap();
        assert!(!error.to_string().contains("4474"), "{error}");
    }
}
