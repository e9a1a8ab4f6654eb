//! Every wait ends, and a stop cuts nothing that is under way.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use sendwall::domain::Span;
use sendwall::http::{Settings, Timeouts};

use crate::support::app::{App, reply};
use crate::support::client::{connect, raw, read_to_close, read_until, status};
use crate::support::gate::open_gate;
use crate::support::proxy::{Proxy, eventually, let_pass, settings};

const SHORT: Span = Span::millis(200);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

fn with(settings: Settings, change: impl Fn(&mut Timeouts)) -> Settings {
    let mut settings = settings;
    change(&mut settings.timeouts);
    settings
}

#[test]
fn a_head_that_never_ends_is_not_waited_for() {
    let app = App::saying("ok");
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.request_head = SHORT), open_gate());
    assert_eq!(read_to_close(&mut connect(proxy.address)), "", "silent from the start");
    assert_eq!(raw(proxy.address, "GET / HTTP/1.1\r\nHost: a\r\nX: "), "");
    let mut second = connect(proxy.address);
    second.write_all(GET).unwrap();
    read_until(&mut second, "ok");
    second.write_all(b"GET / HT").unwrap();
    assert_eq!(read_to_close(&mut second), "", "the second head");
    let mut dripping = connect(proxy.address);
    let dripped = b"GET / HTTP/1.1\r\nHost: a\r\n".iter().chain([b'x'].iter().cycle());
    let until_closed = dripped.take(1000).take_while(|byte| {
        let_pass(Duration::from_millis(10));
        dripping.write_all(&[**byte]).is_ok()
    });
    assert!(until_closed.count() < 1000, "each byte would have given it more time");
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn an_idle_connection_is_closed_and_http2_says_goodbye() {
    let app = App::saying("ok");
    let short = |waits: &mut Timeouts| (waits.keep_alive, waits.request_head) = (SHORT, Span::seconds(1));
    let proxy = Proxy::start(with(settings(app.address), short), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(GET).unwrap();
    read_until(&mut stream, "ok");
    assert_eq!(read_to_close(&mut stream), "");
    let mut http2 = connect(proxy.address);
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    assert!(frames(&mut http2).contains(&GOAWAY));
    eventually("idle connections to the upstream go too", || {
        let mut again = connect(proxy.address);
        again.write_all(GET).unwrap();
        read_until(&mut again, "ok");
        app.connections() > 1
    });
}

const GOAWAY: u8 = 7;

/// The kinds of the frames until the other side closes.
fn frames(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut kinds) = (Vec::new(), Vec::new());
    stream.read_to_end(&mut bytes).unwrap();
    let mut rest = bytes.as_slice();
    while let [high, middle, low, kind, _, _, _, _, _, after @ ..] = rest {
        kinds.push(*kind);
        rest = &after[u32::from_be_bytes([0, *high, *middle, *low]) as usize..];
    }
    kinds
}

#[test]
fn a_body_that_pauses_is_not_waited_for() {
    let app = App::saying("ok");
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.request_body = SHORT), open_gate());
    let answer = raw(proxy.address, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    assert_eq!(status(&answer), 408, "{answer}");
    assert_eq!(proxy.counters.clients_stalled.get(), 1);
    assert!(app.requests().is_empty());
}

#[test]
fn a_slow_body_does_not_use_up_the_upstreams_time_to_answer() {
    let app = App::saying("ok");
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.upstream_answer = SHORT), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\n").unwrap();
    for byte in b"hello" {
        let_pass(Duration::from_millis(100));
        stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(status(&read_to_close(&mut stream)), 200);
}

#[test]
fn a_client_that_takes_nothing_is_cut() {
    let app = App::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").unwrap();
        let piece = vec![b'x'; 1 << 20];
        (0..1000).all(|_| stream.write_all(&piece).is_ok())
    });
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.answer_body = SHORT), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(GET).unwrap();
    eventually("it is cut", || proxy.counters.connections_closed.get() == 1);
}

/// A client of HTTP/2 that asks for something and takes nothing of the answer, which the app has given.
fn with_a_shut_window() -> (App, Proxy, TcpStream) {
    let app = App::saying("ok");
    let short = |waits: &mut Timeouts| {
        (waits.request_body, waits.upstream_connect, waits.upstream_answer, waits.answer_body) =
            (SHORT, SHORT, SHORT, SHORT);
    };
    let proxy = Proxy::start(with(settings(app.address), short), open_gate());
    let mut stream = connect(proxy.address);
    let mut frames = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS: a window of 0; HEADERS: GET / of host "a".
    frames.extend(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a");
    stream.write_all(&frames).unwrap();
    app.wait_for(1);
    (app, proxy, stream)
}

#[test]
fn an_http2_client_that_shuts_its_window_is_cut() {
    let (_app, proxy, mut stream) = with_a_shut_window();
    read_to_close(&mut stream);
    eventually("it is closed", || proxy.counters.connections_closed.get() == 1);
}

#[test]
fn an_http2_client_that_shuts_its_window_is_cut_though_it_pings() {
    let (_app, proxy, mut stream) = with_a_shut_window();
    eventually("it is closed", || {
        // It may be closed already.
        let _ping = stream.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping");
        proxy.counters.connections_closed.get() == 1
    });
}

#[test]
fn an_upload_over_http2_that_moves_is_not_cut() {
    let app = App::saying("ok");
    let short = |waits: &mut Timeouts| {
        (waits.request_body, waits.upstream_connect, waits.upstream_answer, waits.answer_body) =
            (SHORT, SHORT, SHORT, SHORT);
    };
    let proxy = Proxy::start(with(settings(app.address), short), open_gate());
    let mut stream = connect(proxy.address);
    // SETTINGS; HEADERS: POST / of host "a", with a body to come.
    let begin = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x04\0\0\0\x01\x83\x86\x84\x41\x01a";
    stream.write_all(begin).unwrap();
    for _ in 0..40 {
        let_pass(Duration::from_millis(50));
        stream.write_all(b"\0\0\x01\0\0\0\0\0\x01x").unwrap();
    }
    stream.write_all(b"\0\0\x01\0\x01\0\0\0\x01x").unwrap();
    read_until(&mut stream, "ok");
    assert_eq!(app.wait_for(1)[0].body.len(), 41);
}

#[test]
fn a_silent_upgraded_connection_is_closed() {
    let app = App::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").unwrap();
        read_to_close(stream);
        false
    });
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.upgraded_idle = SHORT), open_gate());
    let mut stream = connect(proxy.address);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n").unwrap();
    let answer = read_to_close(&mut stream);
    assert_eq!(status(&answer), 101, "{answer}");
}

#[test]
fn a_stop_lets_requests_finish_and_takes_no_new_ones() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |request, stream| {
        if request.target() != "/quick" {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf").unwrap();
            held.lock().unwrap().recv().unwrap();
            return stream.write_all(b"half").is_ok();
        }
        reply(stream, "200 OK", "", "ok")
    });
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.request_head = Span::seconds(1)), open_gate());
    let mut idle = connect(proxy.address);
    idle.write_all(b"GET /quick HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    read_until(&mut idle, "ok");
    let mut silent = connect(proxy.address);
    let mut busy = connect(proxy.address);
    busy.write_all(GET).unwrap();
    read_until(&mut busy, "\r\n\r\nhalf");
    let mut http2 = connect(proxy.address);
    http2.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    eventually("all are accepted", || proxy.counters.connections_opened.get() == 4);
    read_until(&mut http2, "\x04\x01\0\0\0\0");
    proxy.stop();
    assert_eq!(read_to_close(&mut idle), "", "idle: closed at once");
    assert_eq!(read_to_close(&mut silent), "", "silent: closed at once");
    assert!(frames(&mut http2).contains(&GOAWAY));
    eventually("new connections are refused", || TcpStream::connect(proxy.address).is_err());
    let_go.send(()).unwrap();
    assert_eq!(read_to_close(&mut busy), "half", "under way: finished, then closed");
    assert_eq!(proxy.wait_for_end(), 0, "nothing is left running");
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let app = App::start(|_, stream| {
        read_to_close(stream);
        false
    });
    let proxy = Proxy::start(with(settings(app.address), |waits| waits.drain = SHORT), open_gate());
    let mut stuck = connect(proxy.address);
    stuck.write_all(GET).unwrap();
    app.wait_for(1);
    proxy.stop();
    assert_eq!(read_to_close(&mut stuck), "");
    assert_eq!(proxy.wait_for_end(), 0, "nothing is left running");
}

#[test]
fn one_connection_too_many_waits() {
    let app = App::saying("ok");
    let proxy = Proxy::start(Settings { max_connections: 1, ..settings(app.address) }, open_gate());
    let mut first = connect(proxy.address);
    first.write_all(GET).unwrap();
    read_until(&mut first, "ok");
    let mut second = connect(proxy.address);
    second.write_all(GET).unwrap();
    second.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(second.read(&mut [0]).is_err(), "not before the first is gone");
    second.set_read_timeout(Some(crate::support::client::PATIENCE)).unwrap();
    drop(first);
    read_until(&mut second, "ok");
    assert_eq!(proxy.counters.connections_opened.get(), 2);
}
