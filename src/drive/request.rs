//! A line of a trace as a request.

use bytes::Bytes;
use http::Request;
use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, HOST};
use http::request::Builder;
use http_body_util::Full;

use super::{Failed, Target};
use crate::challenge::SOLVE_PATH;
use crate::trace::Event;

/// The header that brings a pass.
const PASS: &str = "sendwall-pass";

/// What a trace leaves to whoever sends it.
pub(super) struct Names {
    host: String,
    cookie: String,
    device: String,
}

impl Names {
    pub(super) fn new(proxy: Target, cookie: String, device: String) -> Self {
        Self { host: proxy.address().to_string(), cookie, device }
    }

    /// The line as it stands; `pass` is what a solved challenge gave.
    pub(super) fn request(&self, event: &Event<'_>, pass: Option<&str>) -> Result<Request<Full<Bytes>>, Failed> {
        let line = event.request();
        let mut request = self.of_client(event, line.method.as_ref(), line.path.as_ref());
        if let Some(pass) = pass {
            request = request.header(PASS, pass);
        }
        let body = match event {
            Event::Page(_) => Bytes::new(),
            Event::Send(send) => serde_json::json!({ "phone": send.phone }).to_string().into(),
        };
        Ok(request.body(Full::new(body))?)
    }

    /// The line's client brings the solution of a challenge.
    pub(super) fn solution(&self, event: &Event<'_>, payload: &str) -> Result<Request<Full<Bytes>>, Failed> {
        let body = serde_json::json!({ "payload": payload }).to_string();
        Ok(self.of_client(event, "POST", SOLVE_PATH).body(Full::new(body.into()))?)
    }

    /// The line's headers in their order; what belongs to the connection and the body is this connection's own.
    fn of_client(&self, event: &Event<'_>, method: &str, path: &str) -> Builder {
        let line = event.request();
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        for (name, value) in &line.headers {
            if ![HOST.as_str(), CONTENT_LENGTH.as_str(), CONNECTION.as_str()].contains(&name.as_ref()) {
                request = request.header(name.as_ref(), value.as_ref());
            }
        }
        if let Some(cookie) = &line.cookie {
            request = request.header(COOKIE, format!("{}={cookie}", self.cookie));
        }
        if let Some(device) = &line.device {
            request = request.header(self.device.as_str(), device.as_ref());
        }
        request.header("x-forwarded-for", line.ip.to_string())
    }
}
