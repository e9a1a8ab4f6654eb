//! An app with pages: what it is sent, it tells.

use std::net::TcpStream;

use crate::support::app::{App, Recorded, reply};
use crate::support::gate::looks_alone;
use crate::support::webdriver::Browser;
use crate::whole::stage::Sendwall;

/// Starts sendwall before the app.
pub(super) fn before(app: &App) -> Sendwall {
    Sendwall::start(app.address, &looks_alone(RULES))
}

/// Everyone whose browser calls itself headless is asked for a proof of work.
pub(super) const RULES: &str = r#"
mode = "enforce"
default_limits = false
[challenge]
work = "light"
[[endpoint]]
name = "login"
send = "POST /login"
default_region = "GB"
[[endpoint]]
name = "link"
send = "GET /send"
default_region = "GB"
[[endpoint]]
name = "api"
send = "POST /api/send-code"
default_region = "GB"
"#;

/// A browser that is asked for a proof, and a name that isn't this machine's for everything.
pub(super) fn suspicious(flags: &[&str]) -> Browser {
    let agent = "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 HeadlessChrome/156.0.0.0 Safari/537.36";
    let mut all = vec![agent, "--host-resolver-rules=MAP shop.test 127.0.0.1"];
    all.extend(flags);
    Browser::with(&all)
}

/// An app behind sendwall, with pages of its own: `page` gives the headers and the HTML of a path.
pub(super) fn app(page: impl Fn(&str) -> Option<(String, String)> + Send + Sync + 'static) -> App {
    App::start(move |request, stream| {
        let path = request.target().split('?').next().unwrap().to_owned();
        match page(&path) {
            Some((headers, html)) => reply(stream, "200 OK", &headers, &html),
            None => told(request, &path, stream),
        }
    })
}

/// What was sent, as HTML for a form and as JSON for a script.
fn told(request: &Recorded, path: &str, stream: &mut TcpStream) -> bool {
    match path {
        "/login" | "/send" => reply(stream, "200 OK", HTML, "<!DOCTYPE html><title>sent</title><h1 id=sent>Sent</h1>"),
        "/api/send-code" => {
            let asked = request.header("access-control-request-headers").concat();
            if request.lines[0].starts_with("OPTIONS") && !asked.contains("x-app") {
                return reply(stream, "405 Method Not Allowed", "allow: POST", "");
            }
            let body = String::from_utf8_lossy(&request.body).into_owned();
            let origin = request.header("origin").first().map(ToString::to_string).unwrap_or_default();
            let headers = format!(
                "content-type: application/json\r\naccess-control-allow-origin: {origin}\r\nvary: origin\r\n\
                 access-control-allow-headers: content-type, x-app"
            );
            reply(stream, "200 OK", &headers, &serde_json::json!({ "got": body }).to_string())
        }
        _ => reply(stream, "404 Not Found", "content-type: text/plain", "nothing here"),
    }
}

pub(super) const HTML: &str = "content-type: text/html; charset=utf-8\r\ncache-control: no-store";

/// A page of the app.
pub(super) fn html(inner: &str) -> (String, String) {
    let html = format!(
        "<!DOCTYPE html><html lang=en><meta name=viewport content='width=device-width'><title>Shop</title>\
         <link rel=icon href='data:,'>{inner}"
    );
    (HTML.to_owned(), html)
}

/// Sendwall under the name of a shop on another machine: no page there is a secure context.
pub(super) fn by_name(sendwall: &Sendwall, path: &str) -> String {
    format!("http://shop.test:{}{path}", sendwall.address.port())
}

/// The requests on a path that reached the app.
pub(super) fn arrived(app: &App, path: &str) -> Vec<Recorded> {
    app.requests().into_iter().filter(|request| request.target().split('?').next() == Some(path)).collect()
}
