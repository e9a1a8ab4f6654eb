//! Requests that two programs could read in two ways: refused, or sent on in one way only.

use crate::support::app::App;
use crate::support::client::{raw, status};
use crate::support::gate::open_gate;
use crate::support::proxy::{Proxy, settings};

/// Each with how many requests the app may see.
const TRICKS: &[(&str, &str, usize)] = &[
    (
        "length and chunks",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        1,
    ),
    (
        "chunks and length",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 30\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        1,
    ),
    (
        "two lengths",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        0,
    ),
    ("a list of lengths", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 5\r\n\r\nhello", 0),
    ("a signed length", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", 0),
    ("a negative length", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\nhello", 0),
    ("xchunked", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0),
    ("chunked, identity", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 0),
    ("gzip, chunked", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0),
    (
        "chunked twice",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        0,
    ),
    (
        "vertical tab before chunked",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n",
        0,
    ),
    ("space before colon", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 0),
    ("folded line", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 0),
    ("chunks in HTTP/1.0", "POST /a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0),
    (
        "broken chunk size",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        0,
    ),
    (
        "huge chunk size",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        0,
    ),
    (
        "chunk without line end",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        0,
    ),
    ("NUL in a value", "GET /a HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 0),
    ("carriage return in a value", "GET /a HTTP/1.1\r\nHost: a\r\nX: a\rTransfer-Encoding: chunked\r\n\r\n", 0),
    ("space in a name", "GET /a HTTP/1.1\r\nHost: a\r\nX Y: b\r\n\r\n", 0),
    ("no name", "GET /a HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 0),
    ("two hosts", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 0),
    ("no host", "GET /a HTTP/1.1\r\n\r\n", 0),
    ("another host in the target", "GET http://b/a HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    (
        "length taken by Connection",
        "POST /a HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 5\r\n\r\nhello",
        0,
    ),
    ("host taken by Connection", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close, host\r\n\r\n", 0),
    ("a tunnel", "CONNECT b:80 HTTP/1.1\r\nHost: b:80\r\n\r\n", 0),
    ("spaces in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    ("control byte in the target", "GET /a\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 0),
    ("HTTP/1.2", "GET /a HTTP/1.2\r\nHost: a\r\n\r\n", 0),
    ("HTTP/0.9", "GET /a\r\n\r\n", 0),
    ("bare line feeds", "GET /a HTTP/1.1\nHost: a\nConnection: close\n\n", 1),
    ("target of the whole", "GET http://a/a?b HTTP/1.1\r\nHost: A\r\nConnection: close\r\n\r\n", 1),
    (
        "chunk extension",
        "POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5;x=\"y\"\r\nhello\r\n0\r\n\r\n",
        1,
    ),
    (
        "the same length twice",
        "POST /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        1,
    ),
];

#[test]
fn a_request_arrives_once_or_not_at_all() {
    for (name, bytes, expected) in TRICKS {
        // The app's own parser fails on anything that is not plain HTTP/1.1.
        let app = App::saying("ok");
        let proxy = Proxy::start(settings(app.address), open_gate());
        let answer = raw(proxy.address, bytes);
        let requests = app.requests();
        assert_eq!(requests.len(), *expected, "{name}: {answer}");
        assert!(requests.iter().all(|request| request.target().starts_with("/a")), "{name}: {requests:?}");
        match expected {
            0 if *name == "a tunnel" => assert_eq!(status(&answer), 405, "{name}"),
            0 => assert!(answer.is_empty() || (400..=505).contains(&status(&answer)), "{name}: {answer}"),
            _ => assert_eq!(status(&answer), 200, "{name}: {answer}"),
        }
        assert!(answer.matches("HTTP/1.").count() <= 1, "{name}: {answer}");
    }
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let app = App::saying("ok");
    let proxy = Proxy::start(settings(app.address), open_gate());
    let answer = raw(proxy.address, format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(70_000)));
    assert_eq!(status(&answer), 431, "{answer}");
    assert!(app.requests().is_empty());
}
