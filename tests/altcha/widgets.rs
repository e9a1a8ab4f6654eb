//! The official widgets: each gets its challenge from sendwall, solves it in a browser, and its form goes through.

use std::fs;
use std::path::{Path, PathBuf};

use super::installed;
use crate::support::app::{App, reply};
use crate::support::gate::looks_alone;
use crate::support::webdriver::{self, Browser};
use crate::whole::stage::Sendwall;

/// Who comes without a proof is asked for one.
const RULES: &str = r#"
mode = "enforce"
default_limits = false
[challenge]
work = "light"
older_altcha = true
[[endpoint]]
name = "login"
send = "POST /login"
default_region = "GB"
"#;
const AGENT: &str = "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                     HeadlessChrome/156.0.0.0 Safari/537.36";

/// An app with a page for each widget, which it serves from the packages' own files.
fn app(packages: PathBuf) -> App {
    App::start(move |request, stream| {
        let path = request.target().split('?').next().unwrap().to_owned();
        let html = "content-type: text/html; charset=utf-8";
        if path == "/login" {
            return reply(stream, "200 OK", html, "<!DOCTYPE html><title>sent</title><h1 id=sent>Sent</h1>");
        }
        match path.strip_prefix("/packages/") {
            Some(file) => {
                let script = fs::read_to_string(packages.join(file)).unwrap();
                reply(stream, "200 OK", "content-type: text/javascript; charset=utf-8", &script)
            }
            None => reply(stream, "200 OK", html, &page(&path)),
        }
    })
}

fn page(path: &str) -> String {
    let (script, widget) = match path {
        "/1" => ("altcha-v1/dist/altcha.js", "challengeurl='/_sendwall/challenge?endpoint=login&amp;v=1'"),
        "/2" => ("altcha-v2/dist/altcha.js", "challengeurl='/_sendwall/challenge?endpoint=login&amp;v=1'"),
        _ => ("altcha-v3/dist/main/altcha.js", "challenge='/_sendwall/challenge?endpoint=login'"),
    };
    format!(
        "<!DOCTYPE html><title>Shop</title><link rel=icon href='data:,'>\
         <script type=module src='/packages/{script}'></script>\
         <form method=post action=/login><input name=phone value='+44 7402 4171{number}'>\
         <altcha-widget auto=onload {widget}></altcha-widget><button id=go>Send</button></form>",
        number = path.trim_start_matches('/').repeat(2)
    )
}

#[test]
fn the_widgets_of_all_three_major_versions_solve() {
    let Some(packages) = installed().filter(|_| !webdriver::is_left_out()) else { return };
    let app = app(packages.join("node_modules"));
    let sendwall = Sendwall::start(app.address, &looks_alone(RULES));
    let browser = Browser::with(&[AGENT]);
    for version in ["1", "2", "3"] {
        browser.open(&sendwall.url(&format!("/{version}")));
        let payload = browser.wait_for("document.querySelector('input[name=altcha]')?.value");
        assert!(payload.as_str().is_some_and(|payload| payload.len() > 100), "{payload}");
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("widget-{version}.png"));
        browser.screenshot(390, 400, &file);
        browser.click("#go");
        assert_eq!(browser.text("#sent"), "Sent", "version {version}");
    }
    let sent = app.requests().into_iter().filter(|request| request.target() == "/login").count();
    assert_eq!(sent, 3);
    assert_eq!(
        sendwall.metric("sendwall_decisions_total", &["verdict=\"challenge\""]),
        0.0,
        "nobody saw a challenge twice"
    );
}
