//! Drives a real Chromium: just enough of the W3C's `WebDriver` protocol, over loopback.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

/// Whether tests may go without a browser; nobody else may decide that.
pub(crate) fn is_left_out() -> bool {
    std::env::var_os("SENDWALL_TEST_NO_BROWSER").is_some_and(|set| set == "1")
}

/// What a browser of these tests calls itself: as a person's does, for one that calls itself headless is asked for a proof.
pub(crate) const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
/// Flags for a browser that runs as root in a container and talks to nobody else.
const FLAGS: [&str; 10] = [
    "--headless=new",
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
pub(crate) const ENTER: &str = "\u{e007}";
/// The key that closes a dialog.
pub(crate) const ESCAPE: &str = "\u{e00c}";
/// The key that goes to the next field.
pub(crate) const TAB: &str = "\u{e004}";

/// How often a driver is started that finds no port.
const STARTS: u32 = 5;

/// A browser with one page. Dropping it ends the browser.
pub(crate) struct Browser {
    driver: Child,
    session: String,
    profile: PathBuf,
}

impl Browser {
    /// Starts chromedriver on a free port and Chromium with a fresh profile.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// With more flags.
    pub(crate) fn with(flags: &[&str]) -> Self {
        let (driver, port) =
            (0..STARTS).find_map(|_| driver()).expect("chromedriver tells its port when it has started");
        let profile = std::env::temp_dir().join(format!("sendwall-test-chromium-{}", driver.id()));
        let mut args: Vec<String> = FLAGS.iter().map(ToString::to_string).collect();
        args.push(format!("--user-agent={AGENT}"));
        // Of two flags of one name the last counts.
        args.extend(flags.iter().map(ToString::to_string));
        args.push(format!("--user-data-dir={}", profile.display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": args } } } });
        let base = format!("http://127.0.0.1:{port}/session");
        let started = call("POST", &base, &wanted);
        let id = started.pointer("/sessionId").and_then(Value::as_str).expect("a session has an id");
        let browser = Self { driver, session: format!("{base}/{id}"), profile };
        browser.post("/timeouts", &json!({ "script": 60_000, "pageLoad": 60_000, "implicit": 60_000 }));
        browser
    }

    pub(crate) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// What a piece of JavaScript returns.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// What a piece of asynchronous JavaScript returns; it may `await`.
    pub(crate) fn run(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {script} }})().then(done, (problem) => done(`failed: ${{problem}} ${{problem && problem.stack}}`));"
        );
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Waits in the page, and in those that follow it, until an expression is neither false, null nor empty, and gives it.
    /// Fails after a minute.
    pub(crate) fn wait_for(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             let looks = 0;
             const look = () => {{
                 let found = null;
                 try {{ found = ({expression}); }} catch (notYet) {{ /* the next page may have it */ }}
                 if (found || ++looks > 100) done(found || null); else setTimeout(look, 20);
             }};
             look();"
        );
        let mut last = String::new();
        for _ in 0..30 {
            match try_call("POST", &format!("{}/execute/async", self.session), &json!({ "script": script, "args": [] }))
            {
                Ok(Value::Null) => {}
                Ok(found) => return found,
                // A page that goes away takes the script with it.
                Err(gone) => last = gone,
            }
        }
        let page = self.eval("return location.href + ': ' + document.documentElement.outerHTML.slice(0, 2000)");
        panic!("never: {expression}: {last} {page}");
    }

    /// Clicks on the first element of a selector, once there is one. Works without JavaScript too.
    pub(crate) fn click(&self, selector: &str) {
        self.post(&format!("{}/click", self.element(selector)), &json!({}));
    }

    /// Types into the first element of a selector, once there is one. Works without JavaScript too.
    pub(crate) fn fill(&self, selector: &str, text: &str) {
        self.post(&format!("{}/value", self.element(selector)), &json!({ "text": text }));
    }

    /// The text of the first element of a selector, once there is one. Works without JavaScript too.
    pub(crate) fn text(&self, selector: &str) -> String {
        // A page that is left takes its elements along; the next one has its own.
        let text = (0..20).find_map(|_| {
            try_call("GET", &format!("{}{}/text", self.session, self.element(selector)), &Value::Null).ok()
        });
        text.unwrap_or_else(|| panic!("{selector} never stays")).as_str().unwrap().to_owned()
    }

    /// An attribute of the first element of a selector, once there is one. Works without JavaScript too.
    pub(crate) fn attribute(&self, selector: &str, name: &str) -> String {
        let path = format!("{}{}/attribute/{name}", self.session, self.element(selector));
        call("GET", &path, &Value::Null).as_str().unwrap().to_owned()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        format!("/element/{}", found.as_object().unwrap().values().next().unwrap().as_str().unwrap())
    }

    /// Forgets every cookie, and keeps what it has of pages.
    pub(crate) fn forget_cookies(&self) {
        self.devtools("Network.clearBrowserCookies", &json!({}));
    }

    /// Switches the pages' own scripts off.
    pub(crate) fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// Says that the person speaks this language.
    pub(crate) fn speak(&self, language: &str) {
        let said = json!({ "userAgent": self.eval("return navigator.userAgent"), "acceptLanguage": language });
        self.devtools("Emulation.setUserAgentOverride", &said);
    }

    /// Shows pages as someone does who wants them dark.
    pub(crate) fn darken(&self) {
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        self.devtools("Emulation.setEmulatedMedia", &dark);
    }

    /// Runs this in every page before its own scripts.
    pub(crate) fn before_pages(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
    }

    /// Lets requests for these addresses fail.
    pub(crate) fn cut(&self, patterns: &[&str]) {
        self.devtools("Network.enable", &json!({}));
        self.devtools("Network.setBlockedURLs", &json!({ "urls": patterns }));
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Types with the keyboard, wherever the focus is.
    pub(crate) fn keys(&self, text: &str) {
        let press = |key: char| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let actions: Vec<Value> = text.chars().flat_map(press).collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Takes a picture of the page as a window of that size shows it.
    pub(crate) fn screenshot(&self, width: u32, height: u32, file: &Path) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        let ends = "(a) => a.playState === 'finished' || a.effect.getTiming().iterations === Infinity";
        self.wait_for(&format!("innerWidth > 0 && document.getAnimations().every({ends})"));
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

/// A chromedriver, and the port that it says it listens on. `None`: it ended without one, for it takes a port of IPv6 and
/// wants the same of IPv4, which another test may have.
fn driver() -> Option<(Child, u16)> {
    let mut driver =
        Command::new("chromedriver").args(["--port=0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect(
            "chromedriver does not start: install Debian's packages chromium and chromium-driver (tests/run.sh does), \
             or set SENDWALL_TEST_NO_BROWSER=1 to go without the browser test",
        );
    let mut lines = BufReader::new(driver.stdout.take().expect("the output is piped")).lines();
    let started = lines.find_map(|line| {
        let line = line.ok()?;
        line.rsplit_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
    });
    let Some(port) = started.and_then(|port| port.parse().ok()) else {
        let _gone_anyway = driver.kill();
        let _gone_anyway = driver.wait();
        return None;
    };
    // Read on, or the driver stops at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some((driver, port))
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder();
    config.timeout_global(Some(Duration::from_secs(90))).http_status_as_error(false).build().into()
}

fn call(method: &str, url: &str, body: &Value) -> Value {
    try_call(method, url, body).unwrap_or_else(|error| panic!("{url}: {body}: {error}"))
}

fn try_call(method: &str, url: &str, body: &Value) -> Result<Value, String> {
    let answer = match method {
        "GET" => agent().get(url).call(),
        _ => agent().post(url).content_type("application/json").send(body.to_string()),
    };
    let mut answer = answer.map_err(|error| error.to_string())?;
    let text = answer.body_mut().with_config().limit(20_000_000).read_to_string().map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let value = value.pointer("/value").cloned().unwrap_or_default();
    if answer.status().is_success() { Ok(value) } else { Err(value.to_string()) }
}
