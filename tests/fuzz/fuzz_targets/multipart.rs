//! Any multipart body with any content type line.
#![no_main]

use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use sendwall::extract::{Document, Payload, Request};

fuzz_target!(|input: (&str, &[u8])| {
    let (parameters, body) = input;
    let Ok(value) = HeaderValue::from_str(&format!("multipart/form-data; boundary=B{parameters}")) else { return };
    let mut headers = HeaderMap::new();
    headers.insert("content-type", value);
    let request = Request {
        peer: [192, 0, 2, 1].into(),
        method: &Method::POST,
        path: "/",
        query: None,
        headers: &headers,
        body: Payload::Whole(body),
    };
    let _document = Document::read(&request);
});
