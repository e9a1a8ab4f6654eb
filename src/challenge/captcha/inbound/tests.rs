//! Calls of hooks, signed by the libraries that the providers publish.

use http::{HeaderName, HeaderValue};

use super::*;
use crate::challenge::hex;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

fn inbound(format: Format) -> Inbound {
    Inbound {
        name: "sms".into(),
        format,
        secret: Secret::new("12345"),
        number: "+447700900123".into(),
        url: "https://app.example/_sendwall/hook/twilio".into(),
    }
}

fn call(
    format: Format,
    headers: &[(&'static str, &str)],
    body: &str,
    now: Timestamp,
) -> Result<(String, String), NotTaken> {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let call = Call { headers: &headers, body: body.as_bytes() };
    inbound(format).read(&call, now).map(|Received { from, text }| (from, text))
}

fn said(from: &str, text: &str) -> (String, String) {
    (from.to_owned(), text.to_owned())
}

/// Each way in which a body or a header may be changed on the way, all of them refused.
fn changed(text: &str) -> impl Iterator<Item = String> + use<'_> {
    let changed = [text.replacen('7', "8", 1), format!("{text}x"), text.replacen('a', "b", 1)];
    changed.into_iter().filter(move |changed| changed != text)
}

#[test]
fn twilio_signs_url_and_fields() {
    // twilio.request_validator.RequestValidator("12345").compute_signature(url, fields), 9.13
    let signature = ("x-twilio-signature", "DhwFvJ1xEqUuNZPLDpAVvPXP1P4=");
    let body = "NumMedia=0&MessageSid=SM123&Body=KX7ERMA+please&From=%2B447402417171&To=%2B447700900000";
    assert_eq!(call(Format::Twilio, &[signature], body, NOW), Ok(said("+447402417171", "KX7ERMA please")));
    for body in changed(body) {
        assert_eq!(call(Format::Twilio, &[signature], &body, NOW), Err(NotTaken::Signature), "{body}");
    }
    let wrong = [("x-twilio-signature", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")];
    assert_eq!(call(Format::Twilio, &wrong, body, NOW), Err(NotTaken::Signature));
    assert_eq!(call(Format::Twilio, &[], body, NOW), Err(NotTaken::Signature));
}

#[test]
fn twilios_own_example() {
    // https://www.twilio.com/docs/usage/security#validating-requests
    let own = Inbound { url: "https://mycompany.com/myapp.php?foo=1&bar=2".into(), ..inbound(Format::Twilio) };
    let headers = HeaderMap::from_iter([(
        HeaderName::from_static("x-twilio-signature"),
        HeaderValue::from_static("0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
    )]);
    let body = b"Digits=1234&To=%2B18005551212&From=%2B12349013030&Caller=%2B12349013030&CallSid=CA1234567890ABCDE";
    let read = own.read(&Call { headers: &headers, body }, NOW).map(|_| ());
    assert_eq!(read, Err(NotTaken::NoMessage), "the signature fits, and it is a phone call");
}

/// `PyJWT` 2.15: claims as Vonage documents them, `payload_hash` of the body below.
const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3OTUxOTc1OTAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImYyMTMwZGQ5ODI1MGU4NDc1MTYwMTQxNDM1MTk5NmY1MGE0MjJmZTg3OGQ0MDZhNzcyOTM1OWIxOWMxNWM5OGMiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEtYmJiYi00Y2NjLThkZGQtMDEyMzQ1Njc4OWFiIn0.5OBqvtHncZUb7VO9IyxsH_u7lNC5t3eTANPooOyi0O8";
const MESSAGE: &str = r#"{"channel":"sms","message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","to":"447700900123","from":"447402417171","timestamp":"2026-11-20T18:00:00Z","text":"KX7ERMA","sms":{"num_messages":"1"}}"#;

#[test]
fn vonage_signs_a_token_that_names_the_bodys_hash() {
    let bearer = format!("Bearer {JWT}");
    let call = |bearer: &str, body: &str, now| call(Format::Vonage, &[("authorization", bearer)], body, now);
    assert_eq!(call(&bearer, MESSAGE, NOW), Ok(said("447402417171", "KX7ERMA")));
    for body in changed(MESSAGE) {
        assert_eq!(call(&bearer, &body, NOW), Err(NotTaken::Signature));
    }
    for bearer in changed(&bearer) {
        assert_eq!(call(&bearer, MESSAGE, NOW), Err(NotTaken::Signature), "{bearer}");
    }
    assert_eq!(call(&bearer, MESSAGE, NOW + Span::minutes(5)), Err(NotTaken::Stale));
    assert_eq!(call(&bearer, MESSAGE, NOW - Span::minutes(6)), Err(NotTaken::Stale));
}

#[test]
fn a_token_without_a_signature_is_none() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let [_, claims, signature] = JWT.split('.').collect::<Vec<_>>().try_into().unwrap();
    for head in [r#"{"alg":"none","typ":"JWT"}"#, r#"{"alg":"HS512"}"#, "{}"] {
        for signature in [signature, ""] {
            let bearer = format!("Bearer {}.{claims}.{signature}", BASE64.encode(head));
            let read = call(Format::Vonage, &[("authorization", &bearer)], MESSAGE, NOW);
            assert_eq!(read, Err(NotTaken::Signature), "{head}");
        }
    }
}

#[test]
fn vonages_older_way_signs_fields() {
    // vonage.Client(signature_secret="12345", signature_method="sha256").signature(fields), 2.8
    let fields = "msisdn=447402417171&to=447700900123&messageId=0A0000000123ABCD1&text=KX7ERMA+a%3Db%26c&type=text\
                  &keyword=KX7ERMA&message-timestamp=2026-11-20+17%3A59%3A50&timestamp=1795197590&nonce=aaaaaaaa-bbbb";
    let body = format!("{fields}&sig=602c9ef1dda1481c3c340105dc71c3b57e810a91ef2edd2b70abd8c0de215f67");
    assert_eq!(call(Format::Vonage, &[], &body, NOW), Ok(said("447402417171", "KX7ERMA a=b&c")));
    let upper =
        format!("{fields}&sig={}", "602c9ef1dda1481c3c340105dc71c3b57e810a91ef2edd2b70abd8c0de215f67".to_uppercase());
    assert!(call(Format::Vonage, &[], &upper, NOW).is_ok());
    let json: serde_json::Map<String, serde_json::Value> =
        form(body.as_bytes()).into_iter().map(|(name, value)| (name, value.into())).collect();
    let json = serde_json::Value::Object(json).to_string();
    assert_eq!(call(Format::Vonage, &[], &json, NOW), Ok(said("447402417171", "KX7ERMA a=b&c")), "POST-JSON");
    for body in changed(&body) {
        assert_eq!(call(Format::Vonage, &[], &body, NOW), Err(NotTaken::Signature), "{body}");
    }
    assert_eq!(call(Format::Vonage, &[], fields, NOW), Err(NotTaken::Signature));
    assert_eq!(call(Format::Vonage, &[], &body, NOW + Span::minutes(5)), Err(NotTaken::Stale));
}

#[test]
fn any_other_provider_signs_time_and_body() {
    let body = r#"{"from":"+447402417171","text":"KX7ERMA"}"#;
    let sign = |time: u64, body: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"12345");
        format!("t={time},v1={}", hex::encode(hmac::sign(&key, format!("{time}.{body}").as_bytes()).as_ref()))
    };
    let call =
        |signature: &str, body: &str, now| call(Format::Generic, &[("sendwall-signature", signature)], body, now);
    let signature = sign(1_795_197_600, body);
    // python3: hmac.new(b"12345", b"1795197600." + body, "sha256").hexdigest()
    assert_eq!(signature, "t=1795197600,v1=bc309c4fd6b2f4a273f55ed55339f51623df31e9fc842e3a1331f888c6d7f945");
    assert_eq!(call(&signature, body, NOW), Ok(said("+447402417171", "KX7ERMA")));
    for body in changed(body) {
        assert_eq!(call(&signature, &body, NOW), Err(NotTaken::Signature));
    }
    assert_eq!(call(&signature.replace("t=1795197600", "t=1795197601"), body, NOW), Err(NotTaken::Signature));
    assert_eq!(call(&signature, body, NOW + Span::minutes(6)), Err(NotTaken::Stale));
    assert_eq!(call(&sign(1_795_197_600, "{}"), "{}", NOW), Err(NotTaken::NoMessage));
    for broken in ["", "v1=ab", "t=1,v1=", "t=,v1=ab"] {
        assert_eq!(call(broken, body, NOW), Err(NotTaken::Signature));
    }
}
