//! Protected endpoints: what is refused, what goes on, and what the gate is told of the answer.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use sendwall::domain::Span;

use crate::support::app::{App, reply};
use crate::support::client::{PATIENCE, connect, curl, raw, read_to_close, read_until, status};
use crate::support::gate::{Judge, judge};
use crate::support::proxy::{Proxy, eventually, settings};

/// One code for a phone in a minute; British numbers only; small bodies. Clients here are scripts.
const LOGIN: &str = r#"
mode = "enforce"
prior = "none"
default_limits = false

[[endpoint]]
name = "login"
send = "POST /send"
verify = "POST /verify"
verified_if = 'status == 200 && json("/ok") == true'
phone = "json:/phone"
countries = ["GB"]
on_unreadable = "refuse"
on_no_phone = "refuse"
max_body = "1KiB"
cors_origins = ["https://shop.example"]

[[limit]]
name = "once"
key = ["phone"]
max = 1
per = "60s"
"#;

fn login(app: &App) -> (Proxy, Judge) {
    login_with(app, LOGIN)
}

fn login_with(app: &App, configuration: &str) -> (Proxy, Judge) {
    let judge = judge(configuration);
    (Proxy::start(settings(app.address), Arc::clone(&judge.gate)), judge)
}

fn ask(proxy: &Proxy, path: &str, body: &str, more: &[&str]) -> String {
    let url = proxy.url(path);
    let mut arguments = vec!["-i", "-H", "content-type: application/json", "-d", body];
    for header in more {
        arguments.extend(["-H", *header]);
    }
    arguments.push(&url);
    curl(&arguments)
}

fn phone(number: &str) -> String {
    format!(r#"{{"phone":"{number}"}}"#)
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value.trim())
}

#[test]
fn what_may_go_on_reaches_the_app_as_it_came_with_the_decision_beside_it() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "sendwall-decision: mine\r\nsendwall-x: 1", "sent"));
    let (proxy, judge) = login(&app);
    let body = r#"{ "phone" : "+447402417171" }"#;
    let answer =
        ask(&proxy, "/send", body, &["sendwall-verdict: forward", "sendwall-pass: x", "accept-encoding: gzip"]);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("sent"), "{answer}");
    assert_eq!((header(&answer, "sendwall-x"), answer.matches("sendwall-decision").count()), (None, 1), "{answer}");
    let request = &app.wait_for(1)[0];
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(request.header("content-length"), [body.len().to_string()]);
    assert_eq!(request.header("sendwall-decision"), [header(&answer, "sendwall-decision").unwrap()]);
    assert_eq!(request.header("sendwall-verdict"), ["forward"]);
    assert_eq!(request.header("sendwall-score").len(), 1);
    assert!(request.header("sendwall-pass").is_empty());
    assert_eq!(request.header("accept-encoding"), ["gzip"], "the gate doesn't read this answer");
    assert_eq!(judge.metrics.totals().sends, 1);
    assert_eq!(proxy.counters.requests_send.get(), 1);
}

#[test]
fn chunks_stay_chunks_and_trailers_stay() {
    let app = App::saying("sent");
    let (proxy, _judge) = login(&app);
    let answer = raw(
        proxy.address,
        "POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
         Trailer: x-check\r\nConnection: close\r\n\r\nb\r\n{\"phone\":\"+\r\ne\r\n447402417171\"}\r\n0\r\nx-check: 7\r\n\r\n",
    );
    assert_eq!(status(&answer), 200, "{answer}");
    let request = &app.wait_for(1)[0];
    assert_eq!(request.body, phone("+447402417171").as_bytes());
    assert_eq!(
        (request.header("transfer-encoding"), request.trailers.as_slice()),
        (vec!["chunked"], &["x-check: 7".to_owned()][..])
    );
}

#[test]
fn refusals_say_why_and_until_when() {
    let app = App::saying("sent");
    let (proxy, _judge) = login(&app);
    assert_eq!(status(&ask(&proxy, "/send", &phone("+447402417171"), &[])), 200);
    for (body, code, word, more) in [
        (phone("+447402417171"), 429, "cooldown", ""),
        (phone("+33612345678"), 403, "blocked", ""),
        (r#"{"phone":"hello"}"#.to_owned(), 422, "not_a_phone", r#""field":"json:/phone""#),
        (r#"{"phone":"+447402417172""#.to_owned(), 400, "malformed", r#""field":"body""#),
        (format!("{{\"phone\":\"+447402417173\",\"x\":\"{}\"}}", "x".repeat(2000)), 400, "body_too_large", ""),
    ] {
        let answer = ask(&proxy, "/send", &body, &[]);
        assert_eq!(status(&answer), code, "{body}: {answer}");
        assert!(answer.contains(&format!(r#""code":"{word}""#)) && answer.contains(more), "{answer}");
        let id = header(&answer, "sendwall-decision").unwrap();
        assert!(answer.contains(&format!(r#""decision":"{id}""#)), "{answer}");
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        let wait = header(&answer, "retry-after").map(|seconds| seconds.parse::<u64>().unwrap());
        assert_eq!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), code == 429, "{answer}");
        assert!(!answer.contains("74024"), "no number in an answer: {answer}");
    }
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn the_operators_own_answer_stands_in_for_a_refusal() {
    let own = r#"
[endpoint.answer.block]
status = 200
body = '{"sent":true}'
headers = { x-own = "1" }

[[limit]]"#;
    let app = App::saying("sent");
    let (proxy, _judge) = login_with(&app, &LOGIN.replacen("\n[[limit]]", own, 1));
    let answer = ask(&proxy, "/send", &phone("+33612345678"), &[]);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"sent":true}"#), "{answer}");
    assert_eq!((header(&answer, "x-own"), header(&answer, "cache-control")), (Some("1"), Some("no-store")));
    assert!(header(&answer, "sendwall-decision").is_some());
    assert!(app.requests().is_empty());
}

#[test]
fn monitor_mode_forwards_everything_even_what_is_too_large_to_read() {
    let app = App::saying("sent");
    let (proxy, _judge) = login_with(&app, &LOGIN.replace("enforce", "monitor"));
    let large = format!("{{\"phone\":\"+33612345678\",\"x\":\"{}\"}}", "x".repeat(100_000));
    for (body, verdict) in [(phone("+33612345678"), "block"), (large, "reject")] {
        let answer = ask(&proxy, "/send", &body, &["expect:"]);
        assert_eq!(status(&answer), 200, "{answer}");
        let request = app.requests().pop().unwrap();
        assert_eq!(request.body, body.as_bytes());
        assert_eq!(request.header("sendwall-verdict"), [verdict]);
    }
}

#[test]
fn only_what_the_app_answered_as_sent_counts() {
    let app = App::start(|request, stream| {
        let number = String::from_utf8_lossy(&request.body);
        let statuses = [("72\"", "500 Oh"), ("73\"", "307 Elsewhere"), ("74\"", "308 Elsewhere"), ("75\"", "303 Sent")];
        let status = statuses.iter().find(|(end, _)| number.contains(end)).map_or("200 OK", |(_, status)| status);
        reply(stream, status, "", "x")
    });
    let (proxy, judge) = login(&app);
    for (number, codes) in [
        ("+447402417171", [200, 429]),
        ("+447402417172", [500, 500]),
        // The client asks again at another address.
        ("+447402417173", [307, 307]),
        ("+447402417174", [308, 308]),
        ("+447402417175", [303, 429]),
    ] {
        for code in codes {
            assert_eq!(status(&ask(&proxy, "/send", &phone(number), &[])), code, "{number}");
        }
    }
    assert_eq!(judge.metrics.totals().sends, 2);
}

#[test]
fn a_send_counts_also_when_its_answer_cannot_be_read() {
    let app = App::start(|request, stream| {
        let large = format!("{{\"sent\":true,\"x\":\"{}\"}}", "x".repeat(70_000));
        match request.header("x-mode")[0] {
            "encoded" => reply(stream, "200 OK", "content-encoding: gzip", "\u{1f}..."),
            "large" => reply(stream, "200 OK", "", &large),
            "cut" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"sent\"").is_err(),
            "page" => reply(stream, "200 OK", "content-type: text/html", "<h1>Sent</h1>"),
            "empty" => reply(stream, "200 OK", "", ""),
            "error" => reply(stream, "400 No", "content-type: text/html", "<h1>No</h1>"),
            _ => reply(stream, "200 OK", "", "{\"sent\":false}"),
        }
    });
    let condition = "sent_if = 'status < 400 && json(\"/sent\") == true'\nphone =";
    let (proxy, judge) = login_with(&app, &LOGIN.replacen("phone =", condition, 1));
    let modes = ["encoded", "large", "cut", "page", "empty", "error", "no"];
    for (index, mode) in modes.into_iter().enumerate() {
        let before = judge.metrics.totals().sends;
        let body = phone(&format!("+44740241717{index}"));
        let length = body.len();
        let request = format!(
            "POST /send HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-mode: {mode}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        raw(proxy.address, request);
        let sent = judge.metrics.totals().sends > before;
        assert_eq!(sent, !["error", "no"].contains(&mode), "{mode}");
    }
}

#[test]
fn what_is_about_a_code_is_never_sent_twice() {
    for (method, path) in [("PUT", "/send"), ("DELETE", "/send"), ("PUT", "/verify")] {
        let app = App::start(|request, stream| request.target() == "/" && reply(stream, "200 OK", "", "ok"));
        let any = LOGIN.replace("POST /", "* /");
        let (proxy, _judge) = login_with(&app, &any);
        assert_eq!(curl(&[&proxy.url("/")]), "ok");
        let body = phone("+447402417171");
        let url = proxy.url(path);
        let answer = curl(&["-i", "-X", method, "-H", "content-type: application/json", "-d", &body, &url]);
        assert_eq!(status(&answer), 502, "{answer}");
        assert_eq!((app.requests().len(), app.connections()), (2, 2), "{method} {path}");
        assert_eq!(proxy.counters.upstream_retries.get(), 0);
    }
}

#[test]
fn what_is_about_a_code_goes_over_a_connection_that_was_used_a_moment_ago() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "", "ok"));
    let judge = judge(LOGIN);
    let mut settings = settings(app.address);
    settings.upstream.fresh = Span::hours(1);
    let proxy = Proxy::start(settings, Arc::clone(&judge.gate));
    for path in ["/send", "/verify"] {
        let answer = ask(&proxy, path, &phone("+447402417171"), &[]);
        assert_eq!(status(&answer), 200, "{path}: {answer}");
    }
    assert_eq!(app.connections(), 1);
}

#[test]
fn what_is_about_a_code_meets_no_idle_connection_that_the_app_closes_just_now() {
    let app = App::start({
        let seen = Mutex::new(Vec::new());
        move |request, stream| {
            let mut seen = seen.lock().unwrap();
            let first = !seen.contains(&request.connection);
            seen.push(request.connection);
            first && reply(stream, "200 OK", "", "ok")
        }
    });
    let judge = judge(LOGIN);
    let mut settings = settings(app.address);
    settings.upstream.max_connections = 1;
    let proxy = Proxy::start(settings, Arc::clone(&judge.gate));
    for number in ["+447402417171", "+447402417172"] {
        assert_eq!(curl(&[&proxy.url("/")]), "ok");
        for path in ["/send", "/verify"] {
            let answer = ask(&proxy, path, &phone(number), &[]);
            assert_eq!(status(&answer), 200, "{path}: {answer}");
        }
    }
    assert_eq!(judge.metrics.totals().sends, 2);
}

#[test]
fn a_verification_is_seen_in_the_answers_body_without_delaying_it() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |request, stream| {
        if request.target() == "/send" {
            return reply(stream, "200 OK", "", "sent");
        }
        assert_eq!(request.header("accept-encoding"), ["identity"], "the gate reads this answer");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{\"ok\":")
            .unwrap();
        held.lock().unwrap().recv().unwrap();
        stream.write_all(b"true}").is_ok()
    });
    let (proxy, judge) = login(&app);
    assert_eq!(status(&ask(&proxy, "/send", &phone("+447402417171"), &[])), 200);
    let mut stream = connect(proxy.address);
    post(&mut stream, "/verify", &phone("+447402417171"));
    read_until(&mut stream, "{\"ok\":");
    assert_eq!(judge.metrics.totals().verified, 0, "the first half is here before the gate knows");
    let_go.send(()).unwrap();
    read_until(&mut stream, "true}");
    eventually("the verification is seen", || judge.metrics.totals().verified == 1);
    assert_eq!(proxy.counters.requests_try.get(), 1);
}

fn post(stream: &mut TcpStream, path: &str, body: &str) {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
}

#[test]
fn a_send_counts_also_when_the_client_has_gone() {
    for (reads_body, early) in [(false, true), (true, true), (true, false)] {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let app = App::start(move |_, stream| {
            let wait = || held.lock().unwrap().recv().is_ok();
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n";
            let _waited = early && wait();
            stream.write_all(head).unwrap();
            stream.write_all(b"{\"sent\":").unwrap();
            let _waited = !early && wait();
            stream.write_all(b" true}").is_ok()
        });
        let condition = if reads_body { "sent_if = 'json(\"/sent\") == true'\nphone =" } else { "phone =" };
        let (proxy, judge) = login_with(&app, &LOGIN.replacen("phone =", condition, 1));
        let mut stream = connect(proxy.address);
        post(&mut stream, "/send", &phone("+447402417171"));
        app.wait_for(1);
        if !early {
            read_until(&mut stream, "{\"sent\":");
        }
        drop(stream);
        eventually("the client's going is seen", || proxy.counters.connections_closed.get() == 1);
        assert_eq!(judge.metrics.totals().sends, 0);
        let_go.send(()).unwrap();
        eventually("the send counts", || judge.metrics.totals().sends == 1);
        assert_eq!(status(&ask(&proxy, "/send", &phone("+447402417171"), &[])), 429);
    }
}

#[test]
fn an_answer_without_end_is_not_read_on_when_the_client_has_gone() {
    let (ended, end) = mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let app = App::start(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        let piece = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
        while stream.write_all(&piece).is_ok() {}
        ended.lock().unwrap().send(()).is_err()
    });
    let (proxy, judge) =
        login_with(&app, &LOGIN.replacen("phone =", "sent_if = 'json(\"/sent\") == true'\nphone =", 1));
    let mut client = connect(proxy.address);
    post(&mut client, "/send", &phone("+447402417171"));
    read_until(&mut client, "xxxx");
    drop(client);
    eventually("it is settled", || judge.metrics.totals().sends == 1);
    end.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn an_upstream_that_fails_is_told_in_json_and_costs_the_phone_nothing_unless_it_was_asked() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let breaking = App::start(|_, _| false);
    for (upstream, code, word, again) in [
        (free, 502, "upstream_unreachable", 502),
        (silent.local_addr().unwrap(), 504, "upstream_timeout", 429),
        (breaking.address, 502, "upstream_unreachable", 429),
    ] {
        let judge = judge(LOGIN);
        let mut settings = settings(upstream);
        settings.timeouts.upstream_answer = Span::millis(100);
        let proxy = Proxy::start(settings, Arc::clone(&judge.gate));
        let ask = || ask(&proxy, "/send", &phone("+447402417171"), &["origin: https://shop.example"]);
        let answer = ask();
        assert_eq!(status(&answer), code, "{answer}");
        assert!(answer.contains(&format!(r#""code":"{word}""#)), "{answer}");
        assert!(header(&answer, "sendwall-decision").is_some());
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(status(&ask()), again, "{word}");
        assert_eq!(judge.metrics.totals().sends, u64::from(again == 429));
    }
}

#[test]
fn a_body_that_breaks_off_or_pauses_never_reaches_the_app() {
    let app = App::saying("sent");
    let judge = judge(&LOGIN.replace("enforce", "monitor"));
    let mut settings = settings(app.address);
    settings.timeouts.request_body = Span::millis(100);
    let proxy = Proxy::start(settings, Arc::clone(&judge.gate));
    let head = "POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    let paused = raw(proxy.address, format!("{head}Content-Length: 50\r\n\r\n{{\"phone\":"));
    assert_eq!(status(&paused), 408, "{paused}");
    let broken = raw(proxy.address, format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"));
    assert_eq!(status(&broken), 400, "{broken}");
    assert!(broken.contains(r#""code":"body_incomplete""#), "{broken}");
    assert!(app.requests().is_empty());
    assert_eq!(judge.metrics.totals().sends, 0);
}

#[test]
fn a_send_counts_also_when_the_client_breaks_its_upload_off_or_stops_it() {
    let configuration = LOGIN.replace("json:/phone", "header:x-phone");
    for stops in [false, true] {
        let app = TcpListener::bind("127.0.0.1:0").unwrap();
        let judge = judge(&configuration);
        let mut settings = settings(app.local_addr().unwrap());
        if stops {
            settings.timeouts.request_body = Span::millis(100);
        }
        let proxy = Proxy::start(settings, Arc::clone(&judge.gate));
        let mut stream = connect(proxy.address);
        let head = "POST /send HTTP/1.1\r\nHost: a\r\nx-phone: +447402417171\r\nContent-Length: 300000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'x'; 100_000]).unwrap();
        // The app acts on the head, as those do that don't ask for a body, and would answer later.
        let (mut at_app, _) = app.accept().unwrap();
        read_until(&mut at_app, "\r\n\r\n");
        if stops {
            let answer = read_to_close(&mut stream);
            assert_eq!(status(&answer), 408, "{answer}");
        }
        drop(stream);
        eventually("the send counts", || judge.metrics.totals().sends == 1);
        assert_eq!(status(&ask(&proxy, "/send", "{}", &["x-phone: +447402417171"])), 429);
    }
}

#[test]
fn a_connection_header_hides_nothing_from_the_app_that_was_judged() {
    let app = App::saying("sent");
    let (proxy, _judge) = login(&app);
    for (hidden, code) in [("x-device", 400), ("content-type", 400), ("keep-alive", 200)] {
        let answer = ask(&proxy, "/send", &phone("+447402417171"), &[&format!("connection: {hidden}"), "x-device: 1"]);
        assert_eq!(status(&answer), code, "{hidden}: {answer}");
    }
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn pages_of_a_named_origin_read_refusals_and_their_preflight_is_completed() {
    let app = App::start(|request, stream| {
        assert_eq!(request.lines[0].split(' ').next(), Some("OPTIONS"));
        let allowed = "access-control-allow-origin: https://shop.example\r\naccess-control-allow-headers: content-type";
        reply(stream, "204 No Content", allowed, "")
    });
    let (proxy, _judge) = login(&app);
    for (origin, named) in [("https://shop.example", true), ("https://evil.example", false)] {
        let answer = ask(&proxy, "/send", &phone("+33612345678"), &[&format!("origin: {origin}")]);
        assert_eq!(status(&answer), 403);
        assert_eq!(header(&answer, "access-control-allow-origin"), named.then_some(origin), "{answer}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), named.then_some("true"));
        let exposed = header(&answer, "access-control-expose-headers");
        assert_eq!(exposed, named.then_some("sendwall-decision, sendwall-challenge, retry-after"));
        for (path, method, completed) in [("/send", "POST", named), ("/send", "PUT", false), ("/other", "POST", false)]
        {
            let (origin, method) = (format!("origin: {origin}"), format!("access-control-request-method: {method}"));
            let answer = curl(&["-i", "-X", "OPTIONS", "-H", &origin, "-H", &method, &proxy.url(path)]);
            let expected = if completed { "content-type, sendwall-pass, sendwall-page" } else { "content-type" };
            assert_eq!(header(&answer, "access-control-allow-headers"), Some(expected), "{path} {method}: {answer}");
        }
    }
}

#[test]
fn no_spelling_of_the_path_slips_past() {
    let app = App::saying("app");
    let (proxy, _judge) = login(&app);
    for path in
        ["/send", "//send", "/./send", "/%73end", "/x/../send", "/send/", "/send;x=1", "/send%2f", "/x/%2e%2e/send"]
    {
        let url = proxy.url(path);
        let answer =
            curl(&["-i", "--path-as-is", "-d", &phone("+33612345678"), "-H", "content-type: application/json", &url]);
        assert_eq!(status(&answer), 403, "{path}: {answer}");
    }
    assert!(app.requests().is_empty());
}

#[test]
fn parallel_requests_share_one_limit() {
    let app = App::saying("sent");
    let (proxy, judge) = login(&app);
    let codes: Vec<_> = thread::scope(|scope| {
        let one = || {
            let mut stream = connect(proxy.address);
            post(&mut stream, "/send", &phone("+447402417171"));
            status(&read_until(&mut stream, "\r\n\r\n"))
        };
        let clients: Vec<_> = (0..16).map(|_| scope.spawn(one)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 1, "{codes:?}");
    assert_eq!((app.requests().len(), judge.metrics.totals().sends), (1, 1));
}
