//! The visit cookie: who gets one, and with which attributes.
//!
//! Must not know: what is in it and how it is signed.

use std::fmt;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, EXPIRES, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::settings::VisitSettings;
use crate::domain::Span;

/// Makes and recognises the values of visit cookies.
pub trait VisitCookies: Send + Sync + fmt::Debug {
    /// A new value: signed, of letters, digits, `-`, `_` and `.`.
    fn mint(&self) -> String;
    /// Whether the value is one of ours, and still of use.
    fn is_valid(&self, value: &str) -> bool;
}

/// Whether a request with these headers brings a valid visit cookie.
pub(crate) fn has_visit(headers: &HeaderMap, name: &str, cookies: &dyn VisitCookies) -> bool {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(key, value)| key == name && cookies.is_valid(value.trim_matches('"')))
}

/// Whether the answer is a page that no shared cache may keep: HTML with status 200, or a page that the browser has and
/// `navigates` to (304, which names no type), and either `private` or `no-store`, or nothing that lets a cache keep it
/// (`public`, `s-maxage`, `max-age`, `Expires`) at all. A cookie on a page that a shared cache keeps would be everyone's.
pub(crate) fn is_private_page(status: StatusCode, headers: &HeaderMap, navigates: bool) -> bool {
    let html = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.as_bytes().get(..9))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"text/html"));
    match status {
        StatusCode::OK if html => {}
        StatusCode::NOT_MODIFIED if navigates => {}
        _ => return false,
    }
    let mut shared = headers.contains_key(EXPIRES);
    for value in headers.get_all(CACHE_CONTROL) {
        let Ok(text) = value.to_str() else { return false };
        for directive in text.split(',') {
            let name = directive.split('=').next().unwrap_or_default().trim();
            if ["private", "no-store"].iter().any(|word| name.eq_ignore_ascii_case(word)) {
                return true;
            }
            shared |= ["public", "s-maxage", "max-age"].iter().any(|word| name.eq_ignore_ascii_case(word));
        }
    }
    !shared
}

/// Adds the cookie to the answer's headers.
pub(crate) fn set(headers: &mut HeaderMap, settings: &VisitSettings, value: &str, secure: bool) {
    append(headers, (&settings.name, value), settings.max_age, same_site(secure));
}

/// The attributes of a cookie for pages of the same site.
pub(super) const fn same_site(secure: bool) -> &'static str {
    if secure { "SameSite=Lax; Secure" } else { "SameSite=Lax" }
}

/// Adds a cookie of ours to the answer's headers.
pub(super) fn append(headers: &mut HeaderMap, (name, value): (&str, &str), max_age: Span, attributes: &str) {
    let seconds = max_age.as_seconds_up();
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; {attributes}");
    // The name is checked by the configuration and the value is ours; a text that is no header is left out.
    if let Ok(cookie) = HeaderValue::try_from(text) {
        headers.append(SET_COOKIE, cookie);
    }
}
