//! Requests as bytes, and the phone that must be read from each.
//!
//! The corpus is data: `cases/extract/*.txt`, one request a line.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken corpus should fail loudly")]

use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use sendwall::domain::Country;
use sendwall::extract::{self, Document, Payload, PhoneSource, Request, Settings};
use sendwall::numbering::Numbering;
use sendwall::random::Random;
use sendwall::rules::{EXCHANGE, Expression};

struct Case {
    expected: String,
    settings: Settings,
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn corpus(text: &str) -> Vec<(usize, Case)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| (number + 1, parse(line))).collect()
}

fn parse(line: &str) -> Case {
    let mut parts = line.splitn(5, " | ").map(|part| part.strip_suffix(" |").unwrap_or(part));
    let expected = parts.next().unwrap().trim().to_owned();
    let settings = settings(parts.next().unwrap());
    let (method, target) = parts.next().unwrap().trim().split_once(' ').unwrap();
    let mut headers = HeaderMap::new();
    let content_type = parts.next().unwrap_or("-").trim();
    // `json; x-phone=+44…` gives the short name more headers.
    let (short, extra) = content_type.split_once("; ").unwrap_or((content_type, ""));
    let full = match short {
        "json" => "application/json",
        "form" => "application/x-www-form-urlencoded",
        "text" => "text/plain;charset=UTF-8",
        "xml" => "text/xml",
        "multi" => "multipart/form-data; boundary=B",
        _ => content_type,
    };
    if full != "-" {
        headers.insert("content-type", HeaderValue::from_str(full).unwrap());
    }
    if full != content_type && !extra.is_empty() {
        let (name, value) = extra.split_once('=').unwrap();
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Case {
        expected,
        settings,
        method: method.parse().unwrap(),
        target: target.to_owned(),
        headers,
        body: unescape(parts.next().unwrap_or_default(), full.contains("json") || short == "-"),
    }
}

fn settings(text: &str) -> Settings {
    let mut settings = Settings::default();
    for word in text.split_whitespace().filter(|word| *word != "-") {
        let Some(source) = word.strip_prefix("phone=") else {
            settings.default_region = Some(Country::new(word).unwrap());
            continue;
        };
        settings.phone = match source.split_once(':').unwrap_or((source, "")) {
            ("json", pointer) => PhoneSource::Json(pointer.into()),
            ("form", name) => PhoneSource::Form(name.into()),
            ("query", name) => PhoneSource::Query(name.into()),
            ("header", name) => PhoneSource::Header(name.into()),
            ("path", position) => PhoneSource::Path(position.parse().unwrap()),
            ("none", "") => PhoneSource::None,
            other => panic!("{other:?} is no source"),
        };
    }
    settings
}

/// JSON has escapes of its own: there, only `\xNN` is ours.
fn unescape(text: &str, only_hex: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let (byte, after) = match (first, tail) {
            (b'\\', [b'x', digits @ ..]) => {
                (u8::from_str_radix(std::str::from_utf8(&digits[..2]).unwrap(), 16).unwrap(), &digits[2..])
            }
            (b'\\', [b'r', after @ ..]) if !only_hex => (b'\r', after),
            (b'\\', [b'n', after @ ..]) if !only_hex => (b'\n', after),
            (b'\\', [b't', after @ ..]) if !only_hex => (b'\t', after),
            (b'\\', [b'\\', after @ ..]) if !only_hex => (b'\\', after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn read(case: &Case, numbering: &Numbering) -> String {
    let (path, query) = match case.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*case.target, None),
    };
    let request = Request {
        peer: [192, 0, 2, 1].into(),
        method: &case.method,
        path,
        query,
        headers: &case.headers,
        body: Payload::Whole(&case.body),
    };
    let phone =
        Document::read(&request).and_then(|document| extract::phone(&case.settings, &request, &document, numbering));
    match phone {
        Ok(Some(number)) => format!("+{}", number.raw.expose_digits()),
        Ok(None) => "absent".to_owned(),
        Err(unreadable) => {
            assert!(!unreadable.field.contains("7402417171"), "a field holds a number: {unreadable:?}");
            unreadable.code.name().to_owned()
        }
    }
}

#[test]
fn every_request_of_the_corpus_reads_as_it_should() {
    check(include_str!("cases/extract/corpus.txt"), 180);
}

#[test]
fn requests_of_the_wild_read_as_an_app_reads_them() {
    check(include_str!("cases/extract/wild.txt"), 250);
}

/// What a request for `fields` as JSON reads as, in this region.
fn read_fields(fields: &serde_json::Value, region: Option<Country>, numbering: &Numbering) -> String {
    let case = Case {
        expected: String::new(),
        settings: Settings { default_region: region, ..Settings::default() },
        method: Method::POST,
        target: "/send".to_owned(),
        headers: headers_of("application/json"),
        body: fields.to_string().into_bytes(),
    };
    read(&case, numbering)
}

#[test]
fn a_mail_address_or_a_masked_card_is_no_disguised_number_in_any_country() {
    let numbering = Numbering::default();
    let texts: Vec<_> = include_str!("cases/extract/no_numbers.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(texts.len() >= 50, "{} texts", texts.len());
    let mut wrong = Vec::new();
    for (text, region) in texts.iter().flat_map(|text| numbering.countries().map(move |region| (text, region))) {
        let alone = read_fields(&serde_json::json!({ "account": text }), Some(region), &numbering);
        let beside = serde_json::json!({ "phone": "+447402417171", "address": text });
        let beside = read_fields(&beside, Some(region), &numbering);
        if (&*alone, &*beside) != ("absent", "+447402417171") {
            wrong.push(format!("{text} in {}: {alone}, beside a phone {beside}", region.as_str()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Random bytes in base64, as ids and tokens are, stand beside a phone in many forms.
#[test]
fn base64_beside_a_phone_is_no_disguised_number() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    const EACH: usize = 60;
    let (numbering, mut random) = (Numbering::default(), Random::seeded(1));
    let mut wrong = Vec::new();
    for (length, region) in
        (0..EACH).flat_map(|_| 16..=100_usize).zip(["GB", "US", "DE", "AT", "DK"].into_iter().cycle())
    {
        let bytes: Vec<_> = (0..length).map(|_| random.bits().to_le_bytes()[0]).collect();
        let id = BASE64_STANDARD.encode(bytes);
        let fields = serde_json::json!({ "phone": "+447402417171", "uid": id, "csrf": id });
        if read_fields(&fields, Country::new(region), &numbering) != "+447402417171" {
            wrong.push(format!("{region} {id}"));
        }
    }
    assert!(wrong.len() <= EACH * 85 / 1_000, "{} of {}\n{}", wrong.len(), EACH * 85, wrong.join("\n"));
}

fn check(text: &str, least: usize) {
    let numbering = Numbering::default();
    let cases = corpus(text);
    assert!(cases.len() >= least, "{} cases", cases.len());
    let mut wrong = String::new();
    for (line, case) in &cases {
        let read = read(case, &numbering);
        let refused = case.expected == "unreadable" && !read.starts_with('+') && read != "absent";
        if read != case.expected && !refused {
            let body = String::from_utf8_lossy(&case.body);
            let _infallible = writeln!(
                wrong,
                "line {line}: {} {} {body}\n  expected {}, read {read}",
                case.method, case.target, case.expected
            );
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// `when` in another shape than the operator's clients send it: judged where some app may see what the condition asks for.
#[test]
fn a_condition_is_not_evaded_by_sending_the_field_in_another_shape() {
    let part = "--B\r\nContent-Disposition: form-data; name=\"channel\"\r\n\r\nsms\r\n--B--\r\n";
    let file = part.replace("\"channel\"", "\"channel\"; filename=\"a\"");
    let (json, form, multi, xml) =
        ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "text/xml");
    let mut wrong = Vec::new();
    for (condition, query, kind, body, judged) in [
        (CHANNEL, "", json, r#"{"channel":"sms"}"#, true),
        (CHANNEL, "", json, r#"{"channel":"mail"}"#, false),
        (CHANNEL, "", json, r#"{"data":{"kind":"sms"}}"#, false),
        (CHANNEL, "", form, "channel=sms&phone=1", true),
        (CHANNEL, "", form, "kind=sms", false),
        (CHANNEL, "", multi, part, true),
        (CHANNEL, "", multi, &file, true),
        (
            CHANNEL,
            "",
            multi,
            &part.replace("\r\n\r\nsms", "\r\nContent-Type: application/json\r\n\r\n{\"channel\":}"),
            true,
        ),
        (
            CHANNEL,
            "",
            multi,
            &part
                .replace("channel", "x")
                .replace("\r\n\r\nsms", "\r\nContent-Type: application/json\r\n\r\n{\"channel\":}"),
            true,
        ),
        (CHANNEL, "", xml, "<root><channel>sms</channel></root>", true),
        (CHANNEL, "channel=sms", json, "{}", true),
        (CHANNEL, "channel=sms", json, r#"{"channel":"mail"}"#, true),
        (CHANNEL, "channel=mail", json, r#"{"channel":"mail"}"#, false),
        (CHANNEL, "", json, r#"{"Channel":"sms"}"#, true),
        (CHANNEL, "", json, r#"{"channel":"mail","Channel":"sms"}"#, true),
        (CHANNEL, "", json, r#"{"channel":["sms"]}"#, true),
        (CHANNEL, "", json, r#"{"session":{"channel":"sms"}}"#, true),
        (CHANNEL, "", json, r#"{"channel":"mail","session":{"channel":"sms"}}"#, false),
        (r#"json("/data/channel") == "sms""#, "", form, "data.channel=sms", true),
        (r#"json("/data/channel") == "sms""#, "", json, r#"{"data":{"channel":"mail"},"channel":"sms"}"#, false),
        (r#"form("channel") == "sms""#, "", form, "channel=mail&+channel=sms", true),
        (r#"form("channel") == "sms""#, "", form, "channel=mail&channel[]=sms", true),
        (r#"form("channel") == "sms""#, "", form, "channel=%zz", true),
        (r#"form("channel") == "sms""#, "", json, r#"{"channel":"sms"}"#, true),
        (r#"form("channel") == "sms""#, "", json, r#"{"data":{"channel":"sms"}}"#, false),
        // What else the condition asks for still counts, and what it reads itself is accounted for.
        (
            r#"json("/op") == "send" && json("/channel") == "sms""#,
            "",
            json,
            r#"{"op":"list","a":{"channel":1}}"#,
            false,
        ),
        (r#"json("/op") == "send" && json("/channel") == "sms""#, "", json, r#"{"op":"send","a":{"channel":1}}"#, true),
        (r#"json("/channel") == "sms" || query("channel") == "sms""#, "channel=push", json, "{}", false),
        (r#"!has(json("/channel"))"#, "", json, r#"{"channel":"mail"}"#, false),
        (r#"!has(json("/channel"))"#, "", json, r#"{"channel":"mail","Channel":"x"}"#, true),
    ] {
        let headers = headers_of(kind);
        let request = document_of(&headers, Some(query), body.as_bytes());
        let document = Document::read(&request).unwrap_or_else(|unreadable| panic!("{body}: {unreadable:?}"));
        if document.may_hold(&Expression::parse(condition, &EXCHANGE).unwrap()) != judged {
            wrong.push(format!("{condition} of ?{query} {body}: judged must be {judged}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Each of several codes in one request would be a try of its own.
#[test]
fn several_codes_of_one_try_are_seen() {
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let mut wrong = Vec::new();
    for (kind, body, several) in [
        (json, r#"{"phone":"+447402417171","code":["0001","0002"]}"#, true),
        (json, r#"{"data":{"otp":[100001,100002]}}"#, true),
        (json, r#"{"query":"mutation { a: verify(code: \"0001\") b: verify(code: \"0002\") }"}"#, true),
        (
            json,
            r#"{"query":"mutation ($a: String, $b: String) { a: verify(in: {code: $a}) b: verify(in: {code: $b}) }",
            "variables":{"a":"0001","b":"0002"}}"#,
            true,
        ),
        (
            json,
            r#"[{"query":"mutation { verify(code: \"0001\") }"},{"query":"mutation { verify(code: \"0002\") }"}]"#,
            true,
        ),
        (json, r#"[{"code":"0001"},{"code":"0002"}]"#, true),
        (form, "code[]=0001&code[]=0002", true),
        (json, r#"{"code":["0001"]}"#, false),
        (json, r#"{"code":["1","2","3","4","5","6"]}"#, false),
        (json, r#"{"code":"0001","otp":"0001","smsCode":1234}"#, false),
        (json, r#"{"query":"mutation ($code: String!) { verify(code: $code) }","variables":{"code":"0001"}}"#, false),
        (json, r#"{"code":"0001","consents":[{"code":"1001"},{"code":"1002"}],"postcodes":["SW1A","EC1A"]}"#, false),
        (form, "code=0001&code=0001", false),
    ] {
        let headers = headers_of(kind);
        let request = document_of(&headers, None, body.as_bytes());
        let document = Document::read(&request).unwrap_or_else(|unreadable| panic!("{body}: {unreadable:?}"));
        if document.several_codes().is_some() != several {
            wrong.push(body);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

const CHANNEL: &str = r#"json("/channel") == "sms""#;

/// Any order of fields, any noise around them: a phone among harmless fields is read, and nothing else is.
fn noise() -> impl Strategy<Value = (String, serde_json::Value)> {
    let value = prop_oneof![
        any::<i32>().prop_map(serde_json::Value::from),
        "[a-z ]{0,12}".prop_map(serde_json::Value::from),
        any::<bool>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
    ];
    ("(scene|token|nonce|ts|lang|captcha|csrf|sign|app_version|device_id|utm_source)[a-f]{0,3}", value)
}

fn document_of<'a>(headers: &'a HeaderMap, query: Option<&'a str>, body: &'a [u8]) -> Request<'a> {
    Request {
        peer: [192, 0, 2, 1].into(),
        method: &Method::POST,
        path: "/send",
        query,
        headers,
        body: Payload::Whole(body),
    }
}

fn headers_of(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(content_type));
    headers
}

fn json_value(depth: u32) -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(depth, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn pointers(value: &serde_json::Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match value {
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), out));
        }
        serde_json::Value::Object(members) => members.iter().for_each(|(key, member)| {
            pointers(member, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_phone_among_noise_is_read(fields in proptest::collection::btree_map("[a-z]{1,8}_x", noise(), 0..8)) {
        let numbering = Numbering::default();
        let mut object = serde_json::Map::new();
        for (name, value) in fields.into_values() {
            object.insert(name, value);
        }
        let headers = headers_of("application/json");
        let settings = Settings { default_region: Country::new("GB"), ..Settings::default() };
        let read = |object: &serde_json::Map<String, serde_json::Value>| {
            let body = serde_json::to_vec(object).unwrap();
            let request = document_of(&headers, None, &body);
            let document = Document::read(&request).map_err(|unreadable| unreadable.code);
            document
                .and_then(|document| {
                    extract::phone(&settings, &request, &document, &numbering).map_err(|unreadable| unreadable.code)
                })
                .map(|number| number.map(|number| number.raw.expose_digits()))
        };
        prop_assert_eq!(read(&object), Ok(None));
        object.insert("mobile".into(), "07402 417171".into());
        prop_assert_eq!(read(&object), Ok(Some(447_402_417_171)));
    }

    #[test]
    fn json_reads_as_serde_json_reads_it(value in json_value(5)) {
        use sendwall::rules::{Names as _, Value};
        let body = serde_json::to_vec(&value).unwrap();
        let headers = headers_of("application/json");
        let request = document_of(&headers, None, &body);
        let document = Document::read(&request).map_err(|unreadable| unreadable.code).unwrap();
        let mut all = Vec::new();
        pointers(&value, "", &mut all);
        for pointer in all {
            let expected = match value.pointer(&pointer).unwrap() {
                serde_json::Value::Null => Value::Null,
                serde_json::Value::Bool(value) => Value::Bool(*value),
                serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap()),
                serde_json::Value::String(text) => Value::Text(text.clone().into()),
                serde_json::Value::Array(_) | serde_json::Value::Object(_) => Value::Missing,
            };
            prop_assert_eq!(document.value("json", Some(&pointer)), expected, "{}", pointer);
        }
    }

    #[test]
    fn forms_read_back_what_was_encoded(pairs in proptest::collection::vec(("[a-z]{1,6}", "\\PC{0,12}"), 1..6)) {
        use sendwall::rules::{Names as _, Value};
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let body: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let body = body.join("&");
        let headers = headers_of("application/x-www-form-urlencoded");
        let request = document_of(&headers, Some(&body), body.as_bytes());
        let document = Document::read(&request).map_err(|unreadable| unreadable.code).unwrap();
        for (name, _) in &pairs {
            let (_, first) = pairs.iter().find(|(other, _)| other == name).unwrap();
            let expected = Value::Text(first.clone().into());
            prop_assert_eq!(document.value("form", Some(name)), expected.clone());
            prop_assert_eq!(document.value("query", Some(name)), expected);
            let ambiguous = pairs.iter().any(|(other, value)| other == name && value != first);
            let never = format!("form({name:?}) == \"\\n\"");
            let never = Expression::parse(&never, &EXCHANGE).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(document.may_hold(&never), ambiguous);
        }
    }

    #[test]
    fn what_is_said_often_reads_as_once(countries in 1..300_usize, phones in 1..100_usize, hint in "cc=44|region=GB|dial=%2B44") {
        let body = [vec![hint; countries], vec!["phone=07402417171".to_owned(); phones]].concat().join("&");
        let headers = headers_of("application/x-www-form-urlencoded");
        let request = document_of(&headers, None, body.as_bytes());
        let document = Document::read(&request).map_err(|unreadable| unreadable.code).unwrap();
        let found = extract::phone(&Settings::default(), &request, &document, &Numbering::default());
        let found = found.map(|number| number.map(|number| number.raw.expose_digits()));
        prop_assert_eq!(found.map_err(|unreadable| unreadable.code), Ok(Some(447_402_417_171)));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        body in proptest::collection::vec(any::<u8>(), 0..300),
        query in "\\PC{0,60}",
        kind in 0..6_usize,
    ) {
        let types = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "text/xml", "text/plain", "a;charset=\""];
        let headers = headers_of(types[kind]);
        let request = document_of(&headers, Some(&query), &body);
        if let Ok(document) = Document::read(&request) {
            let _any = extract::phone(&Settings::default(), &request, &document, &Numbering::default());
        }
        let _any = extract::proxy_protocol::parse(&body);
    }

    #[test]
    fn structured_bytes_never_panic(body in "([{}\\[\\]\":,0-9+a-c \\\\<>/=&;%-]|phone|\r\n|--B|name=|content-disposition: form-data;){0,60}", kind in 0..5_usize) {
        let types = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "text/xml", "text/plain"];
        let headers = headers_of(types[kind]);
        let request = document_of(&headers, Some(&body), body.as_bytes());
        if let Ok(document) = Document::read(&request) {
            let _any = extract::phone(&Settings::default(), &request, &document, &Numbering::default());
        }
    }
}

mod routes {
    use super::*;
    use sendwall::extract::{Pattern, Role, Router, Rule};

    fn router() -> Router {
        let pattern = Pattern::parse("POST /api/send-code").unwrap();
        Router::new(vec![Rule { pattern, endpoint: 0, role: Role::Send, ignore_case: true }])
    }

    fn found(path: &str) -> bool {
        !router().find(&Method::POST, path, None, &HeaderMap::new()).is_empty()
    }

    /// Ways to write one character, and things to put between segments.
    fn obfuscated() -> impl Strategy<Value = String> {
        let slash = proptest::sample::select(vec![
            "/",
            "//",
            "/./",
            "/x/../",
            "%2f",
            "%2F",
            "\\",
            "%5c",
            ";a=b/",
            "/%2e/",
            "/x/%2e%2e/",
            "/%252e/",
            "%252f",
            "/y/..;/",
        ]);
        let letter = 0..5_u8;
        let end = proptest::sample::select(vec![
            "", "/", ".json", ";x=1", "%00", "%20", ".", "%2f", "/.", "//", "%09", "?", "%3f",
        ]);
        (proptest::collection::vec(slash, 2), proptest::collection::vec(letter, 12), end).prop_map(
            |(slashes, letters, end)| {
                let mut letters = letters.into_iter();
                let mut text = |word: &str| {
                    word.chars()
                        .map(|c| match letters.next() {
                            Some(1) => format!("%{:02x}", u32::from(c)),
                            Some(2) => format!("%{:02X}", u32::from(c)),
                            Some(3) => format!("%25{:02x}", u32::from(c)),
                            Some(4) => c.to_ascii_uppercase().to_string(),
                            _ => c.to_string(),
                        })
                        .collect::<String>()
                };
                format!("{}{}{}{}{end}", slashes[0], text("api"), slashes[1], text("send-code"))
            },
        )
    }

    proptest! {
        #[test]
        fn no_disguise_slips_past(path in obfuscated()) {
            prop_assert!(found(&path), "{}", path);
        }

        #[test]
        fn plain_other_paths_pass(path in "(/[a-z0-9_-]{1,10}){1,5}") {
            prop_assume!(path != "/api/send-code");
            prop_assert!(!found(&path));
        }

        #[test]
        fn any_text_can_be_asked(path in "\\PC{0,80}") {
            let _any = found(&path);
        }
    }
}
