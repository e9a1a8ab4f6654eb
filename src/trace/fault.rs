//! What is wrong with a line that the fast reader refused: slowly, field by field, and without repeating a value.

use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::line::Kind;
use super::{Fault, Label};
use crate::domain::ChallengeKind;

/// A field, what it must be, and whether a value is that. Nested fields are written with a dot.
type Rule = (&'static str, &'static str, fn(&Value) -> bool);

const RULES: [Rule; 30] = [
    ("ts", "Unix milliseconds as a whole number", is::<u64>),
    ("event", "\"page\" or \"send\"", is::<Kind>),
    ("method", "text", is::<String>),
    ("path", "text", is::<String>),
    ("ip", "an IPv4 or IPv6 address as text", is::<IpAddr>),
    ("cookie", "text or null", is::<Option<String>>),
    ("device", "text or null", is::<Option<String>>),
    ("headers", "a list of [name, value]", is::<Option<Vec<(String, String)>>>),
    ("ja4", "text or null", is::<Option<String>>),
    ("geo", "an object or null", is_object),
    ("geo.country", "two letters or null", is::<Option<String>>),
    ("geo.asn", "a whole number or null", is::<Option<u32>>),
    ("geo.as_org", "text or null", is::<Option<String>>),
    ("geo.hosting", "true, false or null", is::<Option<bool>>),
    ("geo.anonymous", "true, false or null", is::<Option<bool>>),
    ("id", "text", is::<Option<String>>),
    ("endpoint", "text", is::<Option<String>>),
    ("phone", "text", is::<Option<String>>),
    ("outcome", "an object", is_object),
    ("outcome.solves", "a list of \"pow\" and \"captcha\"", is::<Vec<ChallengeKind>>),
    ("outcome.solve_ms", "milliseconds as a whole number, or null", is::<Option<u64>>),
    ("outcome.verify_ms", "milliseconds as a whole number, or null", is::<Option<u64>>),
    ("outcome.delivered", "true or false", is::<bool>),
    ("outcome.delivery_ms", "milliseconds as a whole number, or null", is::<Option<u64>>),
    ("truth", "an object", is_object),
    ("truth.label", "\"legit\" or \"attack\"", is::<Label>),
    ("truth.scenario", "text", is::<String>),
    ("truth.class", "text", is::<String>),
    ("truth.resend", "true or false", is::<bool>),
    ("truth.price", "a number", is::<f64>),
];

/// Fields without which no line is one, nested ones where their object is there.
const REQUIRED: [&str; 8] = ["ts", "event", "method", "path", "ip", "outcome.solves", "truth.label", "truth.scenario"];

/// The first field of `text` that is wrong, or what is wrong with the whole of it.
pub(super) fn find(text: &str, error: &serde_json::Error) -> Fault {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(fields)) => first(&fields, "").unwrap_or_else(|| {
            // Each field alone is right: one stands twice.
            Fault::line(format!("not an event: a field stands twice (column {})", error.column()))
        }),
        Ok(_) => Fault::line("not an event: an event is a JSON object"),
        Err(error) => Fault::line(format!("not JSON (column {})", error.column())),
    }
}

/// The first wrong field of a place.
pub(super) fn geo(text: &str) -> Fault {
    let fields = Map::from_iter([("geo".to_owned(), serde_json::from_str(text).unwrap_or_default())]);
    first(&fields, "geo").unwrap_or_else(|| wrong("geo"))
}

/// A field that isn't there.
pub(super) fn missing(field: &'static str) -> Fault {
    Fault::of(field, "is missing")
}

/// A field that isn't what it must be.
pub(super) fn wrong(field: &'static str) -> Fault {
    let must = RULES.iter().find(|(name, ..)| *name == field).map_or("as documented", |(_, must, _)| must);
    Fault::of(field, format!("must be {must}"))
}

fn first(fields: &Map<String, Value>, under: &str) -> Option<Fault> {
    RULES.iter().filter(|(field, ..)| field.starts_with(under)).find_map(|(field, _, is_right)| {
        let (object, name) = match field.split_once('.') {
            Some((object, name)) => (fields.get(object).and_then(Value::as_object)?, name),
            None => (fields, *field),
        };
        match object.get(name) {
            Some(value) => (!is_right(value)).then(|| wrong(field)),
            None => REQUIRED.contains(field).then(|| missing(field)),
        }
    })
}

fn is<T: DeserializeOwned>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}

fn is_object(value: &Value) -> bool {
    value.is_object() || value.is_null()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Line;
    use super::*;

    fn send() -> Value {
        json!({
            "ts": 1, "event": "send", "method": "POST", "path": "/send", "ip": "203.0.113.9", "cookie": null,
            "device": "d", "headers": [["user-agent", "x"]], "ja4": null,
            "geo": {"country": "GB", "asn": 1, "as_org": "A", "hosting": false, "anonymous": null},
            "id": "s1", "endpoint": "login", "phone": "+447402417171",
            "outcome": {"solves": ["pow"], "solve_ms": 1, "verify_ms": null, "delivered": true, "delivery_ms": 2},
            "truth": {"label": "legit", "scenario": "a", "class": "b", "resend": false, "price": 0.04}
        })
    }

    fn fault(line: &str) -> String {
        match Line::read(line) {
            Err(fault) => fault.to_string(),
            Ok(read) => {
                let geo = read.geo.map(super::super::geo).transpose().map(|_| ());
                let headers = read.headers.map(super::super::headers).transpose().map(|_| ());
                geo.and(headers).map_or_else(|fault| fault.to_string(), |()| "no fault".to_owned())
            }
        }
    }

    #[test]
    fn every_field_that_is_wrong_is_named_and_none_is_repeated() {
        assert_eq!(fault(&send().to_string()), "no fault");
        for (field, must, _) in RULES {
            let mut line = send();
            let place = line.pointer_mut(&format!("/{}", field.replace('.', "/"))).unwrap();
            *place = json!([["+447402417171"]]);
            assert_eq!(fault(&line.to_string()), format!("{field}: must be {must}"));
        }
    }

    #[test]
    fn what_must_be_there_is_missed() {
        let fields = ["id", "endpoint", "phone", "outcome", "truth"];
        for field in REQUIRED.into_iter().chain(fields) {
            let mut line = send();
            let (object, name) = match field.split_once('.') {
                Some((object, name)) => (line.get_mut(object).unwrap(), name),
                None => (&mut line, field),
            };
            object.as_object_mut().unwrap().remove(name);
            assert_eq!(fault(&line.to_string()), format!("{field}: is missing"));
        }
    }

    #[test]
    fn a_page_needs_less_and_unknown_fields_are_ignored() {
        let page = r#"{"event":"page","ts":1,"method":"GET","path":"/","ip":"::1","new":{"a":[1]}}"#;
        assert_eq!(fault(page), "no fault");
    }

    #[test]
    fn a_time_that_is_not_in_milliseconds_is_told() {
        for ts in [253_402_300_800_000, 1_795_197_600_000_000, u64::MAX] {
            let line = json!({"event": "page", "ts": ts, "method": "GET", "path": "/", "ip": "::1"});
            assert_eq!(fault(&line.to_string()), "ts: is after the year 9999; it must be Unix milliseconds");
        }
    }

    #[test]
    fn lines_that_are_no_objects_say_so() {
        for (line, what) in [
            ("[1]", "not an event: an event is a JSON object"),
            ("{\"ts\":", "not JSON (column 6)"),
            ("nonsense", "not JSON (column 2)"),
        ] {
            assert_eq!(fault(line), what);
        }
        let twice = r#"{"ts":1,"ts":2,"event":"page","method":"GET","path":"/","ip":"::1"}"#;
        assert!(fault(twice).contains("a field stands twice"), "{}", fault(twice));
    }
}
