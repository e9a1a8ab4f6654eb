//! Requests by script: client.js solves what sendwall asks, and the page's own code sees only its answer.

use super::shop::{HTML, RULES, app, arrived, before, by_name, html, suspicious};
use crate::support::app::{App, reply};
use crate::support::gate::looks_alone;
use crate::support::webdriver::{self, Browser};
use crate::whole::stage::Sendwall;

const INCLUDE: &str = "<script src='/_sendwall/client.js'></script><h1>Shop</h1>";

/// Pages that differ in what their policy lets a script do.
fn page(path: &str) -> Option<(String, String)> {
    let policy = match path {
        "/" => "",
        "/self" => "default-src 'self'",
        "/no-worker" => "default-src 'self'; worker-src 'none'",
        "/nonce" => "default-src 'none'; connect-src 'self'; script-src 'nonce-n'",
        "/trusted" => "default-src 'self'; require-trusted-types-for 'script'",
        "/without" => return Some(html("<h1>Shop</h1>")),
        _ => return None,
    };
    let (_, page) = html(&INCLUDE.replace("<script ", "<script nonce=n "));
    Some((format!("{HTML}\r\ncontent-security-policy: {}", if policy.is_empty() { "img-src *" } else { policy }), page))
}

/// Asks for a code with `fetch` as an app does, and gives status, body and what sendwall told meanwhile.
fn by_fetch(browser: &Browser, url: &str, phone: &str) -> String {
    let script = format!(
        "const told = [];
         document.addEventListener('sendwall', (event) => told.push(event.detail.state + ' ' + event.detail.kind));
         const body = JSON.stringify({{ phone: '{phone}' }});
         const headers = {{ 'content-type': 'application/json', 'x-app': '1' }};
         const response = await fetch('{url}', {{ method: 'POST', headers, body }});
         return [response.status, (await response.json()).got, ...told].join(' | ')"
    );
    browser.run(&script).as_str().unwrap().to_owned()
}

/// The same with `XMLHttpRequest`; gives status, body and every event that the page saw.
fn by_xhr(browser: &Browser, url: &str, phone: &str) -> String {
    let script = format!(
        "const xhr = new XMLHttpRequest(), seen = [];
         for (const type of ['loadstart', 'readystatechange', 'load', 'loadend', 'error', 'abort', 'timeout']) {{
             xhr.addEventListener(type, () => seen.push(type === 'readystatechange' ? xhr.readyState : type));
         }}
         xhr.open('POST', '{url}');
         xhr.setRequestHeader('content-type', 'application/json');
         xhr.setRequestHeader('x-app', '1');
         xhr.send(JSON.stringify({{ phone: '{phone}' }}));
         await new Promise((resolve) => xhr.addEventListener('loadend', resolve));
         return [xhr.status, JSON.parse(xhr.responseText).got, seen.join(' ')].join(' | ')"
    );
    browser.run(&script).as_str().unwrap().to_owned()
}

fn sent(phone: &str) -> String {
    format!("200 | {{\"phone\":\"{phone}\"}}")
}

#[test]
fn fetch_and_xhr_see_their_answer_whatever_the_page_allows() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    let mut number = 100;
    let mut phone = || {
        number += 1;
        format!("+447402417{number}")
    };
    let mut pages: Vec<String> =
        ["/", "/self", "/no-worker", "/nonce", "/trusted"].map(|page| sendwall.url(page)).into();
    // Neither a worker's WebCrypto nor the page's: http on another name than localhost.
    pages.push(by_name(&sendwall, "/"));
    for page in &pages {
        browser.open(page);
        let one = phone();
        let told = by_fetch(&browser, "/api/send-code", &one);
        assert_eq!(told, format!("{} | solving pow | solved pow", sent(&one)), "{page}");
        let one = phone();
        let told = by_xhr(&browser, "/api/send-code", &one);
        assert_eq!(told, format!("{} | 1 loadstart 2 3 4 load loadend", sent(&one)), "{page}");
    }
    let arrived = arrived(&app, "/api/send-code");
    assert_eq!(arrived.len(), 2 * pages.len(), "each request reaches the app once");
    for request in arrived {
        assert_eq!(request.header("x-app"), ["1"], "{:?}", request.lines);
        assert!(request.header("sendwall-pass").is_empty(), "{:?}", request.lines);
    }
}

#[test]
fn every_kind_of_body_is_sent_again_as_it_was() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.open(&sendwall.url("/"));
    let told = browser.run(
        "const got = [], phone = (n) => '+4474024172' + n;
         const add = async (response) => got.push(response.status === 200 ? (await response.json()).got : response.status);
         const post = async (body, more) => add(await fetch('/api/send-code', { method: 'POST', body, ...more }));
         const form = new FormData();
         form.append('phone', phone(10));
         const json = (n) => JSON.stringify({ phone: phone(n) });
         const type = 'application/json';
         const bytes = (n) => new TextEncoder().encode(json(n));
         await post(form);
         await post(new URLSearchParams({ phone: phone(11) }));
         await post(new Blob([json(12)], { type }));
         await post(bytes(13), { headers: { 'content-type': type } });
         await post(bytes(14).buffer, { headers: { 'content-type': type } });
         await add(await fetch(new Request('/api/send-code', { method: 'POST', body: json(15), headers: { 'content-type': type } })));
         // What a page does to its body afterwards is too late.
         const mine = bytes(16);
         const sending = post(mine, { headers: { 'content-type': type } });
         mine.fill(65);
         await sending;
         // A request that was given up is not sent again.
         const giveUp = new AbortController();
         document.addEventListener('sendwall', () => giveUp.abort(), { once: true });
         await post(bytes(17), { signal: giveUp.signal }).catch((problem) => got.push(problem.name));
         // Nobody can wait for what is synchronous.
         const xhr = new XMLHttpRequest();
         xhr.open('POST', '/api/send-code', false);
         xhr.send(json(18));
         got.push(xhr.status);
         return got",
    );
    let told: Vec<String> =
        told.as_array().unwrap_or_else(|| panic!("{told}")).iter().map(ToString::to_string).collect();
    assert!(told[0].contains("+447402417210") && told[0].contains("form-data"), "{told:?}");
    let json = |n: u32| serde_json::json!(format!("{{\"phone\":\"+4474024172{n}\"}}")).to_string();
    assert_eq!(told[1], "\"phone=%2B447402417211\"");
    assert_eq!(told[2..7], [json(12), json(13), json(14), json(15), json(16)]);
    assert_eq!(told[7..], ["\"AbortError\"".to_owned(), "428".to_owned()]);
}

#[test]
fn an_xhr_can_be_given_up_and_used_again() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.open(&sendwall.url("/"));
    let told = browser.run(
        "const xhr = new XMLHttpRequest(), seen = [];
         for (const type of ['load', 'abort', 'loadend']) xhr.addEventListener(type, () => seen.push(type));
         const send = (n, type) => new Promise((resolve) => {
             xhr.open('POST', '/api/send-code');
             xhr.responseType = type;
             xhr.addEventListener('loadend', resolve, { once: true });
             xhr.send(JSON.stringify({ phone: '+4474024173' + n }));
         });
         document.addEventListener('sendwall', () => xhr.abort(), { once: true });
         await send(10, 'json');
         seen.push(xhr.status);
         for (const type of ['', 'json', 'arraybuffer', 'blob']) {
             await send(11 + seen.length, type);
             seen.push(xhr.status);
         }
         return seen.join(' ')",
    );
    assert_eq!(told, "abort loadend 0 load loadend 200 load loadend 200 load loadend 200 load loadend 200");
    assert_eq!(arrived(&app, "/api/send-code").len(), 4);
}

#[test]
fn a_challenge_that_ended_meanwhile_is_asked_anew() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    // The first solution of each page comes too late.
    browser.before_pages(
        "const real = window.fetch, told = JSON.stringify({ code: 'challenge_expired', message: 'too late' });
         let late = true;
         window.fetch = function (url) {
             if (!late || !String(url).includes('/_sendwall/solve')) return real.apply(window, arguments);
             late = false;
             return Promise.resolve(new Response(told, { status: 410 }));
         }",
    );
    browser.open(&sendwall.url("/"));
    let told = by_fetch(&browser, "/api/send-code", "+447402417501");
    let events = "solving pow | failed pow | solving pow | solved pow";
    assert_eq!(told, format!("{} | {events}", sent("+447402417501")));
    browser.open(&sendwall.url("/"));
    let told = by_xhr(&browser, "/api/send-code", "+447402417502");
    assert_eq!(told, format!("{} | 1 loadstart 2 3 4 load loadend", sent("+447402417502")));
    for request in arrived(&app, "/api/send-code") {
        assert_eq!(request.header("x-app"), ["1"], "{:?}", request.lines);
    }
}

#[test]
fn an_xhr_ends_also_where_nothing_can_be_given_up() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.before_pages("delete window.AbortController");
    browser.open(&sendwall.url("/"));
    let told = by_xhr(&browser, "/api/send-code", "+447402417601");
    assert_eq!(told, "428 |  | 1 loadstart 4 load loadend", "the page gets the challenge");
}

#[test]
fn a_page_on_one_host_solves_for_an_api_on_another() {
    if webdriver::is_left_out() {
        return;
    }
    let api = app(page);
    let pages =
        App::start(|_, stream| reply(stream, "200 OK", HTML, "<!DOCTYPE html><title>page</title><h1>Page</h1>"));
    let origin = format!("http://{}", pages.address);
    let rules = format!("{RULES}cors_origins = [\"{origin}\"]\n");
    let sendwall = Sendwall::start(api.address, &looks_alone(&rules));
    let browser = suspicious(&[]);
    browser.open(&format!("{origin}/"));
    let include = format!(
        "const script = document.createElement('script');
         script.src = '{}';
         document.head.append(script);
         await new Promise((resolve, reject) => {{ script.onload = resolve; script.onerror = reject; }});
         return sendwall.home",
        sendwall.url("/_sendwall/client.js")
    );
    assert_eq!(browser.run(&include), sendwall.url("/_sendwall/"));
    let url = sendwall.url("/api/send-code");
    assert_eq!(
        by_fetch(&browser, &url, "+447402417301"),
        format!("{} | solving pow | solved pow", sent("+447402417301"))
    );
    let seen = "1 loadstart 2 3 4 load loadend";
    assert_eq!(by_xhr(&browser, &url, "+447402417302"), format!("{} | {seen}", sent("+447402417302")));
    // A request that asks nobody for leave before it is sent: the pass makes it one that does, and the app knows nothing
    // of that.
    let simple = browser.run(&format!(
        "const body = new URLSearchParams({{ phone: '+447402417303' }});
         const response = await fetch('{url}', {{ method: 'POST', body }});
         return response.status"
    ));
    assert_eq!(simple, 200);
}

#[test]
fn without_the_script_a_page_gets_the_challenge_and_nothing_else() {
    if webdriver::is_left_out() {
        return;
    }
    let app = app(page);
    let sendwall = before(&app);
    let browser = suspicious(&[]);
    browser.open(&sendwall.url("/without"));
    let told = browser.run(
        "const body = JSON.stringify({ phone: '+447402417401' });
         const response = await fetch('/api/send-code', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
         return response.status + ' ' + (await response.json()).challenge.kind + ' ' + response.headers.get('sendwall-challenge')",
    );
    assert_eq!(told, "428 pow pow");
    assert!(arrived(&app, "/api/send-code").is_empty());
}
