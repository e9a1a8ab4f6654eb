//! Twilio: base64 of HMAC-SHA-1 over the URL and every field in the order of their names.
//!
//! <https://www.twilio.com/docs/usage/security#validating-requests>. It signs no time, so a call can be replayed for as
//! long as its word is waited for, which changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::{Call, Inbound, NotTaken, Received, field, form, header};

pub(super) fn read(inbound: &Inbound, call: &Call<'_>) -> Result<Received, NotTaken> {
    let signature = header(call, "x-twilio-signature").and_then(|text| STANDARD.decode(text).ok());
    let signature = signature.ok_or(NotTaken::Signature)?;
    let mut fields = form(call.body);
    fields.sort();
    let signed = fields.iter().fold(inbound.url.to_string(), |text, (name, value)| text + name + value);
    let key = inbound.key(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
    hmac::verify(&key, signed.as_bytes(), &signature).map_err(|_unspecified| NotTaken::Signature)?;
    match (field(&fields, "From"), field(&fields, "Body")) {
        (Some(from), Some(text)) => Ok(Received { from, text }),
        _ => Err(NotTaken::NoMessage),
    }
}
