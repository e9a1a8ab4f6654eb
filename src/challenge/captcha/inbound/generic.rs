//! Any other provider, by way of a small script: `{"from":"+44…","text":"…"}`, and the header
//! `sendwall-signature: t=UNIX_SECONDS,v1=HEX`, where HEX is the HMAC-SHA-256 of `UNIX_SECONDS.BODY`.

use ring::hmac;
use serde::Deserialize;

use super::{Call, Inbound, NotTaken, Received, header, in_window};
use crate::challenge::hex;
use crate::domain::Timestamp;

#[derive(Deserialize)]
struct Message {
    from: String,
    text: String,
}

pub(super) fn read(inbound: &Inbound, call: &Call<'_>, now: Timestamp) -> Result<Received, NotTaken> {
    let (time, signature) = header(call, "sendwall-signature")
        .and_then(|text| text.strip_prefix("t=")?.split_once(",v1="))
        .ok_or(NotTaken::Signature)?;
    let signature = hex::decode::<32>(signature).ok_or(NotTaken::Signature)?;
    let signed = [time.as_bytes(), b".", call.body].concat();
    hmac::verify(&inbound.key(hmac::HMAC_SHA256), &signed, &signature).map_err(|_unspecified| NotTaken::Signature)?;
    in_window(time.parse().map_err(|_not_a_time| NotTaken::Signature)?, now)?;
    let Message { from, text } = serde_json::from_slice(call.body).map_err(|_no_message| NotTaken::NoMessage)?;
    Ok(Received { from, text })
}
