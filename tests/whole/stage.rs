//! What every test of the whole needs: the binary as a process, a shop behind it, and a client.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use ureq::http::{HeaderMap, Request};

use crate::support::app::{App, Recorded, reply};
use crate::support::client::PATIENCE;
use crate::support::proxy::eventually;

/// What protects the login of [`shop`].
pub(crate) const SHOP_LOGIN: &str = r#"
[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = 'json("/ok") == true'
default_region = "GB"
"#;

/// A script's agent, and a browser's.
pub(crate) const SCRIPT: &str = "python-requests/2.32.3";
pub(crate) const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// A directory of its own, gone with its test.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sendwall-whole-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A running `sendwall run --config FILE`.
pub(crate) struct Sendwall {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) directory: Directory,
    upstream: SocketAddr,
    child: Child,
    starts: usize,
}

impl Sendwall {
    /// Starts it before `upstream` and waits until it is ready. `rules` is the configuration without its addresses.
    pub(crate) fn start(upstream: SocketAddr, rules: &str) -> Self {
        Self::start_in(Directory::new(), upstream, rules)
    }

    /// The same, where files that the configuration names are there already.
    pub(crate) fn start_in(directory: Directory, upstream: SocketAddr, rules: &str) -> Self {
        directory.write("sendwall.toml", &whole(upstream, rules));
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let child = run(&directory.0, &["run", "--config", "sendwall.toml"], "log-1");
        let mut started = Self { address: nowhere, admin: nowhere, directory, upstream, child, starts: 1 };
        started.wait_until_ready();
        started
    }

    /// Starts it with other arguments than a file.
    pub(crate) fn start_with(upstream: SocketAddr, arguments: &[&str]) -> Self {
        let directory = Directory::new();
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let child = run(&directory.0, arguments, "log-1");
        let mut started = Self { address: nowhere, admin: nowhere, directory, upstream, child, starts: 1 };
        started.wait_until_ready();
        started
    }

    /// Starts the process again over the same state, once it has ended.
    pub(crate) fn start_again(&mut self) {
        self.starts += 1;
        let log = format!("log-{}", self.starts);
        self.child = run(&self.directory.0, &["run", "--config", "sendwall.toml"], &log);
        self.wait_until_ready();
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(&mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.wait()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Writes another configuration in place of the one that it began with.
    pub(crate) fn write_rules(&self, rules: &str) {
        self.directory.write("sendwall.toml", &whole(self.upstream, rules));
    }

    fn wait_until_ready(&mut self) {
        let listening = |what: &str| {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(&format!("listening what=\"{what}\"")))?;
            line.split("address=").nth(1)?.trim().parse().ok()
        };
        eventually("it listens, or ends", || listening("admin").is_some() || self.log().contains("error:"));
        let found = listening("proxy").zip(listening("admin"));
        let (address, admin) = found.unwrap_or_else(|| panic!("it doesn't start:\n{}", self.log()));
        (self.address, self.admin) = (address, admin);
        eventually("it is ready", || TcpStream::connect(self.admin).is_ok() && self.admin("/readyz").status == 200);
    }

    /// Standard error of the process that runs, or ran last.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.0.join(format!("log-{}", self.starts))).unwrap_or_default()
    }

    /// An URL of the main listener.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks the main listener.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        ask(method, &self.url(path), headers, body)
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: Vec<_> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
        self.ask("POST", path, &headers, body)
    }

    /// Asks for a code.
    pub(crate) fn send(&self, phone: &str) -> Answer {
        self.post("/api/send-code", &[], &format!(r#"{{"phone":"{phone}"}}"#))
    }

    /// Tries a code.
    pub(crate) fn verify(&self, phone: &str, code: &str) -> Answer {
        self.post("/api/verify", &[], &format!(r#"{{"phone":"{phone}","code":"{code}"}}"#))
    }

    /// Gets from the admin address.
    pub(crate) fn admin(&self, path: &str) -> Answer {
        ask("GET", &format!("http://{}{path}", self.admin), &[], "")
    }

    /// Posts JSON to the admin address.
    pub(crate) fn admin_post(&self, path: &str, body: &str) -> Answer {
        ask("POST", &format!("http://{}{path}", self.admin), &[("content-type", "application/json")], body)
    }

    /// The sum of a metric's samples whose labels hold all of `labels`.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = self.admin("/metrics").body;
        let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
        let wanted = samples
            .filter(|(key, _)| key.split('{').next() == Some(name) && labels.iter().all(|label| key.contains(label)));
        wanted.map(|(_, value)| value.parse::<f64>().unwrap()).sum()
    }

    /// The record of the decision that an answer names, with what became of it.
    pub(crate) fn decision(&self, answer: &Answer) -> Value {
        let id = answer.header("sendwall-decision").unwrap_or_else(|| panic!("no decision: {answer:?}"));
        self.admin(&format!("/api/decisions/{id}")).json()
    }
}

impl Drop for Sendwall {
    fn drop(&mut self) {
        let _ended = (self.child.kill(), self.child.wait());
    }
}

/// A configuration with addresses and state.
fn whole(upstream: SocketAddr, rules: &str) -> String {
    format!(
        "listen = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\nupstream = \"http://{upstream}\"\nstate = \"state\"\n{rules}"
    )
}

/// Starts the binary in `directory`; its standard error goes to the file `log` there.
fn run(directory: &Path, arguments: &[&str], log: &str) -> Child {
    let log = File::create(directory.join(log)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    command.args(arguments).current_dir(directory).env_remove("SENDWALL_KEY");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The `code` of an answer of sendwall's own; empty for one of the app's.
    pub(crate) fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// One request over a connection of its own.
pub(crate) fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
    let agent: ureq::Agent = config.timeout_global(Some(PATIENCE)).allow_non_standard_methods(true).build().into();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = if body.is_empty() && method != "POST" {
        agent.run(request.body(()).unwrap())
    } else {
        agent.run(request.body(body.to_owned()).unwrap())
    };
    let (parts, mut body) = response.unwrap_or_else(|error| panic!("{method} {url}: {error}")).into_parts();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.read_to_string().unwrap() }
}

/// What every code is.
pub(crate) const CODE: &str = "424242";

/// A shop: it sends codes, checks them, has a page, and answers everything else with what it was asked. Phones that
/// end in 500 get an error.
pub(crate) fn shop() -> App {
    App::start(|request, stream| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let json = "content-type: application/json\r\nx-shop: 1";
        match path_of(request) {
            "/" => reply(
                stream,
                "200 OK",
                "content-type: text/html\r\ncache-control: private\r\nx-shop: 1",
                "<h1>shop</h1>",
            ),
            "/api/verify" if body.contains(CODE) => reply(stream, "200 OK", json, r#"{"ok":true}"#),
            "/api/verify" => reply(stream, "200 OK", json, r#"{"ok":false}"#),
            "/api/send-code" if body.contains("500\"") => reply(stream, "500 Internal Server Error", json, "{}"),
            "/broken" => false,
            target => {
                let number = target.len() * 1000 + body.len();
                let unique = stream.peer_addr().map_or(0, |peer| peer.port());
                let sent = format!(r#"{{"request_id":"r{number}-{unique}","echo":{}}}"#, Value::from(body));
                reply(stream, "200 OK", json, &sent)
            }
        }
    })
}

fn path_of(request: &Recorded) -> &str {
    request.target().split('?').next().unwrap_or_default()
}

/// Sends raw bytes and gives the connection.
pub(crate) fn raw_request(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes).unwrap();
    stream
}
