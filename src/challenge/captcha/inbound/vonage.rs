//! Vonage, in both of its ways: the Messages API sends JSON with a JWT (HS256) that names the body's hash; the SMS API
//! sends fields, as a form or as JSON, of which one is their HMAC-SHA-256.
//!
//! <https://developer.vonage.com/en/getting-started/concepts/webhooks>,
//! <https://developer.vonage.com/en/getting-started/concepts/signing-messages>

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use serde::Deserialize;
use serde_json::Value;

use super::{Call, Inbound, NotTaken, Received, field, form, header, in_window};
use crate::challenge::hex;
use crate::domain::Timestamp;

pub(super) fn read(inbound: &Inbound, call: &Call<'_>, now: Timestamp) -> Result<Received, NotTaken> {
    match header(call, "authorization").and_then(|text| text.strip_prefix("Bearer ")) {
        Some(token) => {
            check_token(inbound, token, call.body, now)?;
            read_message(call.body)
        }
        None => read_fields(inbound, call.body, now),
    }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: u64,
    payload_hash: String,
}

fn check_token(inbound: &Inbound, token: &str, body: &[u8], now: Timestamp) -> Result<(), NotTaken> {
    let (signed, signature) = token.rsplit_once('.').ok_or(NotTaken::Signature)?;
    let (head, claims) = signed.split_once('.').ok_or(NotTaken::Signature)?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_not_base64| NotTaken::Signature);
    let head: Head = serde_json::from_slice(&bytes(head)?).map_err(|_not_json| NotTaken::Signature)?;
    if head.alg != "HS256" {
        return Err(NotTaken::Signature);
    }
    let key = inbound.key(hmac::HMAC_SHA256);
    hmac::verify(&key, signed.as_bytes(), &bytes(signature)?).map_err(|_unspecified| NotTaken::Signature)?;
    let claims: Claims = serde_json::from_slice(&bytes(claims)?).map_err(|_not_json| NotTaken::Signature)?;
    let hash = hex::encode(digest::digest(&digest::SHA256, body).as_ref());
    if !claims.payload_hash.eq_ignore_ascii_case(&hash) {
        return Err(NotTaken::Signature);
    }
    in_window(claims.iat, now)
}

#[derive(Deserialize)]
struct Message {
    from: String,
    text: String,
    channel: String,
}

fn read_message(body: &[u8]) -> Result<Received, NotTaken> {
    let message: Message = serde_json::from_slice(body).map_err(|_no_message| NotTaken::NoMessage)?;
    if message.channel == "sms" {
        Ok(Received { from: message.from, text: message.text })
    } else {
        Err(NotTaken::NoMessage)
    }
}

fn read_fields(inbound: &Inbound, body: &[u8], now: Timestamp) -> Result<Received, NotTaken> {
    let mut fields = match serde_json::from_slice::<serde_json::Map<String, Value>>(body) {
        Ok(object) => object.into_iter().filter_map(|(name, value)| Some((name, scalar(value)?))).collect(),
        Err(_not_json) => form(body),
    };
    let signature = field(&fields, "sig").and_then(|text| hex::decode::<32>(&text.to_ascii_lowercase()));
    let signature = signature.ok_or(NotTaken::Signature)?;
    fields.retain(|(name, _)| name != "sig");
    fields.sort();
    let plain = |value: &str| value.replace(['&', '='], "_");
    let signed = fields.iter().fold(String::new(), |text, (name, value)| text + "&" + name + "=" + &plain(value));
    hmac::verify(&inbound.key(hmac::HMAC_SHA256), signed.as_bytes(), &signature)
        .map_err(|_unspecified| NotTaken::Signature)?;
    in_window(field(&fields, "timestamp").and_then(|at| at.parse().ok()).ok_or(NotTaken::Stale)?, now)?;
    match (field(&fields, "msisdn"), field(&fields, "text")) {
        (Some(from), Some(text)) => Ok(Received { from, text }),
        _ => Err(NotTaken::NoMessage),
    }
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
