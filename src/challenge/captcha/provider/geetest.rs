//! `GeeTest` v4: the client's token is four values, of which one is signed with the secret.
//!
//! <https://docs.geetest.com/BehaviorVerification/apirefer/api/server>

use bytes::Bytes;
use http::{Request, Uri};
use ring::hmac;
use serde::Deserialize;
use serde_json::Value;

use super::siteverify::{form, post};
use super::{Protocol, Told, text};
use crate::challenge::captcha::settings::Provider;
use crate::challenge::hex;

/// The protocol.
#[derive(Debug)]
pub(super) struct Geetest;

/// What its widget's `getValidate()` gives, as JSON.
#[derive(Deserialize)]
struct Token {
    lot_number: String,
    captcha_output: String,
    pass_token: String,
    gen_time: String,
}

impl Protocol for Geetest {
    fn ask(&self, provider: &Provider, token: &str, _again: &str) -> Option<Request<Bytes>> {
        let Token { lot_number, captcha_output, pass_token, gen_time } = serde_json::from_str(token).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, provider.secret.expose().as_bytes());
        let sign_token = hex::encode(hmac::sign(&key, lot_number.as_bytes()).as_ref());
        let fields = [
            ("lot_number", &*lot_number),
            ("captcha_output", &captcha_output),
            ("pass_token", &pass_token),
            ("gen_time", &gen_time),
            ("sign_token", &sign_token),
        ];
        let mut request = post(provider, "application/x-www-form-urlencoded", form(&fields))?;
        let with_id = format!("{}?{}", provider.url, form(&[("captcha_id", &*provider.site_key)]));
        *request.uri_mut() = with_id.parse().ok()?;
        Some(request)
    }

    /// `result` says whether it is solved; answers without one tell of a request that it didn't take.
    fn read(&self, answer: &Value) -> Option<Told> {
        if let Some(result) = text(answer, "result") {
            let page = answer.get("captcha_args").and_then(|arguments| text(arguments, "referer"));
            let hostname = page.and_then(|page| page.parse::<Uri>().ok()?.host().map(str::to_owned));
            return Some(Told { solved: result == "success", hostname, ..Told::default() });
        }
        let code = text(answer, "code").filter(|_| text(answer, "status").as_deref() == Some("error"))?;
        let codes = if OUR_FAULT.contains(&&*code) { vec!["invalid-keys".to_owned()] } else { vec![code] };
        Some(Told { codes, ..Told::default() })
    }
}

/// The id is unknown to it, deleted or paused.
const OUR_FAULT: [&str; 5] = ["-50101", "-50102", "-50103", "-50104", "-50105"];
