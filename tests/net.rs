//! Requests of our own, against servers that behave and servers that don't.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail loudly")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use sendwall::domain::Span;
use sendwall::http::{Settings as ProxySettings, TlsFiles};
use sendwall::net::{Answer, Client, NetError, Reach, Settings, Timeouts};

use crate::support::app::{App, reply};
use crate::support::gate::open_gate;
use crate::support::proxy::{Proxy, settings as proxy_settings};

/// What no error may show.
const SECRET: &str = "hunter2";

fn local() -> Settings {
    Settings {
        reach: Reach::and(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]),
        ..Settings::default()
    }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn post(url: &str, body: &str) -> Request<Bytes> {
    let request = Request::builder().method(Method::POST).uri(url).header("authorization", format!("Bearer {SECRET}"));
    request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn send(settings: Settings, url: &str) -> Result<Answer, NetError> {
    let client = Client::new(settings).unwrap();
    let answer = run(client.send(post(url, SECRET)));
    if let Err(error) = &answer {
        assert!(!format!("{error} {error:?}").contains(SECRET), "{error:?}");
    }
    answer
}

/// Accepts connections and does something rude with each.
fn rude(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
    format!("http://{address}/{SECRET}?key={SECRET}")
}

/// Reads something, writes, and leaves the connection open until the other side closes it.
fn writes_and_waits(bytes: &'static str) -> String {
    rude(move |mut stream| {
        let _read = stream.read(&mut [0; 4096]);
        stream.write_all(bytes.as_bytes()).unwrap();
        let _closed = stream.read_to_end(&mut Vec::new());
    })
}

#[test]
fn a_request_arrives_as_it_should_and_its_answer_comes_back() {
    let app = App::start(|_, stream| reply(stream, "201 Created", "x-a: b", "made"));
    let answer = send(local(), &format!("http://{}/path?query=1", app.address)).unwrap();
    assert_eq!((answer.status, answer.body.as_ref()), (StatusCode::CREATED, b"made".as_slice()));
    assert_eq!(answer.headers["x-a"], "b");
    let [request] = &app.requests()[..] else { panic!("one request") };
    assert_eq!(request.lines[0], "POST /path?query=1 HTTP/1.1");
    assert_eq!(request.header("host"), [app.address.to_string()]);
    assert_eq!(request.header("connection"), ["close"]);
    assert_eq!(request.header("authorization"), [format!("Bearer {SECRET}")]);
    assert!(request.header("user-agent")[0].starts_with("sendwall/"));
    assert_eq!(request.body, SECRET.as_bytes());
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let app = App::start(|_, stream| reply(stream, "302 Found", "location: http://169.254.169.254/", ""));
    let answer = send(local(), &format!("http://{}/", app.address)).unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn private_addresses_are_refused_before_a_connection_by_number_and_by_name() {
    let app = App::saying("secret");
    let port = app.address.port();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
    ] {
        let error = send(Settings::default(), &url).unwrap_err();
        assert!(matches!(error, NetError::Forbidden { .. }) && error.is_unsent(), "{url}: {error}");
        assert!(error.to_string().contains("[outbound] allow"), "{error}");
    }
    assert_eq!(app.connections(), 0);
    assert_eq!(
        send(local(), &format!("http://localhost:{port}/")).unwrap().status,
        StatusCode::OK,
        "the same, allowed"
    );
}

#[test]
fn each_step_has_its_time() {
    let timeouts =
        Timeouts { tls: Span::millis(50), answer: Span::millis(50), body: Span::millis(50), ..Timeouts::default() };
    let settings = || Settings { timeouts, ..local() };
    let silent = writes_and_waits("");
    let half = writes_and_waits("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    for (url, says) in [
        (silent.clone(), "did not answer within 50ms"),
        (silent.replace("http:", "https:"), "did not finish the TLS handshake within 50ms"),
        (half, "did not finish its answer within 50ms"),
    ] {
        let error = send(settings(), &url).unwrap_err();
        assert!(error.to_string().ends_with(says), "{error}");
        assert_eq!(error.is_unsent(), url.starts_with("https"), "{error}");
    }
}

#[test]
fn answers_are_bounded_whole_and_http() {
    let app = App::start(|_, stream| reply(stream, "200 OK", "", &"x".repeat(1001)));
    let small = Settings { max_answer: 1000, ..local() };
    let error = send(small, &format!("http://{}/", app.address)).unwrap_err();
    assert!(matches!(error, NetError::TooLarge { limit: 1000, .. }), "{error}");
    for bytes in ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let url = rude(move |mut stream| {
            let _read = stream.read(&mut [0; 4096]);
            stream.write_all(bytes.as_bytes()).unwrap();
            let _closed = stream.shutdown(Shutdown::Write);
        });
        let error = send(local(), &url).unwrap_err();
        assert!(matches!(error, NetError::Broken { .. }), "{bytes:?}: {error}");
    }
}

#[test]
fn nobody_listens_and_nobody_is_known() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send(local(), &format!("http://{gone}/{SECRET}")).unwrap_err();
    assert!(matches!(error, NetError::Connect { .. }), "{error}");
    let error = send(local(), "http://no-such-host.invalid/").unwrap_err();
    assert!(matches!(error, NetError::Resolve { .. } | NetError::Timeout { .. }), "{error}");
    let error = send(local(), "/only/a/path").unwrap_err();
    assert!(matches!(error, NetError::Url), "{error}");
}

#[test]
fn more_requests_than_may_be_are_refused_at_once() {
    let (arrived, arrives) = channel();
    let url = rude(move |mut stream| {
        let _read = stream.read(&mut [0; 4096]);
        arrived.send(stream).unwrap();
    });
    let client = Client::new(Settings { max_in_flight: 1, ..local() }).unwrap();
    run(async {
        let mut first = std::pin::pin!(client.send(post(&url, "")));
        let mut stream = tokio::select! {
            biased;
            early = &mut first => panic!("{early:?}"),
            stream = tokio::task::spawn_blocking(move || arrives.recv().unwrap()) => stream.unwrap(),
        };
        let error = client.clone().send(post(&url, "")).await.unwrap_err();
        assert!(matches!(error, NetError::Busy { limit: 1 }), "{error}");
        reply(&mut stream, "200 OK", "", "late");
        assert_eq!(first.await.unwrap().body.as_ref(), b"late");
    });
}

#[test]
fn certificates_are_checked() {
    let directory = std::env::temp_dir().join(format!("sendwall-{}-net", std::process::id()));
    let [own, other] = ["own", "other"].map(|name| certificate(&directory.join(name)));
    let app = App::saying("over TLS");
    let proxy = Proxy::start(ProxySettings { tls: Some(own.clone()), ..proxy_settings(app.address) }, open_gate());
    let port = proxy.address.port();
    let trusting = |files: &TlsFiles| Settings { ca: Some(files.certificate.clone()), ..local() };
    let answer = send(trusting(&own), &format!("https://localhost:{port}/")).unwrap();
    assert_eq!(answer.body.as_ref(), b"over TLS");
    for (files, host) in [(&other, "localhost"), (&own, "127.0.0.1")] {
        let error = send(trusting(files), &format!("https://{host}:{port}/")).unwrap_err();
        assert!(matches!(error, NetError::Tls { .. }) && error.is_unsent(), "{error}");
    }
    let missing = Settings { ca: Some(directory.join("missing")), ..local() };
    assert!(Client::new(missing).unwrap_err().to_string().starts_with("cannot read"));
    fs::remove_dir_all(directory).unwrap();
}

fn certificate(directory: &PathBuf) -> TlsFiles {
    fs::create_dir_all(directory).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: directory.join("certificate.pem"), key: directory.join("key.pem") };
    fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    fs::write(&files.certificate, made.cert.pem()).unwrap();
    files
}
