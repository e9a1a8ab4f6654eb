//! An upstream that is down, slow, rude or broken.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, mpsc};

use sendwall::domain::Span;
use sendwall::http::{Settings, Timeouts};

use crate::support::app::{App, reply};
use crate::support::client::{connect, curl, raw, read_to_close, status};
use crate::support::gate::open_gate;
use crate::support::proxy::{Proxy, settings};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

fn hasty(settings: Settings) -> Settings {
    let quick = Span::millis(200);
    let timeouts =
        Timeouts { upstream_connect: quick, upstream_answer: quick, answer_body: quick, ..settings.timeouts };
    Settings { timeouts, ..settings }
}

#[test]
fn an_upstream_that_is_down_is_a_bad_gateway_and_one_that_comes_back_is_used() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::start(settings(free), open_gate());
    for _ in 0..3 {
        let answer = raw(proxy.address, GET);
        assert_eq!(status(&answer), 502, "{answer}");
        assert!(answer.contains("content-type: text/plain") && answer.contains("cache-control: no-store"), "{answer}");
    }
    assert_eq!(proxy.counters.upstream_unreachable.get(), 3);
    let back = TcpListener::bind(free).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = back.accept().unwrap();
        crate::support::client::read_until(&mut stream, "\r\n\r\n");
        reply(&mut stream, "200 OK", "", "back")
    });
    assert!(raw(proxy.address, GET).ends_with("back"));
}

#[test]
fn an_upstream_that_is_too_slow_is_a_gateway_timeout() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |_, _| held.lock().unwrap().recv().is_ok());
    let proxy = Proxy::start(hasty(settings(app.address)), open_gate());
    let answer = raw(proxy.address, GET);
    assert_eq!(status(&answer), 504, "{answer}");
    assert_eq!(proxy.counters.upstream_timeout.get(), 1);
    drop(let_go);
}

#[test]
fn an_answer_that_breaks_off_or_pauses_breaks_off_at_the_client() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |request, stream| {
        let framing = if request.target() == "/chunks" { "transfer-encoding: chunked" } else { "content-length: 100" };
        let piece = if request.target() == "/chunks" { "4\r\nhalf\r\n" } else { "half" };
        stream.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{piece}").as_bytes()).unwrap();
        request.target() == "/pause" && held.lock().unwrap().recv().is_ok()
    });
    let proxy = Proxy::start(hasty(settings(app.address)), open_gate());
    for path in ["/length", "/chunks", "/pause"] {
        let answer = raw(proxy.address, GET.replace(" / ", &format!(" {path} ")));
        assert!(answer.contains("half") && !answer.ends_with("0\r\n\r\n"), "{path}: {answer}");
    }
    assert_eq!(proxy.counters.upstream_cut.get(), 3);
    drop(let_go);
}

#[test]
fn nonsense_from_the_upstream_is_a_bad_gateway() {
    for nonsense in [
        "",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
    ] {
        let app = App::start(move |_, stream| stream.write_all(nonsense.as_bytes()).is_err());
        let proxy = Proxy::start(settings(app.address), open_gate());
        let answer = raw(proxy.address, GET);
        assert_eq!(status(&answer), 502, "{nonsense:?}: {answer}");
        assert_eq!(proxy.counters.upstream_broken.get(), 1, "{nonsense:?}");
        assert_eq!(app.requests().len(), 1, "a fresh connection is not tried twice: {nonsense:?}");
    }
}

#[test]
fn a_reused_connection_that_closes_is_replaced_only_where_asking_twice_does_no_harm() {
    for (request, retried) in [(GET, true), (POST, false)] {
        let app = App::start({
            let seen = Arc::new(Mutex::new(Vec::new()));
            move |request, stream| {
                let mut seen = seen.lock().unwrap();
                let first = !seen.contains(&request.connection);
                seen.push(request.connection);
                first && reply(stream, "200 OK", "", "ok")
            }
        });
        let proxy = Proxy::start(settings(app.address), open_gate());
        assert_eq!(status(&raw(proxy.address, GET)), 200);
        let answer = raw(proxy.address, request);
        assert_eq!(status(&answer), if retried { 200 } else { 502 }, "{answer}");
        assert_eq!(app.requests().len(), if retried { 3 } else { 2 });
        assert_eq!(proxy.counters.upstream_retries.get(), u64::from(retried));
    }
}

#[test]
fn an_idle_connection_is_given_up_before_the_upstream_says_that_it_closes() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "keep-alive: timeout=1", "ok"));
    let proxy = Proxy::start(settings(app.address), open_gate());
    for _ in 0..3 {
        assert_eq!(curl(&[&proxy.url("/")]), "ok");
    }
    assert_eq!(app.connections(), 3);
}

#[test]
fn an_answer_before_the_end_of_the_body_reaches_the_client() {
    let app = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = app.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = app.accept().unwrap();
        crate::support::client::read_until(&mut stream, "\r\n\r\n");
        reply(&mut stream, "413 Too Large", "connection: close", "no");
        read_to_close(&mut stream);
    });
    let proxy = Proxy::start(settings(address), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin").unwrap();
    let answer = crate::support::client::read_until(&mut stream, "no");
    assert_eq!(status(&answer), 413, "{answer}");
}

#[test]
fn no_more_connections_are_opened_than_the_upstream_may_have() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |_, stream| {
        let _go = held.lock().unwrap().recv();
        reply(stream, "200 OK", "", "ok")
    });
    let mut settings = settings(app.address);
    settings.upstream.max_connections = 1;
    settings.timeouts.upstream_connect = Span::millis(200);
    let proxy = Proxy::start(settings, open_gate());
    let mut first = connect(proxy.address);
    first.write_all(GET.as_bytes()).unwrap();
    app.wait_for(1);
    let answer = raw(proxy.address, GET);
    assert_eq!(status(&answer), 503, "waits, and gives up: {answer}");
    assert_eq!((proxy.counters.upstream_full.get(), proxy.counters.upstream_timeout.get()), (1, 0));
    assert!(!proxy.counters.upstream_down.get(), "the upstream wasn't asked");
    let_go.send(()).unwrap();
    assert_eq!(status(&read_to_close(&mut first)), 200);
    drop(let_go);
    assert_eq!(status(&raw(proxy.address, GET)), 200);
    assert_eq!(app.connections(), 1);
}
