//! Who may ask: the token, and where there is none, pages of other origins kept out.
//!
//! Without a token the listener is on loopback, so what is left to fear is the operator's own browser. A page can make
//! it ask under a name that the page's owner points at 127.0.0.1 (DNS rebinding): so only names that are loopback by
//! themselves are answered. And a page can make it post to 127.0.0.1 blindly: so posts from other origins are refused.

use std::net::IpAddr;

use http::StatusCode;
use http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use ring::digest::{SHA256, digest};

use super::answer::{self, Answer};
use crate::privacy::Secret;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `Err` is the refusal.
pub(super) fn check(token: Option<&Secret>, request: &Parts) -> Result<(), Box<Answer>> {
    match token {
        Some(_) if matches!(request.uri.path(), "/healthz" | "/readyz") => Ok(()),
        Some(token) if has_token(request, token) => Ok(()),
        Some(_) => Err(Box::new(answer::unauthorized())),
        None if !asks_loopback(request) => {
            let message = "without a token only requests to localhost, 127.0.0.1 or [::1] are answered";
            Err(Box::new(answer::error(StatusCode::FORBIDDEN, "wrong_host", message)))
        }
        None if !request.method.is_safe() && from_elsewhere(request) => {
            let message = "pages of other origins may not change anything here";
            Err(Box::new(answer::error(StatusCode::FORBIDDEN, "cross_origin", message)))
        }
        None => Ok(()),
    }
}

/// Whether whoever asks may be told everything: always, where no token is asked for.
pub(super) fn knows(token: Option<&Secret>, request: &Parts) -> bool {
    token.is_none_or(|token| has_token(request, token))
}

fn has_token(request: &Parts, token: &Secret) -> bool {
    let given = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    given.is_some_and(|given| same(given, token.expose()))
}

/// Compares hashes, all bytes of them: the time taken tells neither the length nor how much was right.
fn same(given: &str, wanted: &str) -> bool {
    let (given, wanted) = (digest(&SHA256, given.as_bytes()), digest(&SHA256, wanted.as_bytes()));
    let difference = given.as_ref().iter().zip(wanted.as_ref()).fold(0, |all, (a, b)| all | (a ^ b));
    std::hint::black_box(difference) == 0
}

fn asks_loopback(request: &Parts) -> bool {
    let by_uri = request.uri.authority().is_none_or(|authority| is_loopback(authority.host()));
    // Every browser sends a host; what sends none is no browser.
    let by_header = request.headers.get_all(HOST).iter().all(|host| {
        let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        authority.is_some_and(|authority| is_loopback(authority.host()))
    });
    by_uri && by_header
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn from_elsewhere(request: &Parts) -> bool {
    let site = request.headers.get(SEC_FETCH_SITE);
    let other_site = site.is_some_and(|site| site != "same-origin" && site != "none");
    let own = |origin: &str| {
        let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
        origin.split_once("://").map(|(_, authority)| authority) == host
    };
    let origin = request.headers.get(ORIGIN);
    other_site || origin.is_some_and(|origin| !origin.to_str().is_ok_and(own))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(token: Option<&str>, request: http::request::Builder) -> u16 {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(token.map(Secret::new).as_ref(), &parts).err().map_or(200, |answer| answer.status().as_u16())
    }

    #[test]
    fn without_a_token_only_loopback_names_are_answered() {
        for host in ["localhost:9090", "LocalHost", "127.0.0.1:9090", "127.9.9.9", "[::1]:9090"] {
            assert_eq!(status(None, Request::get("/").header("host", host)), 200, "{host}");
        }
        for host in [
            "evil.example:9090",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "10.0.0.1",
            "",
            "[::2]",
        ] {
            assert_eq!(status(None, Request::get("/metrics").header("host", host)), 403, "{host}");
        }
        let two = Request::get("/").header("host", "localhost").header("host", "evil.example");
        assert_eq!(status(None, two), 403);
        assert_eq!(status(None, Request::get("http://evil.example/").header("host", "localhost")), 403);
    }

    #[test]
    fn without_a_token_pages_of_other_origins_cannot_post() {
        let post = || Request::post("/api/reload").header("host", "127.0.0.1:9090");
        assert_eq!(status(None, post()), 200);
        assert_eq!(status(None, post().header("origin", "http://127.0.0.1:9090")), 200);
        assert_eq!(status(None, post().header("sec-fetch-site", "same-origin")), 200);
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000"] {
            assert_eq!(status(None, post().header("origin", origin)), 403, "{origin}");
        }
        assert_eq!(status(None, post().header("sec-fetch-site", "cross-site")), 403);
        let delete = Request::delete("/api/lists").header("host", "127.0.0.1:9090");
        assert_eq!(status(None, delete.header("origin", "https://evil.example")), 403);
    }

    #[test]
    fn a_token_is_asked_for_everywhere_but_at_the_health_checks() {
        let token = Some("a-long-token");
        let with = |value: &str| Request::get("/metrics").header("authorization", value);
        assert_eq!(status(token, with("Bearer a-long-token")), 200);
        assert_eq!(status(token, with("bearer a-long-token").header("host", "admin.example")), 200);
        for wrong in ["Bearer a-long-toke", "Bearer a-long-token2", "Bearer", "a-long-token", "Basic a-long-token"] {
            assert_eq!(status(token, with(wrong)), 401, "{wrong}");
        }
        assert_eq!(status(token, Request::get("/metrics")), 401);
        assert_eq!(status(token, Request::get("/healthz")), 200);
        assert_eq!(status(token, Request::get("/readyz")), 200);
    }
}
