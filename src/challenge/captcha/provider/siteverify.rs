//! The call that most providers copied from reCAPTCHA, and the two that differ from it a little.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Protocol, Told, text};
use crate::challenge::captcha::settings::Provider;
use crate::domain::Timestamp;

/// A form; Turnstile, hCaptcha, reCAPTCHA.
#[derive(Debug)]
pub(super) struct Form {
    /// Whether the question may have a name (`idempotency_key`), so that it can be asked again.
    pub(super) names_question: bool,
    /// Whether the site's key goes along: a token of another site of the operator's doesn't count then.
    pub(super) names_site: bool,
}

impl Protocol for Form {
    fn ask(&self, provider: &Provider, token: &str, again: &str) -> Option<Request<Bytes>> {
        let mut fields = vec![("secret", provider.secret.expose()), ("response", token)];
        if self.names_question {
            fields.push(("idempotency_key", again));
        }
        if self.names_site {
            fields.push(("sitekey", &provider.site_key));
        }
        post(provider, "application/x-www-form-urlencoded", form(&fields))
    }

    fn read(&self, answer: &Value) -> Option<Told> {
        Some(Told {
            solved: answer.get("success")?.as_bool()?,
            codes: codes(answer),
            hostname: text(answer, "hostname").or_else(|| text(answer, "apk_package_name")),
            at: text(answer, "challenge_ts").and_then(|at| Timestamp::from_rfc3339(&at)),
            action: text(answer, "action"),
            cdata: text(answer, "cdata"),
            score: answer.get("score").and_then(Value::as_f64),
        })
    }
}

/// JSON; no more than whether it is solved comes back. Tokens that it doesn't know are errors.
#[derive(Debug)]
pub(super) struct Cap;

impl Protocol for Cap {
    fn ask(&self, provider: &Provider, token: &str, _again: &str) -> Option<Request<Bytes>> {
        let body = json!({ "secret": provider.secret.expose(), "response": token });
        post(provider, "application/json", body.to_string())
    }

    fn read(&self, answer: &Value) -> Option<Told> {
        read_plain(answer, "success")
    }
}

/// The same under other names.
#[derive(Debug)]
pub(super) struct Mcaptcha;

impl Protocol for Mcaptcha {
    fn ask(&self, provider: &Provider, token: &str, _again: &str) -> Option<Request<Bytes>> {
        let body = json!({ "token": token, "key": &*provider.site_key, "secret": provider.secret.expose() });
        post(provider, "application/json", body.to_string())
    }

    fn read(&self, answer: &Value) -> Option<Told> {
        read_plain(answer, "valid")
    }
}

fn read_plain(answer: &Value, name: &str) -> Option<Told> {
    let solved = answer.get(name).and_then(Value::as_bool);
    let error = text(answer, "error");
    if solved.is_none() && error.is_none() {
        return None;
    }
    Some(Told { solved: solved == Some(true) && error.is_none(), codes: codes(answer), ..Told::default() })
}

fn codes(answer: &Value) -> Vec<String> {
    let codes = answer.get("error-codes").and_then(Value::as_array);
    codes.into_iter().flatten().filter_map(Value::as_str).take(8).map(str::to_owned).collect()
}

/// `name=value&…`, with everything escaped that anybody could read otherwise.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

pub(super) fn post(provider: &Provider, kind: &'static str, body: String) -> Option<Request<Bytes>> {
    let request = Request::builder().method(Method::POST).uri(provider.url.clone()).header(CONTENT_TYPE, kind);
    request.header("accept", "application/json").body(body.into()).ok()
}
