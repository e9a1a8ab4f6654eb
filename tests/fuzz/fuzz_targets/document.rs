//! Any query and body under any of the content types: read, and searched for a phone.
#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use sendwall::extract::{Document, Payload, Request, Settings, phone};
use sendwall::numbering::Numbering;

static NUMBERING: LazyLock<Numbering> = LazyLock::new(Numbering::default);

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (kind, query, body) = input;
    let types = ["application/json", "application/x-www-form-urlencoded", "text/xml", "text/plain"];
    let mut headers = HeaderMap::new();
    if let Some(kind) = types.get(usize::from(kind)) {
        headers.insert("content-type", HeaderValue::from_static(kind));
    }
    let request = Request {
        peer: [192, 0, 2, 1].into(),
        method: &Method::POST,
        path: "/send/13800138000",
        query: Some(query),
        headers: &headers,
        body: Payload::Whole(body),
    };
    if let Ok(document) = Document::read(&request) {
        let _number = phone(&Settings::default(), &request, &document, &NUMBERING);
    }
});
