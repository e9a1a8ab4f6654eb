//! Standard Webhooks (standardwebhooks.com, version 1.0): JSON, signed with HMAC-SHA256.
//!
//! The id is the alert's: the same in every attempt, so that a receiver can drop what it knows.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::HeaderName;
use serde_json::json;

use super::{Item, Unsendable, header, post, signature};
use crate::alerts::deliver::channel::{Channel, Url};
use crate::domain::Timestamp;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What the standard asks of a key, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that signs. Shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// Reads `whsec_` and 24 to 64 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.trim().strip_prefix("whsec_")?).ok()?;
        KEY_BYTES.contains(&key.len()).then_some(Self(key))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub(super) fn request(
    url: &Url,
    keys: &[SigningKey],
    channel: &Channel,
    items: &[Item<'_>],
    now: Timestamp,
) -> Result<Request<Bytes>, Unsendable> {
    let [Item { alert, repeat }] = items else { return Err(Unsendable("one alert a message")) };
    let mut body = json!({
        "type": format!("sendwall.{}.{}", alert.kind.name(), alert.status.name()),
        "timestamp": alert.at,
        "data": alert,
        "repeat": repeat,
    });
    if let Some(link) = channel.link_to(alert) {
        body["link"] = link.into();
    }
    let mut request = post(&url.expose(), &body)?;
    // A full stop parts what is signed, so an id has none.
    let (id, at) = (format!("msg_{}", alert.id.replace('.', "_")), now.unix_ms() / 1000);
    let signatures = keys.iter().map(|key| sign(key, &id, at, request.body())).collect::<Vec<_>>().join(" ");
    header(&mut request, ID, &id)?;
    header(&mut request, TIMESTAMP, &at.to_string())?;
    if !keys.is_empty() {
        header(&mut request, SIGNATURE, &signatures)?;
    }
    Ok(request)
}

fn sign(key: &SigningKey, id: &str, at: u64, body: &[u8]) -> String {
    let signed = [format!("{id}.{at}.").as_bytes(), body].concat();
    format!("v1,{}", signature(&key.0, &signed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};

    #[test]
    fn the_standards_own_vector() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(format!("{key:?}"), "***");
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%%"] {
            assert!(SigningKey::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_key_signs_and_a_repeat_has_the_same_id() {
        let keys = [sample::key(1), sample::key(2)];
        let url = sample::url("https://hooks.example/in");
        let alert = sample::alert();
        let plain = sample::channel(sample::slack("https://hooks.example/in"));
        let ask = |repeat, now| request(&url, &keys, &plain, &[Item { alert: &alert, repeat }], now).unwrap();
        let (first, again) = (ask(false, STARTED), ask(true, STARTED + crate::domain::Span::hours(2)));
        let value = |request: &Request<Bytes>, name| request.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(value(&first, ID), "msg_inc-1-1_1");
        assert_eq!(value(&first, ID), value(&again, ID));
        assert_ne!(value(&first, TIMESTAMP), value(&again, TIMESTAMP));
        assert_eq!(value(&first, SIGNATURE).split(' ').count(), 2);
        let body: serde_json::Value = serde_json::from_slice(again.body()).unwrap();
        assert_eq!((&body["type"], &body["repeat"]), (&json!("sendwall.messages.firing"), &json!(true)));
        assert_eq!((&body["data"]["incident"], body.get("link")), (&json!("inc-1-1"), None));
        let linked = Channel { link: Some("https://sendwall.example".into()), ..plain };
        let request = request(&url, &keys, &linked, &[Item { alert: &alert, repeat: false }], STARTED).unwrap();
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["link"], "https://sendwall.example/api/incidents/inc-1-1");
    }
}
