//! Page tokens: people load a page, and the frozen token of a bomber's tool dies.

use super::passes::rules;
use crate::support::app::{App, reply};
use crate::whole::stage::{Answer, Sendwall, shop};

fn with_page_token(page_token: &str, page: &str) -> String {
    let endpoint = format!("send = \"POST /api/send-code\"\npage_token = \"{page_token}\"");
    let rules = rules("").replacen("send = \"POST /api/send-code\"", &endpoint, 1);
    rules.replacen("[[endpoint]]", &format!("{page}\n[[endpoint]]"), 1)
}

fn start(page_token: &str, page: &str) -> (App, Sendwall) {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &with_page_token(page_token, page));
    (app, sendwall)
}

fn send(sendwall: &Sendwall, headers: &[(&str, &str)], last: u32) -> Answer {
    let app = [("user-agent", "ShopApp/5.2 (Android 15)")];
    let phone = format!(r#"{{"phone":"+4474024{last:05}"}}"#);
    sendwall.post("/api/send-code", &[&app, headers].concat(), &phone)
}

#[test]
fn a_send_needs_a_page_where_the_operator_says_so() {
    let (app, sendwall) = start("require", "[challenge.page]\nmin_age = \"0s\"\nmax_phones = 2");
    let refused = send(&sendwall, &[], 17171);
    assert_eq!((refused.status, refused.code().as_str()), (403, "page_missing"), "{refused:?}");
    assert_eq!(sendwall.decision(&refused)["page"], "missing");
    assert_eq!(send(&sendwall, &[("sendwall-page", "x")], 17171).code(), "page_forged");
    let page = sendwall.ask("GET", "/", &[], "");
    let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with("sendwall_page=")).unwrap();
    assert!(cookie.ends_with("; Path=/; Max-Age=14400; HttpOnly; SameSite=Lax"), "{cookie}");
    let cookie = format!("a=b; {}", cookie.split(';').next().unwrap());
    assert_eq!(send(&sendwall, &[("cookie", &cookie)], 17171).status, 200);
    let token = sendwall.ask("GET", "/_sendwall/token", &[], "").json();
    assert_eq!(token["expires_in"], 14_400);
    let with = |last| send(&sendwall, &[("sendwall-page", token["token"].as_str().unwrap())], last);
    assert_eq!([17172, 17173, 17172].map(|last| with(last).status), [200; 3]);
    assert_eq!(with(17174).code(), "page_shared", "a third phone");
    assert_eq!(sendwall.decision(&with(17174))["reasons"][0]["code"], "page_token");
    let arrived = app.requests();
    let arrived = arrived.iter().find(|request| request.target() == "/api/send-code").unwrap();
    assert_eq!(arrived.header("cookie"), ["a=b"], "it stays here");
}

/// The token that an answer sets as a cookie.
fn token_set(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    let pair = cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("sendwall_page="))?;
    Some(pair.to_owned())
}

#[test]
fn what_a_script_fetches_leaves_the_pages_token_alone() {
    let (_app, sendwall) = start("require", "[challenge.page]\nmin_age = \"0s\"\nmax_phones = 1");
    let cookie = token_set(&sendwall.ask("GET", "/", &[], "")).unwrap();
    for mode in ["cors", "navigate"] {
        let answer = sendwall.ask("GET", "/", &[("cookie", &cookie), ("sec-fetch-mode", mode)], "");
        assert_eq!(token_set(&answer), None, "{mode}");
    }
    assert_eq!(send(&sendwall, &[("cookie", &cookie)], 17171).status, 200);
    let next = token_set(&sendwall.ask("GET", "/", &[("cookie", &cookie)], ""));
    assert!(next.is_some_and(|next| next != cookie), "it was used for as many phones as it may be");
    assert!(token_set(&sendwall.ask("GET", "/", &[("cookie", "sendwall_page=x")], "")).is_some(), "none of ours");
}

/// What a browser says of a page that it loads.
const DOCUMENT: (&str, &str) = ("sec-fetch-mode", "navigate");

#[test]
fn a_page_that_has_not_changed_brings_a_token() {
    let cached = |control: &'static str| {
        App::start(move |_, stream| reply(stream, "304 Not Modified", &format!("etag: \"1\"\r\n{control}"), ""))
    };
    for (control, header, brings) in [
        ("cache-control: no-cache", DOCUMENT, true),
        ("cache-control: private, max-age=60", DOCUMENT, true),
        ("x: 1", ("accept", "text/html,application/xhtml+xml"), true),
        ("cache-control: public, max-age=60", DOCUMENT, false),
        ("expires: Thu, 01 Jan 2026 00:00:00 GMT", DOCUMENT, false),
        ("cache-control: no-cache", ("sec-fetch-mode", "cors"), false),
        ("cache-control: no-cache", ("accept", "*/*"), false),
    ] {
        let sendwall = Sendwall::start(cached(control).address, &with_page_token("require", ""));
        let answer = sendwall.ask("GET", "/", &[header, ("if-none-match", "\"1\"")], "");
        assert_eq!((answer.status, token_set(&answer).is_some()), (304, brings), "{control}, {header:?}");
        let visit =
            answer.headers.get_all("set-cookie").iter().any(|line| line.as_bytes().starts_with(b"sendwall_visit"));
        assert_eq!(visit, brings, "{control}, {header:?}");
    }
}

#[test]
fn a_page_of_just_now_is_too_young() {
    let (_app, sendwall) = start("require", "[challenge.page]\nmin_age = \"1m\"");
    let token = sendwall.ask("GET", "/_sendwall/token", &[], "").json();
    let young = send(&sendwall, &[("sendwall-page", token["token"].as_str().unwrap())], 17171);
    assert_eq!(young.code(), "page_young");
}

#[test]
fn a_missing_page_can_be_no_more_than_a_signal() {
    let (_app, sendwall) = start("signal", "");
    let answer = send(&sendwall, &[], 17171);
    assert_eq!(answer.status, 200, "by itself it does not ask for a proof: {answer:?}");
    assert_eq!(sendwall.decision(&answer)["page"], "missing");
    let forged = send(&sendwall, &[("sendwall-page", "x")], 17171);
    assert_eq!((forged.status, forged.code().as_str()), (428, "challenge_required"), "a forged one does");
    let looks = sendwall.decision(&forged)["reasons"].to_string();
    assert!(looks.contains("a forged page token"), "{looks}");
    assert!(sendwall.ask("GET", "/other", &[], "").header("set-cookie").is_none(), "no page");
}
