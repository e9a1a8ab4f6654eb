//! A real Alertmanager: it receives and resolves what we send it, and what it sends on has the form of what we send in
//! its place.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{Target, Url};
use sendwall::clock::{Clock as _, SystemClock};
use sendwall::domain::{Span, Timestamp};
use serde_json::Value;

use super::{Stage, alert, channel, resolved, url};
use crate::support::app::{App, Recorded};
use crate::support::proxy::eventually;
use crate::whole::stage::{Directory, ask};

/// A running Alertmanager that sends everything on at once.
struct Alertmanager {
    child: Child,
    address: String,
    _directory: Directory,
}

impl Alertmanager {
    fn start(receiver: &App) -> Self {
        let directory = Directory::new();
        let settings = format!(
            "route: {{ receiver: hook, group_by: [alertname, incident], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
             receivers: [{{ name: hook, webhook_configs: [{{ url: 'http://{}/', send_resolved: true }}] }}]\n",
            receiver.address
        );
        let file = directory.write("alertmanager.yml", &settings);
        // Its port can't be left to the system.
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", directory.0.join("data").display()))
            .arg(format!("--web.listen-address={free}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(directory.0.join("log")).unwrap())
            .spawn()
            .expect(
                "prometheus-alertmanager does not start: install Debian's package of this name (tests/run.sh does)",
            );
        let address = free.to_string();
        eventually("Alertmanager is ready", || {
            std::net::TcpStream::connect(free).is_ok()
                && ask("GET", &format!("http://{free}/-/ready"), &[], "").status == 200
        });
        Self { child, address, _directory: directory }
    }

    fn alerts(&self) -> Value {
        ask("GET", &format!("http://{}/api/v2/alerts", self.address), &[], "").json()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn body(request: &Recorded) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

/// Every key with the kind of its value, and every value but times and names of the sender.
fn shape(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| shape(&format!("{path}.{name}"), value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| shape(&format!("{path}[]"), value, found)),
        Value::String(text) if path.ends_with("At") => {
            let at = Timestamp::from_rfc3339(text);
            let kind = if text.starts_with("0001-") { "never" } else { "a time" };
            assert!(at.is_some() || kind == "never", "{path}: {text}");
            found.push(format!("{path}: {kind}"));
        }
        Value::String(_) if path.ends_with("URL") => found.push(format!("{path}: a text")),
        value => found.push(format!("{path}: {value}")),
    }
}

fn shape_of(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    shape("", value, &mut found);
    found.sort();
    found
}

#[test]
fn a_real_alertmanager_receives_and_resolves_and_its_webhook_is_of_our_form() {
    let (theirs, ours) = (App::saying("ok"), App::saying("ok"));
    let alertmanager = Alertmanager::start(&theirs);
    assert!(Path::new("tests/packages").is_dir(), "tests run in the repository");
    let api = Url::parse(&format!("http://{}", alertmanager.address)).unwrap();
    let now = SystemClock::start().now();
    let channels = vec![
        channel("alertmanager", Target::Alertmanager { url: api, token: None }),
        channel("hook", Target::AlertmanagerWebhook { url: url(&ours, "/"), token: None }),
    ];
    let stage = Stage::start(channels, None, now);

    let first = alert(now - Span::seconds(30), 1, 1);
    stage.courier.take(&first);
    let (from_them, from_us) = (body(&theirs.wait_for(1)[0]), body(&ours.wait_for(1)[0]));
    assert_eq!(shape_of(&from_them), shape_of(&from_us), "\nleft: a real Alertmanager; right: ours");
    assert_eq!(from_us["status"], "firing");
    let known = alertmanager.alerts();
    assert_eq!(known[0]["labels"]["incident"], first.incident.as_str(), "{known}");

    stage.courier.take(&resolved(&first, now - Span::seconds(1)));
    let (from_them, from_us) = (body(&theirs.wait_for(2)[1]), body(&ours.wait_for(2)[1]));
    assert_eq!(shape_of(&from_them), shape_of(&from_us), "\nleft: a real Alertmanager; right: ours");
    assert_eq!((&from_us["status"], &from_us["alerts"][0]["status"]), (&"resolved".into(), &"resolved".into()));
    eventually("it is over there", || alertmanager.alerts().as_array().is_some_and(Vec::is_empty));
    stage.stop();
}
