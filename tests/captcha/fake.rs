//! A captcha provider that speaks its makers' formats, failures included.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::app::{App, Recorded, reply};

/// What the fake does next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// Answers 200 with this JSON.
    Says(Value),
    /// Answers with a status and any body.
    Fails(&'static str, &'static str),
    /// Accepts and says nothing.
    Hangs,
    /// Closes the connection without an answer.
    Closes,
}

/// The provider.
pub(crate) struct Fake {
    pub(crate) app: App,
    next: Arc<Mutex<Next>>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let next = Arc::new(Mutex::new(Next::Fails("500 Internal Server Error", "nothing was set")));
        let own = Arc::clone(&next);
        let app = App::start(move |_, stream| {
            let next = own.lock().unwrap().clone();
            answer(&next, stream)
        });
        Self { app, next }
    }

    pub(crate) fn will(&self, next: Next) {
        *self.next.lock().unwrap() = next;
    }

    /// Fields of the last question, JSON or form alike.
    pub(crate) fn asked(&self) -> (Recorded, Value) {
        let request = self.app.requests().pop().unwrap();
        let body = String::from_utf8(request.body.clone()).unwrap();
        let fields = serde_json::from_str(&body).unwrap_or_else(|_not_json| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>().into()
        });
        (request, fields)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.app.address)
    }
}

fn answer(next: &Next, stream: &mut TcpStream) -> bool {
    match next {
        Next::Says(json) => reply(stream, "200 OK", "content-type: application/json", &json.to_string()),
        Next::Fails(status, body) => reply(stream, status, "content-type: text/html", body),
        Next::Hangs => {
            // Until the other side gives up.
            let _closed = stream.flush();
            let _read = std::io::Read::read(stream, &mut [0]);
            false
        }
        Next::Closes => false,
    }
}
