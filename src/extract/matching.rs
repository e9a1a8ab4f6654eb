//! The id that the app's answer to a send carries and that the verify request brings back.

use http::HeaderMap;

use super::client::cookie;
use super::document::Document;
use super::nodes::{Name, Scalar};

/// Longest id, in bytes; longer ones are cut, so that both sides still agree.
const MAX_ID: usize = 256;

/// The value at a JSON pointer in a send's answer; `None` where there is none that could be an id.
pub fn exchange_value(answer: &Document<'_>, pointer: &str) -> Option<Vec<u8>> {
    answer.at_pointer(pointer).and_then(|node| scalar(&answer.nodes().get(node)?.value))
}

/// The value that a verify request carries under the same key, the pointer's last part: in its JSON at any depth, its
/// form, its query, a cookie or a header.
pub fn brought_back(document: &Document<'_>, headers: &HeaderMap, pointer: &str) -> Option<Vec<u8>> {
    let key = pointer.rsplit('/').next()?.replace("~1", "/").replace("~0", "~");
    if key.is_empty() {
        return None;
    }
    let named = document.nodes().list().iter().filter(|node| matches!(&node.name, Name::Key(name) if *name == key));
    let in_document = named.into_iter().find_map(|node| scalar(&node.value));
    let value = in_document.or_else(|| cookie(headers, &key).map(<[u8]>::to_vec));
    let value = value.or_else(|| headers.get(&key).map(|value| value.as_bytes().to_vec()));
    value.map(cut).filter(|value| !value.is_empty())
}

fn scalar(value: &Scalar<'_>) -> Option<Vec<u8>> {
    let bytes = match value {
        Scalar::Text(text) => text.as_bytes().to_vec(),
        Scalar::Int(number) => number.to_string().into_bytes(),
        Scalar::Null
        | Scalar::Bool(_)
        | Scalar::Float(_)
        | Scalar::Bad(_)
        | Scalar::File
        | Scalar::Object
        | Scalar::Array => {
            return None;
        }
    };
    Some(cut(bytes)).filter(|bytes| !bytes.is_empty())
}

fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(MAX_ID);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::{Payload, Request};

    #[test]
    fn an_id_of_the_answer_is_found_in_the_verify_request() {
        let headers = HeaderMap::new();
        let answer = Document::of_answer(200, &headers, Some(br#"{"data":{"request_id":"r-17","n":42,"ok":true}}"#));
        assert_eq!(exchange_value(&answer, "/data/request_id").as_deref(), Some(&b"r-17"[..]));
        assert_eq!(exchange_value(&answer, "/data/n").as_deref(), Some(&b"42"[..]));
        assert_eq!(exchange_value(&answer, "/data/ok"), None);
        assert_eq!(exchange_value(&answer, "/data/none"), None);
        let mut cookies = HeaderMap::new();
        cookies.insert("cookie", "request_id=r-17".parse().unwrap());
        let mut named = HeaderMap::new();
        named.insert("request_id", "r-17".parse().unwrap());
        for (headers, query, body) in [
            (&headers, None, r#"{"a":[{"request_id":"r-17"}]}"#),
            (&headers, None, "code=1&request_id=r-17"),
            (&headers, Some("request_id=r-17"), ""),
            (&cookies, None, ""),
            (&named, None, ""),
        ] {
            let request = Request {
                peer: [127, 0, 0, 1].into(),
                method: &http::Method::POST,
                path: "/verify",
                query,
                headers,
                body: Payload::Whole(body.as_bytes()),
            };
            let document = Document::read(&request).unwrap();
            assert_eq!(brought_back(&document, headers, "/data/request_id").as_deref(), Some(&b"r-17"[..]), "{body}");
            assert_eq!(brought_back(&document, headers, "/data/other"), None);
        }
    }
}
