//! Hostile requests over HTTP/2 for sendwall's own paths: each is answered with its status, or its stream is reset, and
//! whoever asks next over the same connection is served.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::channel::{Channel, Sender};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sendwall::tasks::Tasks;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::client::{payload, post_solving};
use super::passes::{FAKE, rules};
use crate::whole::stage::{Sendwall, shop};

type Body = Channel<Bytes, io::Error>;

/// A connection, and what it runs on.
struct Client {
    runtime: Runtime,
    tasks: Tasks,
    address: SocketAddr,
}

/// What a request is answered: a status and sendwall's code, or that its stream is reset.
type Told = Result<(u16, String), String>;

impl Client {
    fn new(address: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { runtime, tasks: Tasks::new(), address }
    }

    async fn connect(&self) -> SendRequest<Body> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        self.tasks.spawn("http2 client", async move {
            // How it ends is for the requests on it to say.
            drop(connection.await);
        });
        sender
    }

    /// Sends one request over `connection` while `write` writes its body.
    async fn ask<W: Future<Output = ()> + Send + 'static>(
        &self,
        connection: &mut SendRequest<Body>,
        request: http::request::Builder,
        write: impl FnOnce(Sender<Bytes, io::Error>) -> W,
    ) -> Told {
        let (sender, body) = Channel::new(1);
        self.tasks.spawn("http2 body", write(sender));
        let request = request.version(Version::HTTP_2).body(body).unwrap();
        let mut answer = connection.send_request(request).await.map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        while let Some(frame) = answer.body_mut().frame().await {
            bytes.extend_from_slice(frame.map_err(|error| error.to_string())?.data_ref().unwrap());
        }
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Ok((answer.status().as_u16(), json["code"].as_str().unwrap_or_default().to_owned()))
    }
}

async fn write_all(mut sender: Sender<Bytes, io::Error>, body: Vec<u8>) {
    for part in body.chunks(16 * 1024) {
        // A server that has answered already may read no more.
        if sender.send_data(Bytes::copy_from_slice(part)).await.is_err() {
            return;
        }
    }
}

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> http::request::Builder {
    let request = Request::builder().method(method).uri(format!("http://shop{target}"));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

const JSON: (&str, &str) = ("content-type", "application/json");
const SOLVE: &str = "/_sendwall/solve";

/// Method, path, headers, body; status and code.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, Vec<u8>, (u16, &'a str));

fn cases<'a>(good: &str, long: &'a str, longest: &'a str) -> Vec<Case<'a>> {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let solution = format!("{{\"payload\":\"{good}\"}}");
    let malformed = (400, "solution_malformed");
    let mut cases = vec![
        // Bodies: too large, cut off, of another kind, none.
        ("POST", SOLVE, vec![JSON], vec![b'a'; 64 * 1024 + 1], (413, "body_too_large")),
        ("POST", SOLVE, vec![JSON], vec![b'{'; 20 << 20], (413, "body_too_large")),
        ("POST", SOLVE, vec![JSON], vec![b'['; 64 * 1024], malformed),
        ("POST", SOLVE, vec![JSON], bytes(&"{\"a\":".repeat(10_000)), malformed),
        ("POST", SOLVE, vec![JSON], bytes(&solution[..solution.len() - 1]), malformed),
        ("POST", SOLVE, vec![JSON], bytes("{\"payload\":\""), malformed),
        ("POST", SOLVE, vec![JSON], bytes("{\"payload\":{\"payload\":[]}}"), malformed),
        ("POST", SOLVE, vec![JSON], vec![0xff; 1000], malformed),
        ("POST", SOLVE, vec![JSON], Vec::new(), malformed),
        ("POST", SOLVE, Vec::new(), bytes(&solution[1..]), malformed),
        ("POST", "/_sendwall/hook/none", vec![JSON], bytes("{}"), (404, "not_found")),
        ("POST", "/_sendwall/hook/", vec![JSON], vec![b'a'; 1 << 20], (413, "body_too_large")),
        // Headers: many, long, of no sense.
        ("POST", SOLVE, vec![JSON, ("content-encoding", "gzip")], bytes(&solution), malformed),
        ("GET", "/_sendwall/challenge", vec![("x-long", long); 3], Vec::new(), (404, "unknown_endpoint")),
        ("GET", "/_sendwall/challenge", vec![("x-long", longest)], Vec::new(), (431, "")),
        ("GET", "/_sendwall/challenge", vec![("x-many", "1"); 1000], Vec::new(), (404, "unknown_endpoint")),
        ("GET", "/_sendwall/token", vec![("x-many", "1"); 3000], Vec::new(), (431, "")),
        // Paths and queries.
        ("GET", "/_sendwall/challenge?endpoint=%00%ff&v=1", Vec::new(), Vec::new(), (404, "unknown_endpoint")),
        (
            "GET",
            "/_sendwall/challenge?endpoint=login&v=99999999999999999999",
            Vec::new(),
            Vec::new(),
            (404, "unknown_version"),
        ),
        ("GET", "/_sendwall/captcha/..%2f..%2fetc%2fpasswd.png", Vec::new(), Vec::new(), (404, "challenge_unknown")),
        ("GET", "/_sendwall/captcha/.png", Vec::new(), Vec::new(), (404, "challenge_unknown")),
        ("GET", "/_sendwall/captcha/name.exe", Vec::new(), Vec::new(), (404, "not_found")),
        ("GET", "/_sendwall/../_sendwall/solve", Vec::new(), Vec::new(), (404, "not_found")),
        ("GET", "/_sendwall", Vec::new(), Vec::new(), (404, "not_found")),
    ];
    for kind in [
        "image/png",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/plain",
        "a",
        "application/json; charset=utf-16",
    ] {
        cases.push(("POST", SOLVE, vec![("content-type", kind)], bytes("x"), malformed));
    }
    for method in ["GET", "PUT", "TRACE", "BREW"] {
        cases.push((method, SOLVE, vec![JSON], bytes(&solution), (405, "method_not_allowed")));
    }
    cases
}

#[test]
fn hostile_requests_over_http2_are_answered_and_the_connection_serves_on() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(""));
    let client = Client::new(sendwall.address);
    let asked = sendwall.post("/api/send-code", &[FAKE], r#"{"phone":"+447402417171"}"#).json();
    let good = payload(&asked["challenge"]["altcha"]);
    let (long, longest) = ("a".repeat(16_000), "a".repeat(70_000));
    client.runtime.block_on(async {
        let mut connection = client.connect().await;
        for (method, path, headers, body, (status, code)) in cases(&good, &long, &longest) {
            let about = format!("{method} {path} {} headers, {} bytes", headers.len(), body.len());
            let told = client.ask(&mut connection, request(method, path, &headers), |out| write_all(out, body)).await;
            assert_eq!(told, Ok((status, code.to_owned())), "{about}");
        }
        // None of them used the solution up.
        let body = format!("{{\"payload\":\"{good}\"}}").into_bytes();
        let told = client.ask(&mut connection, request("POST", SOLVE, &[JSON]), |out| write_all(out, body)).await;
        assert_eq!(told, Ok((200, String::new())));
    });
    assert!(app.requests().is_empty(), "nothing of it is the app's affair");
    assert!(!sendwall.log().contains("panic"), "{}", sendwall.log());
}

#[test]
fn a_stream_that_is_reset_in_the_middle_of_its_body_leaves_nothing_behind() {
    const STREAMS: usize = 300;
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(""));
    let client = Client::new(sendwall.address);
    client.runtime.block_on(async {
        let mut connection = client.connect().await;
        for stream in 0..STREAMS {
            let path = [SOLVE, "/_sendwall/hook/none", "/api/send-code"][stream % 3];
            let length = ("content-length", "50000");
            let told = client.ask(&mut connection, request("POST", path, &[JSON, length]), |mut out| async move {
                let first = Bytes::from_static(b"{\"payload\":\"");
                if out.send_data(first).await.is_ok() {
                    out.abort(io::Error::other("the client goes away"));
                }
            });
            assert!(told.await.is_err(), "stream {stream} has no answer");
            if stream == 10 {
                let told =
                    client.ask(&mut connection, request("POST", SOLVE, &[JSON]), |out| write_all(out, b"{}".to_vec()));
                assert_eq!(told.await, Ok((400, "solution_malformed".to_owned())), "the connection serves on");
            }
            // Whoever does nothing else is cut off after a while; he comes again.
            if connection.is_closed() {
                connection = client.connect().await;
            }
        }
        let mut other = client.connect().await;
        let told = client.ask(&mut other, request("POST", SOLVE, &[JSON]), |out| write_all(out, b"{}".to_vec()));
        assert_eq!(told.await, Ok((400, "solution_malformed".to_owned())), "others are served");
    });
    assert!(app.requests().is_empty());
    let answer = post_solving(&sendwall.url(""), "/api/send-code", &[FAKE], r#"{"phone":"+447402417171"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!sendwall.log().contains("panic"), "{}", sendwall.log());
}
