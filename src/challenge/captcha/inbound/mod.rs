//! SMS that users send to the operator's number, as its provider's webhook tells of them: who may say so, and what they
//! say.
//!
//! Must not know: what the words in them are for.

mod generic;
mod twilio;
mod vonage;

use std::sync::Arc;

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use ring::hmac;

use crate::domain::{Span, Timestamp};
use crate::privacy::Secret;

/// A number that users text, and who tells of it.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// The last segment of its hook's path.
    pub name: Arc<str>,
    /// How the provider speaks.
    pub format: Format,
    /// What it signs with.
    pub secret: Secret,
    /// Where users text, in international form.
    pub number: Box<str>,
    /// The hook's public URL, as the provider calls it. Twilio signs it.
    pub url: Box<str>,
}

/// How a provider tells of an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A form; `X-Twilio-Signature` is an HMAC-SHA-1 of URL and fields.
    Twilio,
    /// JSON with a JWT of its hash (Messages API), or fields with `sig`, an HMAC-SHA-256 of them (SMS API).
    Vonage,
    /// JSON; `sendwall-signature` is an HMAC-SHA-256 of time and body.
    Generic,
}

impl Format {
    /// Every format by its name in the configuration.
    pub const ALL: [(&'static str, Self); 3] =
        [("twilio", Self::Twilio), ("vonage", Self::Vonage), ("generic", Self::Generic)];
}

/// A call of a hook.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

/// An SMS that came in.
#[expect(missing_debug_implementations, reason = "the sender's number must not be printable")]
pub struct Received {
    /// The sender's number as the provider writes it.
    pub from: String,
    /// What it says.
    pub text: String,
}

/// Why a call of a hook doesn't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It isn't the provider who calls, or it signs with another secret.
    #[error("the signature is missing or wrong; check the secret and, for Twilio, the hook's public url")]
    Signature,
    /// It was signed too long ago, or clocks are apart.
    #[error("the call was signed more than five minutes ago or ahead; check the clocks")]
    Stale,
    /// It is signed, and no SMS.
    #[error("the call tells of no SMS")]
    NoMessage,
}

impl NotTaken {
    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Stale => "stale",
            Self::NoMessage => "no_message",
        }
    }
}

/// A call that was signed longer ago doesn't count.
const WINDOW: Span = Span::minutes(5);

impl Inbound {
    /// The SMS that a call tells of.
    pub fn read(&self, call: &Call<'_>, now: Timestamp) -> Result<Received, NotTaken> {
        match self.format {
            Format::Twilio => twilio::read(self, call),
            Format::Vonage => vonage::read(self, call, now),
            Format::Generic => generic::read(self, call, now),
        }
    }

    fn key(&self, algorithm: hmac::Algorithm) -> hmac::Key {
        hmac::Key::new(algorithm, self.secret.expose().as_bytes())
    }

    /// A link that opens an SMS with the word in it, on Android and iOS.
    pub(super) fn link(&self, word: &str) -> String {
        format!("sms:{}?&body={word}", self.number)
    }
}

fn in_window(signed: u64, now: Timestamp) -> Result<(), NotTaken> {
    let signed = Timestamp::from_unix_ms(signed.saturating_mul(1000));
    if now.since(signed) <= WINDOW && signed.since(now) <= WINDOW { Ok(()) } else { Err(NotTaken::Stale) }
}

fn header<'a>(call: &Call<'a>, name: &str) -> Option<&'a str> {
    call.headers.get(name).and_then(|value| value.to_str().ok())
}

/// The fields of a form; those that aren't text are left out.
fn form(body: &[u8]) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let pairs = std::str::from_utf8(body).unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn field(fields: &[(String, String)], name: &str) -> Option<String> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

#[cfg(test)]
mod tests;
