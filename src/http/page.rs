//! Answers for browsers that came by a form or a link: pages instead of JSON.
//!
//! Must not know: what is on the pages.

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERER,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::answer_body::AnswerBody;
use crate::challenge::captcha::{Issued, Offer};
use crate::challenge::web::language::Language;
use crate::challenge::web::page::Picture;

const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const NO_SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");

/// Whether a browser shows the answer as a page: it says so, or, where it is too old for that, a form was posted and HTML
/// is wanted.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if let Some(mode) = headers.get(FETCH_MODE) {
        return mode == "navigate";
    }
    let kind = text(CONTENT_TYPE);
    let form = ["application/x-www-form-urlencoded", "multipart/form-data"].iter().any(|of| kind.starts_with(of));
    form && text(ACCEPT).contains("text/html")
}

/// Whether a browser shows the answer as a document, in its window or in a frame, and no script of a page reads it: it
/// says so, or, where it is too old for that, HTML is wanted.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    match headers.get(FETCH_MODE) {
        Some(mode) => mode == "navigate",
        None => headers
            .get_all(ACCEPT)
            .iter()
            .any(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.to_ascii_lowercase().contains("text/html"))),
    }
}

/// Whether another site's page led here.
pub(super) fn is_foreign(parts: &Parts) -> bool {
    match parts.headers.get(FETCH_SITE) {
        Some(site) => site == "cross-site",
        None => comes_from_elsewhere(parts),
    }
}

/// Whether a page of another origin asks.
pub(super) fn comes_from_elsewhere(parts: &Parts) -> bool {
    let host = parts.headers.get(HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str().as_bytes()));
    let origin = parts.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin.and_then(|origin| origin.split_once("://")).map(|(_, origin)| origin.as_bytes());
    origin.is_some_and(|origin| host.is_some_and(|host| !host.eq_ignore_ascii_case(origin)))
}

/// The page that led here, where the browser says so.
pub(super) fn came_from(parts: &Parts) -> Option<&str> {
    let from = parts.headers.get(REFERER)?.to_str().ok()?;
    ["http://", "https://"].iter().any(|scheme| from.starts_with(scheme)).then_some(from)
}

/// What the person speaks.
pub(super) fn language(headers: &HeaderMap) -> Language {
    headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).map_or(Language::En, Language::accepted)
}

/// The picture of a captcha, for a page without JavaScript; `None` where none is offered.
pub(super) fn picture<'a>(issued: &'a Issued, form: Option<&'a str>) -> Option<Picture<'a>> {
    issued.offers.iter().find_map(|offer| match offer {
        Offer::Image { image, audio, .. } => {
            Some(Picture { token: &issued.token, image, audio: Some(audio), form, solve: issued.solve })
        }
        Offer::Widget { .. } | Offer::Sms { .. } => None,
    })
}

/// A page, under its policy.
pub(super) fn answer(status: StatusCode, html: String, policy: &str) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::own(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NO_SNIFFING, HeaderValue::from_static("nosniff"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(lines: &[(&'static str, &'static str)]) -> Parts {
        let mut parts = http::Request::new(()).into_parts().0;
        for (name, value) in lines {
            parts.headers.append(*name, HeaderValue::from_static(value));
        }
        parts
    }

    #[test]
    fn a_page_is_for_who_shows_one() {
        const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
        const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (lines, wanted) in [
            (&[("sec-fetch-mode", "navigate")][..], true),
            (&[("sec-fetch-mode", "cors"), FORM, HTML], false),
            (&[("sec-fetch-mode", "no-cors"), FORM, HTML], false),
            (&[FORM, HTML], true),
            (&[("content-type", "multipart/form-data; boundary=x"), HTML], true),
            (&[("content-type", "application/json"), HTML], false),
            (&[FORM, ("accept", "*/*")], false),
            (&[FORM], false),
            (&[], false),
        ] {
            assert_eq!(is_wanted(&parts(lines).headers), wanted, "{lines:?}");
        }
    }

    #[test]
    fn a_document_is_navigated_to() {
        const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (lines, navigates) in [
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")][..], true),
            (&[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")], true),
            (&[("sec-fetch-mode", "cors"), HTML], false),
            (&[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty"), HTML], false),
            (&[HTML], true),
            (&[("accept", "*/*")], false),
            (&[], false),
        ] {
            assert_eq!(is_navigation(&parts(lines).headers), navigates, "{lines:?}");
        }
    }

    #[test]
    fn whoever_comes_from_another_site_is_foreign() {
        const HOME: (&str, &str) = ("host", "shop.example");
        for (lines, foreign) in [
            (&[HOME, ("sec-fetch-site", "same-origin")][..], false),
            (&[HOME, ("sec-fetch-site", "same-site")], false),
            (&[HOME, ("sec-fetch-site", "none")], false),
            (&[HOME, ("sec-fetch-site", "cross-site")], true),
            (&[HOME, ("origin", "https://shop.example")], false),
            (&[HOME, ("origin", "https://SHOP.example")], false),
            (&[HOME, ("origin", "https://evil.example")], true),
            (&[HOME, ("origin", "null")], false),
            (&[HOME], false),
        ] {
            assert_eq!(is_foreign(&parts(lines)), foreign, "{lines:?}");
        }
    }
}
