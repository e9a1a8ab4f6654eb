//! People who come back to a page that their browser has already.

use super::shop::html;
use crate::support::app::{App, Recorded, reply};
use crate::support::webdriver::{self, Browser};
use crate::whole::stage::Sendwall;

const RULES: &str = r#"
mode = "enforce"
prior = "none"
default_limits = false
[challenge.page]
min_age = "0s"
[[endpoint]]
name = "api"
send = "POST /api/send-code"
default_region = "GB"
page_token = "require"
"#;
/// A page that a browser keeps, and asks for again each time.
const KEPT: &str = "content-type: text/html; charset=utf-8\r\ncache-control: no-cache\r\netag: \"1\"";

fn is_known(request: &Recorded) -> bool {
    request.header("if-none-match") == ["\"1\""]
}

#[test]
fn a_page_that_has_not_changed_brings_its_token_too() {
    if webdriver::is_left_out() {
        return;
    }
    let app = App::start(|request, stream| match request.target() {
        "/" if is_known(request) => reply(stream, "304 Not Modified", "cache-control: no-cache\r\netag: \"1\"", ""),
        "/" => reply(stream, "200 OK", KEPT, &html("<h1>Shop</h1>").1),
        _ => reply(stream, "200 OK", "content-type: application/json", "{}"),
    });
    let sendwall = Sendwall::start(app.address, RULES);
    let browser = Browser::start();
    let ask = |last: u32| {
        let body = format!(r#"{{"phone":"+4474024171{last:02}"}}"#);
        browser.run(&format!(
            "return (await fetch('/api/send-code', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }},
                                                      body: '{body}' }})).status"
        ))
    };
    browser.open(&sendwall.url("/"));
    assert_eq!(ask(1), 200);
    // As after some days.
    browser.forget_cookies();
    assert_eq!(ask(2), 403);
    browser.open(&sendwall.url("/"));
    assert!(app.requests().iter().any(is_known), "the browser had the page");
    assert_eq!(ask(3), 200);
}
