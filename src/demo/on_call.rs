//! Whoever is on call for the demo's shop: a receiver of webhooks that keeps what it is told.
//!
//! Must not know: what sendwall watches. It takes alerts as any receiver of Standard Webhooks would.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use parking_lot::Mutex;
use serde_json::Value;

use super::serving::{Site, read};

/// Largest body that is read: far more than an alert has.
const MAX_BODY: usize = 256 * 1024;
/// Messages that are kept; a demo that tells more has told enough.
const MAX_TOLD: usize = 1000;

/// What was told, the oldest first.
#[derive(Debug, Default)]
pub(super) struct OnCall {
    told: Mutex<Vec<String>>,
}

impl OnCall {
    pub(super) fn told(&self) -> Vec<String> {
        self.told.lock().clone()
    }

    fn take(&self, body: &Value) -> StatusCode {
        let Some(text) = text(body) else { return StatusCode::BAD_REQUEST };
        let mut told = self.told.lock();
        if told.len() < MAX_TOLD {
            told.push(text);
        }
        StatusCode::NO_CONTENT
    }
}

impl Site for OnCall {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let mut response = Response::new(Full::default());
        *response.status_mut() = match head.method {
            Method::POST => self.take(&read(body, MAX_BODY).await),
            _ => StatusCode::METHOD_NOT_ALLOWED,
        };
        response
    }
}

/// An alert in one line.
fn text(body: &Value) -> Option<String> {
    let part = |name: &str| body["data"][name].as_str();
    let again = if body["repeat"] == true { " again" } else { "" };
    Some(format!("{} {}{again}: {}", part("severity")?, part("status")?, part("summary")?))
}

/// A new key to sign with, as its file holds it.
pub(super) fn signing_key() -> io::Result<String> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("whsec_{}\n", STANDARD.encode(key)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn alerts_are_kept_in_a_line_each_and_nothing_else_is() {
        let on_call = OnCall::default();
        let alert = json!({"severity": "warn", "status": "firing", "summary": "30 SMS in 15m"});
        assert_eq!(on_call.take(&json!({"data": alert, "repeat": false})), StatusCode::NO_CONTENT);
        assert_eq!(on_call.take(&json!({"data": alert, "repeat": true})), StatusCode::NO_CONTENT);
        for other in [json!(null), json!({}), json!({"data": {"severity": "warn"}}), json!([1])] {
            assert_eq!(on_call.take(&other), StatusCode::BAD_REQUEST, "{other}");
        }
        assert_eq!(on_call.told(), ["warn firing: 30 SMS in 15m", "warn firing again: 30 SMS in 15m"]);
        for _ in 0..2 * MAX_TOLD {
            on_call.take(&json!({"data": alert}));
        }
        assert_eq!(on_call.told().len(), MAX_TOLD);
    }
}
