//! The image captcha, as a person meets it: in a dialog of a page's own, on the page that answers a form, and without
//! JavaScript.

use std::sync::Arc;

use sendwall::challenge::{Challenges, Parts, Secrets};
use sendwall::clock::ManualClock;
use sendwall::privacy::KeyRing;
use sendwall::telemetry::Metrics;

use super::forms::look;
use super::shop::{app, arrived, html};
use crate::support::app::App;
use crate::support::gate::LIMITS_ALONE;
use crate::support::webdriver::{self, Browser};
use crate::whole::stage::{Directory, Sendwall};

/// Everybody has to solve a captcha at one endpoint, and to work at the other.
const RULES: &str = r#"
mode = "enforce"
default_limits = false
[challenge]
work = "light"
[[endpoint]]
name = "login"
send = "POST /login"
default_region = "GB"
[[endpoint]]
name = "api"
send = "POST /api/send-code"
default_region = "GB"
[[endpoint]]
name = "signup"
send = "POST /signup"
default_region = "GB"
[[rule]]
id = "captcha"
when = 'endpoint != "signup"'
then = "challenge"
rung = "captcha"
[[rule]]
id = "work"
when = 'endpoint == "signup"'
then = "challenge"
rung = "pow"
"#;

fn page(path: &str) -> Option<(String, String)> {
    let form = |action: &str| {
        format!(
            "<form method=post action={action}><input name=phone value='+44 7402 417171'><input type=hidden name=note value='<b>&amp;\"'><button id=go>Send</button></form>"
        )
    };
    match path {
        "/form" => Some(html(&form("/login"))),
        "/work" => Some(html(&form("/signup"))),
        "/" => Some(html("<script src='/_sendwall/client.js'></script><h1>Shop</h1>")),
        "/signup" => Some(html("<h1 id=sent>Sent</h1>")),
        _ => None,
    }
}

fn start(app: &App) -> Sendwall {
    Sendwall::start(app.address, &format!("{LIMITS_ALONE}{RULES}"))
}

/// What a picture shows, from the keys of the process; `address` is the picture's.
fn shown(sendwall: &Sendwall, address: &str) -> String {
    let keys = std::fs::read_to_string(sendwall.directory.0.join("state/keys")).unwrap();
    let metrics = Metrics::new("test", Arc::new(ManualClock::default()));
    let secrets = Secrets::of(&KeyRing::parse(&keys, "file").unwrap());
    let parts = Parts { secrets, ..Parts::fixed(Arc::clone(metrics.challenges())) };
    let name = address.rsplit('/').next().unwrap().strip_suffix(".png").unwrap();
    let [letters, _digits] = Challenges::new(parts).answers(name).unwrap();
    letters
}

/// The dialog's inner side.
const DIALOG: &str = "document.querySelector('sendwall-dialog')?.shadowRoot";

/// The address of the picture in the dialog, once it is seen; another than `last`.
fn picture(browser: &Browser, last: &str) -> String {
    let there = format!(
        "(() => {{ const image = {DIALOG}?.querySelector('img');
                   return image && image.complete && image.naturalWidth && image.src !== '{last}' && image.src; }})()"
    );
    browser.wait_for(&there).as_str().unwrap().to_owned()
}

/// Types into the dialog as a person does: the focus is there already.
fn type_answer(browser: &Browser, answer: &str) {
    browser.wait_for(&format!("{DIALOG}.activeElement?.id === 'answer'"));
    browser.keys(answer);
    browser.keys(webdriver::ENTER);
}

#[test]
fn a_script_s_captcha_is_a_dialog_that_a_keyboard_can_use() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    for (kind, name) in [("fetch", "dialog"), ("xhr", "dialog-xhr")] {
        browser.open(&sendwall.url("/"));
        let ask = if kind == "fetch" {
            "window.told = null;
             const headers = { 'content-type': 'application/json' };
             fetch('/api/send-code', { method: 'POST', headers, body: '{\"phone\":\"+447402417171\"}' })
                 .then((answer) => { window.told = answer.status; });"
        } else {
            "window.told = null;
             const xhr = new XMLHttpRequest();
             xhr.open('POST', '/api/send-code');
             xhr.onload = () => { window.told = xhr.status; };
             xhr.setRequestHeader('content-type', 'application/json');
             xhr.send('{\"phone\":\"+447402417171\"}');"
        };
        browser.eval(ask);
        let first = picture(&browser, "");
        look(&browser, name);
        type_answer(&browser, "wrong");
        let second = picture(&browser, &first);
        assert_eq!(
            browser.eval(&format!("return {DIALOG}.querySelector('.status').textContent")),
            "That wasn't right. Please try this one."
        );
        look(&browser, &format!("{name}-wrong"));
        type_answer(&browser, &shown(&sendwall, &second).to_lowercase());
        assert_eq!(browser.wait_for("window.told"), 200, "{kind}");
        assert_eq!(browser.eval("return document.querySelector('sendwall-dialog')"), serde_json::Value::Null);
    }
    assert_eq!(arrived(&app, "/api/send-code").len(), 2);
}

/// Answers the pictures of the dialog wrong until the challenge ends, and gives the address of the last one.
fn end_the_challenge(browser: &Browser) -> String {
    let mut last = String::new();
    for _ in 0..5 {
        last = picture(browser, &last);
        type_answer(browser, "wrong");
    }
    last
}

#[test]
fn a_challenge_that_ended_is_asked_anew() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    for ask in [
        "const headers = { 'content-type': 'application/json' };
         fetch('/api/send-code', { method: 'POST', headers, body: '{\"phone\":\"+447402417171\"}' })
             .then((answer) => { window.told = answer.status; });",
        "const xhr = new XMLHttpRequest();
         xhr.open('POST', '/api/send-code');
         xhr.onload = () => { window.told = xhr.status; };
         xhr.setRequestHeader('content-type', 'application/json');
         xhr.send('{\"phone\":\"+447402417171\"}');",
    ] {
        browser.open(&sendwall.url("/"));
        browser.eval(&format!("window.told = null; {ask}"));
        let last = end_the_challenge(&browser);
        let fresh = picture(&browser, &last);
        type_answer(&browser, &shown(&sendwall, &fresh));
        assert_eq!(browser.wait_for("window.told"), 200);
    }
    browser.open(&sendwall.url("/form"));
    browser.click("#go");
    end_the_challenge(&browser);
    browser.wait_for("document.querySelector('#problem').textContent === \"That didn't work. Please try again.\"");
    browser.click("#go");
    let fresh = picture(&browser, "");
    type_answer(&browser, &shown(&sendwall, &fresh));
    assert_eq!(browser.text("#sent"), "Sent");
}

#[test]
fn whoever_wants_another_picture_loses_no_try() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    browser.open(&sendwall.url("/form"));
    browser.click("#go");
    let mut last = picture(&browser, "");
    for _ in 0..6 {
        browser.eval(&format!("{DIALOG}.querySelector('.row button:last-child').click()"));
        last = picture(&browser, &last);
    }
    type_answer(&browser, &shown(&sendwall, &last));
    assert_eq!(browser.text("#sent"), "Sent");
}

#[test]
fn a_widget_that_does_not_load_can_be_tried_again() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let directory = Directory::new();
    directory.write("secret", "12345\n");
    let table =
        "[[captcha]]\nprovider = \"turnstile\"\nsite_key = \"1x00000000000000000000AA\"\nsecret_file = \"secret\"\n";
    let rules = RULES.replacen("send = \"POST /login\"", "send = \"POST /login\"\ncaptcha = [\"turnstile\"]", 1);
    let sendwall = Sendwall::start_in(directory, app.address, &format!("{LIMITS_ALONE}{rules}{table}"));
    let browser = Browser::start();
    browser.cut(&["*challenges.cloudflare.com*"]);
    browser.open(&sendwall.url("/form"));
    browser.click("#go");
    let retry = format!("{DIALOG}?.querySelector('.row button:not([hidden])')");
    let failed = format!("{DIALOG}?.querySelector('.status').textContent === \"That didn't work. Please try again.\"");
    browser.wait_for(&format!("{failed} && {retry}?.textContent === 'Try again'"));
    look(&browser, "page-widget-failed");
    browser
        .eval(&format!("const status = {DIALOG}.querySelector('.status'); status.textContent = ''; {retry}.click()"));
    browser.wait_for(&format!("{failed} && {retry}"));
}

#[test]
fn whoever_cancels_gets_the_challenge() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    browser.open(&sendwall.url("/"));
    browser.eval(
        "window.told = null;
         const headers = { 'content-type': 'application/json' };
         fetch('/api/send-code', { method: 'POST', headers, body: '{\"phone\":\"+447402417171\"}' })
             .then(async (answer) => { window.told = answer.status + ' ' + (await answer.json()).code; });",
    );
    picture(&browser, "");
    browser.keys(webdriver::ESCAPE);
    assert_eq!(browser.wait_for("window.told"), "428 challenge_required");
    assert!(arrived(&app, "/api/send-code").is_empty());
}

#[test]
fn a_form_s_captcha_is_on_the_page() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    browser.open(&sendwall.url("/form"));
    browser.click("#go");
    let first = picture(&browser, "");
    look(&browser, "page-captcha");
    type_answer(&browser, &shown(&sendwall, &first));
    assert_eq!(browser.text("#sent"), "Sent");
    let arrived = arrived(&app, "/login");
    assert_eq!(arrived.len(), 1);
    assert_eq!(String::from_utf8_lossy(&arrived[0].body), "phone=%2B44+7402+417171&note=%3Cb%3E%26%22");
}

#[test]
fn without_javascript_a_picture_takes_the_place_of_work_too() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = start(&app);
    let browser = Browser::start();
    browser.without_scripts();
    for (form, path) in [("/form", "/login"), ("/work", "/signup")] {
        browser.open(&sendwall.url(form));
        browser.click("#go");
        browser.fill("#answer", "wrong");
        look(&browser, "page-no-script");
        browser.click("form button");
        assert_eq!(browser.text("#wrong:not(:empty)"), "That wasn't right. Please try this one.", "{path}");
        let address = browser.attribute("img", "src");
        browser.fill("#answer", &shown(&sendwall, &address));
        browser.click("form button");
        assert!(browser.text("#form p").starts_with("Thank you."), "{path}");
        look(&browser, "page-no-script-right");
        browser.click("#form button");
        assert_eq!(browser.text("#sent"), "Sent");
        let arrived = arrived(&app, path);
        assert_eq!(arrived.len(), 1, "{path}");
        assert_eq!(String::from_utf8_lossy(&arrived[0].body), "phone=%2B44+7402+417171&note=%3Cb%3E%26%22");
    }
}
