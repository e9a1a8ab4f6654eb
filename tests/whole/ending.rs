//! How it ends: killed under traffic, and told to stop under traffic.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use sendwall::journal::reader::{Line, Reader};

use crate::support::app::{App, reply};
use crate::support::client::{read_to_close, status};
use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::{eventually, let_pass};
use crate::whole::stage::{Sendwall, raw_request, shop};

/// Limits alone refuse: the clients here ask as fast as they can.
fn login() -> String {
    format!("{LIMITS_ALONE}{LOGIN}")
}

const LOGIN: &str = r#"
mode = "enforce"

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"
"#;

fn send_code(number: u32) -> Vec<u8> {
    let body = format!(r#"{{"phone":"+44740241{number:04}"}}"#);
    format!(
        "POST /api/send-code HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn decisions(sendwall: &Sendwall) -> PathBuf {
    sendwall.directory.0.join("state/decisions")
}

/// Whole records, and lines that were cut off.
fn read(sendwall: &Sendwall) -> (usize, usize) {
    let lines: Vec<_> = Reader::open(&decisions(sendwall)).unwrap().map(Result::unwrap).collect();
    let torn = lines.iter().filter(|line| matches!(line, Line::Torn { .. })).count();
    (lines.len() - torn, torn)
}

#[test]
fn a_kill_under_traffic_leaves_a_readable_log_that_goes_on() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &login());
    let (stop, asked) = (AtomicBool::new(false), AtomicU32::new(0));
    let address = sendwall.address;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = asked.fetch_add(1, Ordering::Relaxed);
                    let Ok(mut stream) = std::net::TcpStream::connect(address) else { break };
                    let sent = std::io::Write::write_all(&mut stream, &send_code(number % 10_000));
                    if sent.is_err() || read_to_close(&mut stream).is_empty() {
                        break;
                    }
                }
            });
        }
        eventually("there is a log to cut", || asked.load(Ordering::Relaxed) > 200 && read(&sendwall).0 > 100);
        let killed = sendwall.end("-KILL");
        stop.store(true, Ordering::Relaxed);
        assert!(!killed.success());
    });
    let (whole, torn) = read(&sendwall);
    assert!(whole > 100 && torn <= 1, "{whole} records, {torn} torn");

    // As a machine that loses power in the middle of a line leaves it.
    let file = std::fs::read_dir(decisions(&sendwall)).unwrap().map(|entry| entry.unwrap().path()).max().unwrap();
    let mut log = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    std::io::Write::write_all(&mut log, b"{\"v\":1,\"ts\":\"2026-").unwrap();
    drop(log);
    assert_eq!(read(&sendwall), (whole, 1));
    sendwall.start_again();
    assert!(sendwall.log().contains("was cut off"), "the repair is told: {}", sendwall.log());
    let answer = sendwall.send("+447402419999");
    let found = sendwall.decision(&answer);
    assert_eq!(found["verdict"], "forward");
    eventually("new records follow the cut-off line", || read(&sendwall).0 >= whole + 2);
    assert!(read(&sendwall).1 <= 1, "what follows the cut-off line is whole");
}

#[test]
fn a_restart_recognises_phones() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &login());
    let name = |sendwall: &Sendwall| {
        let answer = sendwall.send("+447402417171");
        sendwall.decision(&answer)["facts"]["phone"]["id"].clone()
    };
    let before = name(&sendwall);
    assert!(sendwall.end("-TERM").success());
    sendwall.start_again();
    assert_eq!(name(&sendwall), before, "the key is kept, so the pseudonym is the same");
    eventually("both runs are in the log", || read(&sendwall).0 == 3);
}

#[test]
fn a_stop_under_traffic_cuts_no_request() {
    const CLIENTS: u32 = 24;
    let app = App::start(|_, stream| {
        let_pass(Duration::from_millis(300));
        reply(stream, "200 OK", "content-type: application/json", "{\"ok\":true}")
    });
    let mut sendwall = Sendwall::start(app.address, &login());
    let address = sendwall.address;
    let answers: Vec<_> = thread::scope(|scope| {
        let ask = move |number: u32| read_to_close(&mut raw_request(address, &send_code(number)));
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(move || ask(number))).collect();
        app.wait_for(CLIENTS as usize);
        assert_eq!(sendwall.end("-TERM").code(), Some(0));
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!((status(answer), answer.ends_with("{\"ok\":true}")), (200, true), "{answer:?}");
    }
    assert_eq!(read(&sendwall), (2 * CLIENTS as usize, 0), "each decision with its answer is in the log");
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn clients_that_connect_while_it_stops_are_answered_or_refused_and_never_cut() {
    let app = shop();
    let mut cut_in_all = Vec::new();
    for _ in 0..5 {
        let mut sendwall = Sendwall::start(app.address, &login());
        let (address, asked) = (sendwall.address, AtomicU32::new(0));
        let next = || send_code(asked.fetch_add(1, Ordering::Relaxed) % 10_000);
        // Until the listener is gone. Gives the answers that broke off.
        let client = || {
            let mut cut = Vec::new();
            while let Ok(mut stream) = std::net::TcpStream::connect(address) {
                let sent = std::io::Write::write_all(&mut stream, &next());
                let answer = read_to_close(&mut stream);
                if ![200, 429].contains(&status(&answer)) {
                    cut.push(format!("{sent:?} {answer:?}"));
                }
            }
            cut
        };
        let cut: Vec<_> = thread::scope(|scope| {
            let clients: Vec<_> = (0..16).map(|_| scope.spawn(client)).collect();
            eventually("there is traffic", || asked.load(Ordering::Relaxed) > 200);
            assert_eq!(sendwall.end("-TERM").code(), Some(0));
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        cut_in_all.extend(cut);
    }
    // Between its last accept and the close of its socket a process can't know of one more: a chance of microseconds.
    assert!(cut_in_all.len() <= 1, "{cut_in_all:#?}");
}

#[test]
fn a_request_that_was_on_the_way_when_the_stop_came_is_answered() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &login());
    let mut stream = raw_request(sendwall.address, b"");
    eventually("it is accepted", || sendwall.metric("sendwall_connections_opened_total", &[]) == 1.0);
    sendwall.signal("-TERM");
    eventually("it stops", || sendwall.log().contains("stopping: requests under way"));
    std::io::Write::write_all(&mut stream, &send_code(1)).unwrap();
    assert_eq!(status(&read_to_close(&mut stream)), 200);
    assert_eq!(sendwall.wait().code(), Some(0));
}

#[test]
fn an_idle_keep_alive_connection_does_not_hold_up_a_stop() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &login());
    let mut idle = raw_request(sendwall.address, b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    crate::support::client::read_until(&mut idle, "}");
    assert_eq!(sendwall.end("-INT").code(), Some(0));
    assert_eq!(read_to_close(&mut idle), "");
}
