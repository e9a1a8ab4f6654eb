//! What passes through untouched, and what a proxy changes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sendwall::gate::Gate;
use sendwall::http::{Settings, VisitSettings};

use crate::support::app::{App, reply};
use crate::support::client::{connect, curl, python, raw, read_until, status};
use crate::support::gate::{OPEN, judge, open_gate};
use crate::support::proxy::{Proxy, let_pass, settings};

/// A gate that protects nothing and trusts this machine.
fn trusting() -> Arc<Gate> {
    judge(&format!("trusted_proxies = [\"127.0.0.0/8\"]\n{OPEN}")).gate
}

#[test]
fn requests_and_answers_pass_for_every_client() {
    let app = App::start(|request, stream| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        reply(
            stream,
            "201 Fine",
            "content-type: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-bytes: \u{e9}",
            &body,
        )
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let url = proxy.url("/a//b/%2e%2E/c?x=%20&y");
    for version in ["--http1.0", "--http1.1", "--http2-prior-knowledge"] {
        let answer = curl(&[version, "-i", "--path-as-is", "-d", "hello", "-H", "x-mine: 1", &url]);
        assert!(answer.starts_with("HTTP/") && answer.contains(" 201"), "{answer}");
        for part in ["set-cookie: a=1", "set-cookie: b=2", "\r\n\r\nhello"] {
            assert!(answer.contains(part), "{version}: {part} in {answer}");
        }
    }
    let program = "import sys, http.client as c; a = c.HTTPConnection(sys.argv[1]); \
         a.request('POST', sys.argv[2], body=iter([b'hel', b'lo']), encode_chunked=True, \
         headers={'Transfer-Encoding': 'chunked', 'x-mine': '1'}); r = a.getresponse(); print(r.status, r.reason, r.read())";
    let printed = python(program, &[&proxy.address.to_string(), "/a//b/%2e%2E/c?x=%20&y"]);
    assert_eq!(printed, "201 Fine b'hello'\n");
    for request in app.wait_for(4) {
        assert_eq!(request.target(), "/a//b/%2e%2E/c?x=%20&y");
        assert_eq!(request.body, b"hello");
        assert_eq!(request.header("x-mine"), ["1"]);
        assert_eq!(request.header("host"), [proxy.address.to_string()]);
        assert_eq!(request.header("x-forwarded-for"), ["127.0.0.1"]);
        assert_eq!(request.header("x-forwarded-proto"), ["http"]);
        assert_eq!(request.header("x-forwarded-host"), [proxy.address.to_string()]);
    }
    assert_eq!(app.connections(), 1, "one connection serves them all");
    assert_eq!(proxy.counters.requests_passed.get(), 4);
    assert_eq!(proxy.counters.answers[1].get(), 4);
}

#[test]
fn split_cookies_reach_the_app_as_one() {
    let app = App::saying("ok");
    let proxy = Proxy::start(settings(app.address), open_gate());
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        curl(&[version, "-H", "cookie: sid=1; a=\"x y\"", "-H", "cookie: theme=dark", &proxy.url("/")]);
    }
    for request in app.wait_for(2) {
        assert_eq!(request.header("cookie"), ["sid=1; a=\"x y\"; theme=dark"]);
    }
}

#[test]
fn an_answer_may_have_many_headers() {
    let app = App::start(|_, stream| {
        let cookies: Vec<_> = (0..300).map(|number| format!("set-cookie: c{number}=1")).collect();
        reply(stream, "200 OK", &cookies.join("\r\n"), "ok")
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let answer = raw(proxy.address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!((status(&answer), answer.matches("set-cookie: c").count()), (200, 300), "{answer}");
}

#[test]
fn answers_without_body_stay_so() {
    let app = App::start(|request, stream| {
        let answer: &[u8] = match request.target() {
            "/head" => b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n",
            "/204" => b"HTTP/1.1 204 No Content\r\n\r\n",
            "/304" => b"HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n",
            "/early" => b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            _ => b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        };
        stream.write_all(answer).unwrap();
        request.target() != "/close"
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let head = raw(proxy.address, "HEAD /head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(head.contains("content-length: 1234\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let mut stream = connect(proxy.address);
    for (path, code, end) in [("/204", 204, "\r\n\r\n"), ("/304", 304, "\r\n\r\n"), ("/early", 200, "\r\n\r\nok")] {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        let answer = read_until(&mut stream, end);
        assert_eq!(status(&answer), code, "{answer}");
        assert!(!answer.contains("transfer-encoding"), "{answer}");
    }
    assert_eq!(curl(&[&proxy.url("/close")]), "until the end");
    let old = raw(proxy.address, "GET /close HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 200") && old.ends_with("\r\n\r\nuntil the end"), "{old}");
}

#[test]
fn trailers_pass_both_ways() {
    let app = App::start(|_, stream| {
        let answer =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 42\r\n\r\n";
        stream.write_all(answer.as_bytes()).is_ok()
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let answer = raw(
        proxy.address,
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: x-check\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n3\r\nabc\r\n0\r\nx-check: 7\r\n\r\n",
    );
    assert!(answer.contains("x-sum: 42\r\n"), "{answer}");
    let request = &app.wait_for(1)[0];
    assert_eq!((request.trailers.as_slice(), request.body.as_slice()), (&["x-check: 7".to_owned()][..], &b"abc"[..]));
    assert_eq!(request.header("te"), ["trailers"]);
    let head = curl(&["--http2-prior-knowledge", "-v", "--stderr", "-", &proxy.url("/")]);
    assert!(head.contains("x-sum: 42"), "{head}");
}

#[test]
fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let app = App::saying("ok");
    let proxy = Proxy::start(settings(app.address), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n").unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").unwrap();
    assert_eq!(status(&read_until(&mut stream, "ok")), 200);
    assert_eq!(app.wait_for(1)[0].body, b"abc");
}

#[test]
fn websockets_and_other_upgrades_pass_but_not_those_to_http() {
    let app = App::start(|request, stream| {
        if request.header("upgrade").is_empty() {
            return reply(stream, "200 OK", "", "plain");
        }
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").unwrap();
        let mut bytes = [0; 64];
        while let Ok(read @ 1..) = stream.read(&mut bytes) {
            stream.write_all(&bytes[..read]).unwrap();
        }
        false
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let mut stream = connect(proxy.address);
    let ask = |protocol: &str| {
        format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {protocol}\r\n\r\n")
    };
    stream.write_all(ask("echo").as_bytes()).unwrap();
    let head = read_until(&mut stream, "\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("upgrade: echo\r\n"), "{head}");
    for word in ["ping", "\u{0}\u{1}GET / HTTP/1.1\r\n\r\n", "pong"] {
        stream.write_all(word.as_bytes()).unwrap();
        assert_eq!(read_until(&mut stream, word), word);
    }
    let mut smuggler = connect(proxy.address);
    smuggler.write_all(ask("h2c").as_bytes()).unwrap();
    assert_eq!(status(&read_until(&mut smuggler, "plain")), 200);
    assert_eq!(proxy.counters.upgrades.get(), 1);
    assert_eq!(app.requests()[0].header("connection"), ["upgrade"]);
}

#[test]
fn a_large_body_flows_at_the_readers_pace() {
    const TOTAL: usize = 100 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&sent);
    let app = App::start(move |_, stream| {
        stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {TOTAL}\r\n\r\n").as_bytes()).unwrap();
        let piece = vec![b'x'; 64 << 10];
        (0..TOTAL / piece.len()).all(|_| {
            counting.fetch_add(piece.len(), Ordering::SeqCst);
            stream.write_all(&piece).is_ok()
        })
    });
    let proxy = Proxy::start(settings(app.address), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    read_until(&mut stream, "\r\n\r\n");
    let (mut read, mut most, mut piece) = (0, 0, vec![0; 64 << 10]);
    while read < TOTAL {
        most = most.max(sent.load(Ordering::SeqCst) - read);
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "ends after {read}");
        read += count;
        if read < 4 << 20 {
            // A slow reader: everything between fills up.
            let_pass(std::time::Duration::from_millis(1));
        }
    }
    assert!(most < 32 << 20, "{most} bytes were on the way at once");
}

#[test]
fn the_visit_cookie_is_set_on_pages_that_no_shared_cache_keeps() {
    let app = App::start(|request, stream| {
        let (kind, cache) = request.target().split_once('?').unwrap();
        let status = if kind == "/error" { "404 Not Found" } else { "200 OK" };
        let kind = if kind == "/json" { "application/json" } else { "text/html; charset=utf-8" };
        let cache = if cache.is_empty() { String::new() } else { format!("\r\ncache-control: {cache}") };
        reply(stream, status, &format!("content-type: {kind}{cache}"), "<p>")
    });
    let visit = Some(VisitSettings::default());
    let proxy = Proxy::start(Settings { visit, ..settings(app.address) }, trusting());
    let name = &VisitSettings::default().name;
    for (method, target, cookie, set) in [
        ("GET", "/page?", "", true),
        ("GET", "/page?private,max-age=60", "", true),
        ("GET", "/page?no-store", "other=1", true),
        ("GET", "/page?public", "", false),
        ("GET", "/page?max-age=60", "", false),
        ("GET", "/page?s-maxage=60", "", false),
        ("GET", "/json?", "", false),
        ("GET", "/error?", "", false),
        ("POST", "/page?", "", false),
        ("GET", "/page?", "forged", true),
        ("GET", "/page?", "v1", false),
    ] {
        let cookie = if cookie.contains('=') { cookie.to_owned() } else { format!("a=b; {name}={cookie}") };
        let answer = curl(&["-i", "-X", method, "-H", &format!("cookie: {cookie}"), &proxy.url(target)]);
        assert_eq!(answer.contains("set-cookie:"), set, "{method} {target} {cookie}: {answer}");
    }
    assert_eq!(proxy.counters.visits_set.get(), 4);
    let answer = curl(&["-i", "-H", "x-forwarded-proto: https", &proxy.url("/page?")]);
    let expected = format!("set-cookie: {name}=v5; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure\r\n");
    assert!(answer.contains(&expected), "{answer}");
    assert!(app.requests().iter().any(|request| request.header("cookie") == [format!("a=b; {name}=v1")]), "left alone");
}

#[test]
fn the_proxy_header_says_where_a_connection_comes_from() {
    let app = App::saying("ok");
    let with_header = Settings { proxy_protocol: true, ..settings(app.address) };
    let proxy = Proxy::start(with_header.clone(), trusting());
    let request = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n";
    let v1 = b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 80\r\n".to_vec();
    let mut v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    v2.extend([192, 0, 2, 8, 127, 0, 0, 1, 0x13, 0x88, 0, 80]);
    for (header, from) in [(v1, "192.0.2.7"), (v2, "192.0.2.8")] {
        assert_eq!(status(&raw(proxy.address, [&header[..], request].concat())), 200);
        assert_eq!(app.requests().last().unwrap().header("x-forwarded-for"), [from]);
    }
    assert_eq!(raw(proxy.address, request), "", "without a header");
    let strangers = Proxy::start(with_header, open_gate());
    let header = b"PROXY TCP4 192.0.2.7 127.0.0.1 5000 80\r\n";
    assert_eq!(raw(strangers.address, [&header[..], request].concat()), "", "from who may not send one");
    assert_eq!(app.requests().len(), 2);
}

#[test]
fn sendwalls_own_paths_never_reach_the_app() {
    let app = App::saying("app");
    let proxy = Proxy::start(settings(app.address), open_gate());
    for path in ["/_sendwall", "/_sendwall/", "/_sendwall/nothing"] {
        let answer = curl(&["-i", &proxy.url(path)]);
        assert_eq!(status(&answer), 404, "{answer}");
        assert!(answer.contains("\"code\":\"not_found\""), "{answer}");
    }
    assert_eq!(curl(&[&proxy.url("/_sendwallet")]), "app");
    assert_eq!(app.requests().len(), 1);
}
