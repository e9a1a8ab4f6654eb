//! Drives a real Chromium: just enough of the W3C's `WebDriver` protocol, over loopback.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

/// Flags for a browser that runs as root in a container and talks to nobody else.
const FLAGS: [&str; 11] = [
    "--headless=new",
    // As a person's browser says: one that calls itself headless is asked for a proof.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-GB",
];
/// The key that sends a form (`WebDriver`, 17.4.2).
pub(super) const ENTER: &str = "\u{e007}";
/// The key that goes to the next field.
pub(super) const TAB: &str = "\u{e004}";

/// A browser with one page. Dropping it ends the browser.
pub(super) struct Browser {
    driver: Child,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts chromedriver on a free port and Chromium with a fresh profile.
    pub(super) fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "chromedriver does not start: install Debian's packages chromium and chromium-driver \
                 (tests/run.sh does), or set SENDWALL_TEST_NO_BROWSER=1 to go without the browser test",
            );
        let port = port_of(&mut driver);
        let profile = std::env::temp_dir().join(format!("sendwall-test-chromium-{}", driver.id()));
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": args } } } });
        let base = format!("http://127.0.0.1:{port}/session");
        let started = call("POST", &base, &wanted);
        let id = started.pointer("/sessionId").and_then(Value::as_str).expect("a session has an id");
        let browser = Self { driver, session: format!("{base}/{id}"), profile };
        browser.post("/timeouts", &json!({ "script": 30_000, "pageLoad": 30_000 }));
        browser
    }

    pub(super) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a piece of JavaScript returns.
    pub(super) fn eval(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits in the page until an expression is neither false, null nor empty, and gives it. Fails after 30 s.
    pub(super) fn wait_for(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             const look = () => {{ const found = ({expression}); if (found) done(found); else setTimeout(look, 20); }};
             look();"
        );
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Types with the keyboard, wherever the focus is.
    pub(super) fn keys(&self, text: &str) {
        let press = |key: char| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let actions: Vec<Value> = text.chars().flat_map(press).collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Takes a picture of the page as a window of that size shows it.
    pub(super) fn screenshot(&self, width: u32, height: u32, file: &Path) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        let set = json!({ "cmd": "Emulation.setDeviceMetricsOverride", "params": size });
        self.post("/goog/cdp/execute", &set);
        self.wait_for("innerWidth > 0 && document.getAnimations().every((a) => a.playState === 'finished')");
        let picture = call("GET", &format!("{}/screenshot", self.session), &Value::Null);
        let png = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(file, png).unwrap();
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        call("POST", &format!("{}{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; a driver that is killed first would leave it behind.
        let _gone_anyway = agent().delete(&self.session).call();
        let _gone_anyway = self.driver.kill();
        let _gone_anyway = self.driver.wait();
        let _gone_anyway = std::fs::remove_dir_all(&self.profile);
    }
}

/// The port that chromedriver says it listens on.
fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().expect("the output is piped")).lines();
    let started = lines.find_map(|line| {
        let line = line.ok()?;
        line.rsplit_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
    });
    // Read on, or the driver stops at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    started.and_then(|port| port.parse().ok()).expect("chromedriver tells its port when it has started")
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    config.timeout_global(Some(Duration::from_secs(60))).http_status_as_error(false).build().into()
}

fn call(method: &str, url: &str, body: &Value) -> Value {
    let answer = match method {
        "GET" => agent().get(url).call(),
        _ => agent().post(url).content_type("application/json").send(body.to_string()),
    };
    let mut answer = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
    let text = answer.body_mut().with_config().limit(20_000_000).read_to_string().unwrap();
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{url}: {error}: {text}"));
    assert!(answer.status().is_success(), "{url}: {body}: {value}");
    value.pointer("/value").cloned().unwrap_or_default()
}
