//! Requests across origins: what a page needs to read sendwall's own answers, and to send a pass.
//!
//! Must not know: decisions. What the app's own answers allow is the app's business.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

use crate::gate::Endpoint;

/// The headers that bring a pass and a page's token.
const OURS: &str = "sendwall-pass, sendwall-page";

/// The origin of the request, where it is one of `allowed`.
pub(super) fn origin(headers: &HeaderMap, allowed: &[HeaderValue]) -> Option<HeaderValue> {
    headers.get(ORIGIN).filter(|origin| allowed.contains(origin)).cloned()
}

/// The origin of the request, where any endpoint names it.
pub(super) fn origin_of_any(headers: &HeaderMap, endpoints: &[Endpoint]) -> Option<HeaderValue> {
    endpoints.iter().find_map(|endpoint| origin(headers, &endpoint.cors_origins))
}

/// Lets pages of `origin` read an answer of sendwall's.
pub(super) fn allow(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    let Some(origin) = origin else { return };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("sendwall-decision, sendwall-challenge, retry-after"),
    );
    headers.append(VARY, HeaderValue::from_static("origin"));
}

/// The method that a preflight asks for; `None` where the request is none.
pub(super) fn preflight(parts: &Parts) -> Option<Method> {
    if parts.method != Method::OPTIONS || !parts.headers.contains_key(ORIGIN) {
        return None;
    }
    Method::from_bytes(parts.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?.as_bytes()).ok()
}

/// Whether a preflight asks for nothing but leave to send what is ours: the request itself would need none without it.
pub(super) fn asks_for_ours_alone(headers: &HeaderMap) -> bool {
    let simple = headers.get(ACCESS_CONTROL_REQUEST_METHOD).is_some_and(|method| method == "POST" || method == "GET");
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).and_then(|names| names.to_str().ok());
    let is_ours = |name: &str| OURS.split(", ").any(|own| own.eq_ignore_ascii_case(name.trim()));
    simple && asked.is_some_and(|names| names.split(',').all(is_ours))
}

/// Adds the pass and the page's token to what the app's answer to a preflight allows. Where the app allows nothing, so
/// does this.
pub(super) fn complete(headers: &mut HeaderMap) {
    if !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    let mut names: Vec<u8> = Vec::new();
    for value in headers.get_all(ACCESS_CONTROL_ALLOW_HEADERS) {
        names.extend_from_slice(value.as_bytes());
        names.extend_from_slice(b", ");
    }
    names.extend_from_slice(OURS.as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&names) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preflight_is_completed_only_where_the_app_allows_the_origin() {
        for (allow_origin, before, after) in [
            (true, Some("content-type"), Some("content-type, sendwall-pass, sendwall-page")),
            (true, None, Some("sendwall-pass, sendwall-page")),
            (false, Some("content-type"), Some("content-type")),
        ] {
            let mut headers = HeaderMap::new();
            if allow_origin {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://a"));
            }
            if let Some(before) = before {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(before));
            }
            complete(&mut headers);
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_HEADERS).and_then(|value| value.to_str().ok()), after);
        }
    }
}
