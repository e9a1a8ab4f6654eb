//! Spellings of one path before an app that forgives much: none of them reaches its endpoint unjudged.

use crate::support::app::{App, Recorded, reply};
use crate::support::client::{read_to_close, status};
use crate::whole::stage::{Sendwall, raw_request};

const LOGIN: &str = r#"
mode = "enforce"
default_limits = false

[[endpoint]]
name = "login"
send = "POST /api/send-code"
countries = ["GB"]
"#;

/// Where an app that forgives much would route a target: it decodes twice, takes `\` for `/`, merges slashes, resolves
/// dots, cuts path parameters, a front controller, what stands behind a script, a final dot or slash and known suffixes, and ignores case.
fn route(target: &str) -> String {
    let path = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.split(['?', '#']).next().unwrap();
    let path = decode(&decode(path)).replace('\\', "/");
    let mut segments: Vec<String> = Vec::new();
    for segment in path.split('/') {
        let segment = segment.split([';', '\0', '?', '#']).next().unwrap().trim_matches(|c: char| c.is_whitespace());
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment.to_lowercase()),
        }
    }
    if segments.len() > 1 && segments[0] == "index.php" {
        segments.remove(0);
    }
    if let Some(script) =
        segments.iter().position(|segment| segment.rsplit_once('.').is_some_and(|(_, end)| end == "php"))
    {
        segments.truncate(script + 1);
    }
    if let Some(last) = segments.last_mut() {
        for suffix in [".json", ".php", ".html", ".xml", "."] {
            *last = last.strip_suffix(suffix).unwrap_or(last).to_owned();
        }
    }
    format!("/{}", segments.join("/"))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let (b'%', Some(value)) = (byte, escaped) {
            bytes.push(value);
            rest = &after[2..];
        } else {
            bytes.push(*byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_unjudged(request: &Recorded) -> bool {
    let rewritten = ["x-original-url", "x-rewrite-url"].iter().flat_map(|name| request.header(name));
    let mut targets = rewritten.chain([request.target()]);
    targets.any(|target| route(target) == "/api/send-code") && request.header("sendwall-decision").is_empty()
}

#[rustfmt::skip] // as many on a line as there is room for
const SPELLINGS: &[&str] = &[
    "/api/send-code", "/api/send-code/", "/api/send-code//", "//api/send-code", "///api///send-code",
    "/api//send-code", "/./api/send-code", "/api/./send-code", "/api/send-code/.", "/api/send-code/./",
    "/x/../api/send-code", "/api/x/../send-code", "/api/send-code/x/..", "/../api/send-code", "/../../api/send-code",
    "/api/../api/send-code", "/%61pi/send-code", "/api/%73end-code", "/api/send%2dcode", "/api/send%2Dcode",
    "/api%2fsend-code", "/api%2Fsend-code", "/%2fapi/send-code", "/%2Fapi%2Fsend-code", "/api/send-code%2f",
    "/api/%2e/send-code", "/x/%2e%2e/api/send-code", "/x/.%2e/api/send-code", "/x%2f..%2fapi/send-code",
    "/api/%2573end-code", "/%2561pi/send-code", "/api%252fsend-code", "/x/%252e%252e/api/send-code",
    "/api\\send-code", "/api%5csend-code", "/api%5Csend-code", "\\api\\send-code", "/x\\..\\api\\send-code",
    "/api/send-code;x=1", "/api;x=1/send-code", "/api/send-code;", "/;x/api/send-code", "/api/send-code;jsessionid=1;y",
    "/api/send-code%3bx=1", "/x/..;/api/send-code", "/api/send-code.json", "/api/send-code.", "/api/send-code.php",
    "/api/send-code.html", "/api/send-code?x=1", "/api/send-code?", "/api/send-code%3fx=1", "/api/send-code%23x",
    "/api/send-code%00", "/api/send-code%00.png", "/api/send-code%20", "/api/%20send-code", "/api/send-code%09",
    "/api/send-code%0a", "/API/SEND-CODE", "/Api/Send-Code", "/api/SEND%2dcode", "/%41PI/send-code",
    "http://other.example/api/send-code", "http://127.0.0.1/api//send-code", "HTTP://a/api/send-code",
    "https://a/api/send-code", "http://a//api/send-code", "/api/send-code/?/../x", "/api/send-code?/../../x",
    "/index.php/api/send-code", "/INDEX.PHP/api/send-code", "/index.php/api/send-code.json", "/index%2ephp/api/send-code",
    "/api/send-code#x", "/api/./././send-code", "/a/b/c/../../../api/send-code", "/api/send-code/x/y/../..",
    "/api/send-code.php/x", "/api/send-code%2ephp/x/y.php/z", "/index.php/api/send-code.PHP%2fx",
];

#[test]
fn no_spelling_of_the_path_reaches_the_app_unjudged() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "content-type: text/plain", "app"));
    let sendwall = Sendwall::start(app.address, LOGIN);
    let body = r#"{"phone":"+33612345678"}"#;
    assert!(SPELLINGS.len() >= 60);
    for target in SPELLINGS {
        assert_eq!(route(target), "/api/send-code", "the app routes {target} there");
        for method in ["POST", "post", "Post"] {
            let request = format!(
                "{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = read_to_close(&mut raw_request(sendwall.address, request.as_bytes()));
            let refused = [400, 403].contains(&status(&answer));
            assert!(refused || method != "POST", "{target}: {answer}");
        }
    }
    let unjudged: Vec<_> = app.requests().iter().filter(|r| is_unjudged(r)).map(|r| r.lines[0].clone()).collect();
    assert!(unjudged.is_empty(), "{unjudged:#?}");
}

#[test]
fn no_header_brings_a_request_to_the_endpoint_unjudged() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "content-type: text/plain", "app"));
    let sendwall = Sendwall::start(app.address, LOGIN);
    for name in ["x-original-url", "X-Rewrite-URL"] {
        let answer = sendwall.post("/", &[(name, "/api/send-code")], r#"{"phone":"+33612345678"}"#);
        assert_eq!(answer.status, 200, "{name}");
    }
    assert_eq!(app.requests().len(), 2);
    assert!(!app.requests().iter().any(is_unjudged));
}

#[test]
fn a_method_in_disguise_is_judged() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "content-type: text/plain", "app"));
    let sendwall = Sendwall::start(app.address, LOGIN);
    let body = r#"{"phone":"+33612345678"}"#;
    for (method, header) in [
        ("PUT", "x-http-method-override"),
        ("GET", "x-http-method-override"),
        ("PUT", "x-http-method"),
        ("PATCH", "x-method-override"),
    ] {
        let headers = [("content-type", "application/json"), (header, "POST")];
        let answer = sendwall.ask(
            method,
            "/api/send-code?phone=%2B33612345678",
            &headers,
            if method == "GET" { "" } else { body },
        );
        assert_eq!(answer.status, 403, "{method} {header}");
    }
    assert!(app.requests().is_empty());
}

#[test]
fn paths_beside_the_protected_one_pass() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "content-type: text/plain", "app"));
    let sendwall = Sendwall::start(app.address, LOGIN);
    let beside =
        ["/api/send-codes", "/api/send", "/api/send-code/x", "/v2/api/send-code", "/send-code", "/api/send_code", "/"];
    for path in beside {
        assert_ne!(route(path), "/api/send-code");
        let forged = [("sendwall-decision", "mine"), ("sendwall-verdict", "forward"), ("sendwall-score", "0")];
        let answer = sendwall.post(path, &forged, r#"{"phone":"+33612345678"}"#);
        assert_eq!((answer.status, answer.header("sendwall-decision")), (200, None), "{path}");
    }
    let arrived = app.requests();
    assert_eq!(arrived.len(), beside.len());
    let forged = |request: &Recorded| request.lines.iter().any(|line| line.to_lowercase().starts_with("sendwall-"));
    assert!(!arrived.iter().any(forged), "nobody but sendwall says that a request was judged");
}
