//! How captcha providers are asked and understood: a [`Protocol`] makes the request and reads the answer, and what
//! counts is judged here, alike for all of them.
//!
//! Must not know: connections. So everything in here is a function of its arguments.

mod geetest;
mod siteverify;

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::Value;

use super::settings::{Kind, Provider};
use crate::domain::{Span, Timestamp};
use crate::net::Answer;

/// How one provider is asked.
trait Protocol {
    /// The question whether `token` is a solution; `None` where it can't be one.
    fn ask(&self, provider: &Provider, token: &str, again: &str) -> Option<Request<Bytes>>;

    /// What the JSON of the answer says; `None` where it is no answer of this provider's.
    fn read(&self, answer: &Value) -> Option<Told>;
}

/// What a provider said.
#[derive(Clone, Debug, Default, PartialEq)]
struct Told {
    solved: bool,
    /// Why not, in its own words.
    codes: Vec<String>,
    /// The page, or the Android app, that showed the widget.
    hostname: Option<String>,
    /// When it was solved, or where it says that instead, shown.
    at: Option<Timestamp>,
    action: Option<String>,
    cdata: Option<String>,
    score: Option<f64>,
}

/// What a solution must have been made for.
#[derive(Clone, Debug, Default)]
pub(super) struct Expected {
    /// Turnstile, reCAPTCHA v3: what the widget was told it is for.
    pub(super) action: String,
    /// Turnstile: what ties the solution to the challenge; any of these.
    pub(super) cdata: Vec<String>,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is a person.
    Solved,
    /// It isn't, or not this one, or not now.
    Wrong(&'static str),
    /// It can't be known: the provider fails.
    Down(&'static str),
    /// It can't be known: the provider doesn't take our keys.
    Misconfigured,
}

impl Meaning {
    /// How the provider failed; `None` where it did not.
    pub(super) const fn failed(self) -> Option<&'static str> {
        match self {
            Self::Solved | Self::Wrong(_) => None,
            Self::Down(how) => Some(how),
            Self::Misconfigured => Some("it does not take the secret or the site key"),
        }
    }
}

/// Older solutions don't count. Tokens live for 2 to 5 minutes at their makers'.
const MAX_AGE: Span = Span::minutes(5);
/// How far clocks may be apart.
const SKEW: Span = Span::seconds(30);
/// Longer texts are no tokens; the longest known are below 4 KiB.
const MAX_TOKEN: usize = 8 * 1024;

/// The question whether `token` solves a captcha of `provider`. `again` names the question, where the provider takes a
/// name: asked twice under one name, a token isn't spent twice.
pub(super) fn ask(provider: &Provider, token: &str, again: &str) -> Option<Request<Bytes>> {
    if token.is_empty() || token.len() > MAX_TOKEN {
        return None;
    }
    protocol(provider.kind).ask(provider, token, again)
}

/// Whether asking a second time does no harm.
pub(super) const fn may_ask_again(kind: Kind) -> bool {
    matches!(kind, Kind::Turnstile)
}

/// What `answer` means for a challenge that expected this.
pub(super) fn judge(provider: &Provider, answer: &Answer, expected: &Expected, now: Timestamp) -> Meaning {
    let status = answer.status;
    if status.is_server_error() || status.is_redirection() || status == StatusCode::TOO_MANY_REQUESTS {
        return Meaning::Down("status");
    }
    let json = serde_json::from_slice::<Value>(&answer.body).ok();
    let Some(told) = json.and_then(|json| protocol(provider.kind).read(&json)) else {
        return if is_about_token(status) { Meaning::Wrong("refused") } else { Meaning::Down("format") };
    };
    // Self-hosted ones answer unknown tokens with 403 and 404; only a JSON answer of theirs is one.
    if status != StatusCode::OK || !told.solved {
        return refused(&told);
    }
    fits(provider, &told, expected, now).map_or_else(Meaning::Wrong, |()| Meaning::Solved)
}

/// Whether a status alone refuses what was sent, of which the client made up the token: then it must not make its provider
/// look down for others. Who isn't let in at all (401, 403) has the operator's secret or a firewall in the way, and where
/// there is nothing to ask (404, 405) the operator's URL is wrong.
fn is_about_token(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 404 | 405 | 408)
}

/// Why it isn't solved: by whose fault.
fn refused(told: &Told) -> Meaning {
    let has = |codes: &[&str]| told.codes.iter().any(|code| codes.contains(&&**code));
    if has(&["internal-error"]) {
        return Meaning::Down("internal");
    }
    if has(OUR_FAULT) {
        return Meaning::Misconfigured;
    }
    if has(&["timeout-or-duplicate", "invalid-or-already-seen-response", "already-seen-response"]) {
        return Meaning::Wrong("duplicate");
    }
    Meaning::Wrong("refused")
}

/// Codes that no token of a client's can bring about.
const OUR_FAULT: &[&str] = &[
    "missing-input-secret",
    "invalid-input-secret",
    "invalid-sitekey",
    "sitekey-secret-mismatch",
    "not-using-dummy-passcode",
    "invalid-keys",
];

fn fits(provider: &Provider, told: &Told, expected: &Expected, now: Timestamp) -> Result<(), &'static str> {
    if provider.kind.tells_hostname() && !provider.hostnames.is_empty() {
        let hostname = told.hostname.as_deref().ok_or("hostname")?;
        if !provider.hostnames.iter().any(|known| known.eq_ignore_ascii_case(hostname)) {
            return Err("hostname");
        }
    }
    match provider.kind {
        Kind::Turnstile => {
            same(told.action.as_ref(), std::slice::from_ref(&expected.action), "action")?;
            same(told.cdata.as_ref(), &expected.cdata, "cdata")?;
        }
        Kind::RecaptchaV3 => {
            same(told.action.as_ref(), std::slice::from_ref(&expected.action), "action")?;
            if told.score.is_none_or(|score| score < provider.min_score) {
                return Err("score");
            }
        }
        Kind::Hcaptcha | Kind::RecaptchaV2 | Kind::Mcaptcha | Kind::Cap | Kind::Geetest => {}
    }
    match (told.at, provider.kind) {
        (Some(at), _) if now > at + MAX_AGE + SKEW => Err("stale"),
        (Some(at), _) if at > now + SKEW => Err("future"),
        (None, Kind::Turnstile | Kind::Hcaptcha | Kind::RecaptchaV2 | Kind::RecaptchaV3) => Err("undated"),
        (Some(_) | None, _) => Ok(()),
    }
}

fn same(told: Option<&String>, expected: &[String], what: &'static str) -> Result<(), &'static str> {
    if told.is_some_and(|told| expected.contains(told)) { Ok(()) } else { Err(what) }
}

fn protocol(kind: Kind) -> &'static dyn Protocol {
    match kind {
        Kind::Turnstile => &siteverify::Form { names_question: true, names_site: false },
        Kind::Hcaptcha => &siteverify::Form { names_question: false, names_site: true },
        Kind::RecaptchaV2 | Kind::RecaptchaV3 => &siteverify::Form { names_question: false, names_site: false },
        Kind::Cap => &siteverify::Cap,
        Kind::Mcaptcha => &siteverify::Mcaptcha,
        Kind::Geetest => &geetest::Geetest,
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

#[cfg(test)]
mod tests;
