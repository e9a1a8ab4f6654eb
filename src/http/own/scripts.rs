//! The scripts that pages include.

use http::header::{
    ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::OWN_PATH;
use crate::challenge::web::assets;
use crate::challenge::web::assets::Asset;
use crate::challenge::web::language::Language;
use crate::http::answer_body::AnswerBody;
use crate::http::page;

/// How long a browser uses a script without asking: a new sendwall's is there an hour later at the latest.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const NO_SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The script that is asked for, where it is one.
pub(super) fn script(parts: &Parts) -> Option<Response<AnswerBody>> {
    if ![Method::GET, Method::HEAD].contains(&parts.method) {
        return None;
    }
    let query = parts.uri.query().unwrap_or_default();
    let named = query.split('&').find_map(|pair| pair.strip_prefix("lang="));
    let language = named.and_then(Language::of_tag).unwrap_or_else(|| page::language(&parts.headers));
    let asset = assets::script(parts.uri.path().strip_prefix(OWN_PATH)?.strip_prefix('/')?, language)?;
    Some(answer(asset, parts, named.is_none()))
}

/// Any page of any site may include them; nothing in them is anyone's.
fn answer(asset: &Asset, parts: &Parts, by_header: bool) -> Response<AnswerBody> {
    let fresh = parts.headers.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &asset.etag));
    let mut response = Response::new(AnswerBody::own(if fresh { bytes::Bytes::new() } else { asset.body.clone() }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8"));
    headers.insert(CACHE_CONTROL, CACHE);
    headers.insert(NO_SNIFFING, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(tag) = HeaderValue::try_from(asset.etag.as_str()) {
        headers.insert(ETAG, tag);
    }
    if by_header {
        headers.insert(VARY, HeaderValue::from(ACCEPT_LANGUAGE));
    }
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}

/// Whether an `If-None-Match` names this tag.
fn names(tags: &HeaderValue, etag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == etag || tag == "*")
}
