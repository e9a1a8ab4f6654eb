//! What a proxy does to headers: which requests it refuses, what it removes, and what it tells the upstream.
//!
//! Must not know: connections, bodies, decisions.

use std::net::IpAddr;

use http::header::{CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};

use crate::extract::{ForwardedHeader, TrustedProxies};
use crate::gate::{PAGE_COOKIE, PASS_COOKIE};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whom a request came from, as far as headers tell it on.
#[derive(Debug)]
pub(super) struct Peer {
    /// The address of the connection, or of its PROXY header.
    pub(super) ip: IpAddr,
    /// The same as a header's value.
    pub(super) ip_text: HeaderValue,
    /// Whether it came by TLS.
    pub(super) tls: bool,
}

impl Peer {
    /// Whether what it says of an origin in this header is believed. What is spelt with `_` its client wrote.
    fn may_claim(&self, name: &str, trusted: &TrustedProxies) -> bool {
        let clients = match trusted.header {
            ForwardedHeader::XForwardedFor => FORWARDED,
            ForwardedHeader::Forwarded => X_FORWARDED_FOR,
        };
        trusted.contains(self.ip) && name != clients.as_str() && !name.contains('_')
    }
}

/// Why a request can't be forwarded by anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A tunnel is asked for.
    Connect,
    /// No host, several, or one that the target contradicts.
    Host,
    /// The `Connection` header names a header that isn't the connection's.
    Connection,
    /// There is no path.
    Target,
    /// A transfer coding besides `chunked`.
    Coding,
}

impl Malformed {
    /// One sentence for the client's developer.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::Connect => "this is no forward proxy",
            Self::Host => "the request must name exactly one host",
            Self::Connection => "the Connection header names a header that belongs to the message",
            Self::Target => "the request has no path",
            Self::Coding => "the only transfer coding that is understood is chunked",
        }
    }
}

/// Refuses what two programs could read in two ways. Bad framing was refused by the parser before.
pub(super) fn check(parts: &Parts) -> Result<(), Malformed> {
    if parts.method == Method::CONNECT {
        return Err(Malformed::Connect);
    }
    if parts.uri.path_and_query().is_none_or(|target| target.as_str().is_empty()) {
        return Err(Malformed::Target);
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next();
    let usual_port = if parts.uri.scheme_str() == Some("https") { b":443".as_slice() } else { b":80" };
    let differs = |authority: &http::uri::Authority| {
        let named = without(usual_port, authority.as_str().as_bytes());
        host.is_some_and(|host| !without(usual_port, host.as_bytes()).eq_ignore_ascii_case(named))
    };
    let none = host.is_none() && parts.uri.authority().is_none() && parts.version == Version::HTTP_11;
    if none || hosts.next().is_some() || parts.uri.authority().is_some_and(differs) {
        return Err(Malformed::Host);
    }
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    let coded = codings.next().is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if coded || codings.next().is_some() {
        return Err(Malformed::Coding);
    }
    if connection_options(&parts.headers).any(|name| name.is_none_or(is_essential)) {
        return Err(Malformed::Connection);
    }
    Ok(())
}

/// A host without this port, which it means without one too.
fn without<'a>(port: &[u8], host: &'a [u8]) -> &'a [u8] {
    host.strip_suffix(port).unwrap_or(host)
}

/// Whether the `Connection` header takes headers of the message with it. On a protected endpoint that would be a gap
/// between what was judged and what the app reads.
pub(super) fn connection_hides_headers(headers: &HeaderMap) -> bool {
    connection_options(headers)
        .flatten()
        .any(|name| !is_hop_by_hop(name) && HeaderName::try_from(name).is_ok_and(|name| headers.contains_key(name)))
}

/// What the connection was asked to become, where that can be passed on. `h2c` and its like can't: the client would
/// go on speaking HTTP to the upstream, past the gate.
pub(super) fn upgrade(parts: &Parts) -> Option<HeaderValue> {
    let wanted = parts.headers.get(UPGRADE)?;
    let asked = connection_options(&parts.headers).flatten().any(|name| name.eq_ignore_ascii_case("upgrade"));
    let protocols = wanted.to_str().ok()?;
    let speaks_http = protocols.split(',').map(|protocol| protocol.trim().to_ascii_lowercase()).any(|protocol| {
        protocol.is_empty() || ["h2c", "h2", "http", "tls"].contains(&protocol.split('/').next().unwrap_or_default())
    });
    let once = parts.headers.get_all(UPGRADE).iter().count() == 1;
    (asked && once && !speaks_http && parts.version == Version::HTTP_11).then(|| wanted.clone())
}

/// Makes a checked request one for the upstream: origin form, one host, no header of the connection, none of sendwall's,
/// and the truth about where it came from.
///
/// The upstream gets `X-Forwarded-For`, `-Proto` and `-Host`. From a trusted proxy they are added to; from anyone else
/// they are replaced, and everything else that claims an origin (`Forwarded`, `X-Real-IP`, other `X-Forwarded-*`, also
/// spelt with `_`) is removed. Of `X-Forwarded-For` and `Forwarded` a trusted proxy writes one; the other is its client's,
/// and removed. `Forwarded` is added to where a trusted proxy uses it, and not begun. `X-Original-URL` and `X-Rewrite-URL`
/// go whoever wrote them: an app could route by them, past what was judged.
pub(super) fn to_upstream(
    parts: &mut Parts,
    (peer, trusted): (&Peer, &TrustedProxies),
    upgrade: Option<HeaderValue>,
    upstream_host: &HeaderValue,
) {
    let trailers = parts.headers.get_all(TE).iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    remove_hop_by_hop(&mut parts.headers, |name| {
        is_sendwalls(name)
            || name == EXPECT.as_str()
            || names_a_path(name)
            || (claims_origin(name) && !peer.may_claim(name, trusted))
    });
    let headers = &mut parts.headers;
    remove_cookie(headers, PASS_COOKIE);
    remove_cookie(headers, PAGE_COOKIE);
    join_cookies(headers);
    if let Some(authority) = parts.uri.authority() {
        if !headers.contains_key(HOST)
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            headers.insert(HOST, host);
        }
        let target = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        parts.uri = Uri::from(target);
    }
    let host = headers.get(HOST).unwrap_or(upstream_host).clone();
    if !headers.contains_key(HOST) {
        headers.insert(HOST, host.clone());
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    parts.version = Version::HTTP_11;
    tell_origin(headers, peer, host);
}

/// Removes a cookie of sendwall's from the request. The others stay as they are, byte by byte.
fn remove_cookie(headers: &mut HeaderMap, name: &str) {
    let is_ours = |pair: &[u8]| {
        pair.trim_ascii_start()
            .strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.trim_ascii_start().first().is_none_or(|byte| *byte == b'='))
    };
    let ours = |line: &HeaderValue| line.as_bytes().split(|byte| *byte == b';').any(is_ours);
    if !headers.get_all(COOKIE).iter().any(ours) {
        return;
    }
    let lines: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    headers.remove(COOKIE);
    for line in lines {
        let pairs: Vec<&[u8]> = line.as_bytes().split(|byte| *byte == b';').filter(|pair| !is_ours(pair)).collect();
        let kept = pairs.join(&b';');
        if let (false, Ok(value)) = (kept.trim_ascii().is_empty(), HeaderValue::from_bytes(kept.trim_ascii_start())) {
            headers.append(COOKIE, value);
        }
    }
}

/// Makes several `Cookie` lines one: clients of HTTP/2 may split it, and apps behind HTTP/1.1 read a single one (RFC 9113,
/// section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(value) = HeaderValue::from_bytes(&lines.join(b"; ".as_slice())) {
        headers.insert(COOKIE, value);
    }
}

fn tell_origin(headers: &mut HeaderMap, peer: &Peer, host: HeaderValue) {
    let proto = if peer.tls { "https" } else { "http" };
    if headers.contains_key(FORWARDED) {
        let address = match peer.ip {
            IpAddr::V4(ip) => format!("for={ip};proto={proto}"),
            IpAddr::V6(ip) => format!("for=\"[{ip}]\";proto={proto}"),
        };
        append(headers, FORWARDED, address.as_bytes());
    }
    if headers.contains_key(X_FORWARDED_FOR) {
        append(headers, X_FORWARDED_FOR, peer.ip_text.as_bytes());
    } else {
        headers.insert(X_FORWARDED_FOR, peer.ip_text.clone());
    }
    headers.entry(X_FORWARDED_PROTO).or_insert(HeaderValue::from_static(proto));
    headers.entry(X_FORWARDED_HOST).or_insert(host);
}

/// Adds to a list: several lines become one.
fn append(headers: &mut HeaderMap, name: HeaderName, last: &[u8]) {
    let mut list = Vec::with_capacity(64);
    for value in headers.get_all(&name) {
        list.extend_from_slice(value.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(last);
    if let Ok(value) = HeaderValue::from_maybe_shared(bytes::Bytes::from(list)) {
        headers.insert(name, value);
    }
}

/// Says how a body goes to the upstream: by the length that the client gave, else in chunks.
pub(super) fn frame(headers: &mut HeaderMap) {
    if !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// Makes the upstream's answer one for the client.
pub(super) fn to_client(headers: &mut HeaderMap) {
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    remove_hop_by_hop(headers, is_sendwalls);
}

/// Removes the connection's own headers, those that it names, and those for which `also` holds.
fn remove_hop_by_hop(headers: &mut HeaderMap, also: impl Fn(&str) -> bool) {
    let mut doomed: Vec<HeaderName> = Vec::new();
    for name in headers.keys() {
        if is_hop_by_hop(name.as_str()) || also(name.as_str()) {
            doomed.push(name.clone());
        }
    }
    if headers.contains_key(CONNECTION) {
        let named = connection_options(headers).flatten().filter(|name| !is_hop_by_hop(name) && !is_essential(name));
        doomed.extend(named.filter_map(|name| HeaderName::try_from(name).ok()));
    }
    for name in doomed {
        headers.remove(name);
    }
}

/// The names in `Connection`; `None` for a value that is no text.
fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let values = headers.get_all(CONNECTION).iter();
    values.flat_map(|value| value.to_str().unwrap_or("\u{0}").split(',')).filter_map(|name| match name.trim() {
        "" => None,
        "\u{0}" => Some(None),
        name => Some(Some(name)),
    })
}

fn is_hop_by_hop(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ];
    // Few names begin with one of these letters, so most are settled by the first.
    let first = name.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
    matches!(first, b'c' | b'k' | b'p' | b't' | b'u' | b'h') && NAMES.iter().any(|hop| name.eq_ignore_ascii_case(hop))
}

/// Whether a message means something else without this header. Naming it in `Connection` is an attack or a mistake.
fn is_essential(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["host", "content-length", "transfer-encoding", "content-type", "content-encoding", "sendwall-decision"];
    NAMES.iter().any(|essential| name.eq_ignore_ascii_case(essential))
}

/// Whether the name is sendwall's, also spelt with `_`, which some servers take for `-`.
fn is_sendwalls(name: &str) -> bool {
    name.starts_with("sendwall-") || name.starts_with("sendwall_")
}

/// Whether frameworks may route by this header in place of the path that was judged: old Symfony and Zend, and what
/// stands behind IIS.
fn names_a_path(name: &str) -> bool {
    const NAMES: [&str; 2] = ["x-original-url", "x-rewrite-url"];
    name.starts_with('x') && NAMES.contains(&name.replace('_', "-").as_str())
}

fn claims_origin(name: &str) -> bool {
    match name.as_bytes().first() {
        Some(b'f') => name == FORWARDED.as_str(),
        Some(b'x') => {
            let name = name.replace('_', "-");
            name.starts_with("x-forwarded-") || name == "x-real-ip" || name == "x-forwarded"
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn trusted(is_trusted: bool, header: ForwardedHeader) -> TrustedProxies {
        let networks = is_trusted.then(|| "192.0.2.0/24".parse().unwrap()).into_iter().collect();
        TrustedProxies { networks, header }
    }

    fn parts(target: &str, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(target);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn sent(trusted: bool, lines: &[(&str, &str)]) -> String {
        sent_by(&self::trusted(trusted, ForwardedHeader::default()), lines)
    }

    fn sent_by(trusted: &TrustedProxies, lines: &[(&str, &str)]) -> String {
        let (ip, ip_text) = ("192.0.2.7".parse().unwrap(), HeaderValue::from_static("192.0.2.7"));
        let peer = Peer { ip, ip_text, tls: true };
        let mut parts = parts("/a?b", lines);
        let upgrade = upgrade(&parts);
        to_upstream(&mut parts, (&peer, trusted), upgrade, &HeaderValue::from_static("app:3000"));
        let mut lines: Vec<_> =
            parts.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines.join("; ")
    }

    const ORIGIN: &str = "host: shop; x-forwarded-for: 192.0.2.7; x-forwarded-host: shop; x-forwarded-proto: https";

    #[test]
    fn a_stranger_cannot_lie_about_where_it_comes_from() {
        let lies = [
            ("host", "shop"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x_forwarded_for", "10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("x-forwarded-port", "1"),
            ("sendwall-verdict", "forward"),
            ("sendwall_score", "0"),
        ];
        assert_eq!(sent(false, &lies), ORIGIN);
    }

    #[test]
    fn what_a_trusted_proxy_does_not_write_is_its_clients_claim() {
        let lines = [
            ("host", "shop"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x-real-ip", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("x_forwarded_for", "10.0.0.1"),
        ];
        let rest = "x-forwarded-host: shop; x-forwarded-proto: http; x-real-ip: 10.0.0.1";
        for (header, expected) in [
            (ForwardedHeader::XForwardedFor, "host: shop; x-forwarded-for: 10.0.0.1, 192.0.2.7; "),
            (
                ForwardedHeader::Forwarded,
                "forwarded: for=10.0.0.1, for=192.0.2.7;proto=https; host: shop; x-forwarded-for: 192.0.2.7; ",
            ),
        ] {
            assert_eq!(sent_by(&trusted(true, header), &lines), format!("{expected}{rest}"));
        }
    }

    #[test]
    fn no_header_leads_past_the_path_that_was_judged() {
        for name in ["x-original-url", "x-rewrite-url", "x_original_url", "X-Rewrite_URL"] {
            for trusted in [false, true] {
                assert_eq!(sent(trusted, &[("host", "shop"), (name, "/api/send-code")]), ORIGIN, "{name}");
            }
        }
    }

    #[test]
    fn headers_of_the_connection_stay_on_it() {
        let hop = [
            ("host", "shop"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic x"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABk"),
            ("expect", "100-continue"),
        ];
        assert_eq!(sent(false, &hop), ORIGIN);
        let kept = sent(false, &[("host", "shop"), ("te", "trailers"), ("transfer-encoding", "chunked")]);
        assert_eq!(kept, ORIGIN.replacen("host: shop; ", "host: shop; te: trailers; ", 1));
        let socket = sent(false, &[("host", "shop"), ("connection", "Upgrade"), ("upgrade", "websocket")]);
        let origin = ORIGIN.replacen("host: shop; ", "host: shop; upgrade: websocket; ", 1);
        assert_eq!(socket, format!("connection: upgrade; {origin}"));
    }

    #[test]
    fn a_pass_stays_here() {
        for (before, after) in [
            ("sid=1; sendwall_pass=abc; b=\"2\"", "cookie: sid=1; b=\"2\"; "),
            ("sendwall_pass=abc; sid=1", "cookie: sid=1; "),
            ("sid=1;sendwall_pass=abc", "cookie: sid=1; "),
            ("sendwall_pass=abc", ""),
            (" sendwall_pass = abc ;sendwall_pass=d", ""),
            ("sendwall_pass; x=sendwall_pass=1", "cookie: x=sendwall_pass=1; "),
            ("my_sendwall_pass=1; sendwall_pass2=2", "cookie: my_sendwall_pass=1; sendwall_pass2=2; "),
        ] {
            let lines = [("host", "shop"), ("cookie", before), ("sendwall-pass", "abc"), ("sendwall_pass", "abc")];
            assert_eq!(sent(false, &lines), format!("{after}{ORIGIN}"), "{before}");
        }
    }

    #[test]
    fn several_cookie_lines_become_one() {
        for (lines, joined) in [
            (&["sid=1", "theme=dark", "q=\"a b\""][..], "cookie: sid=1; theme=dark; q=\"a b\"; "),
            (&["sid=1; a=2", "b=3"], "cookie: sid=1; a=2; b=3; "),
            (&["sid=1", "sendwall_pass=x", "sendwall_page=y", "b=3"], "cookie: sid=1; b=3; "),
            (&["sid=1;b=2"], "cookie: sid=1;b=2; "),
        ] {
            let cookies = lines.iter().map(|line| ("cookie", *line));
            let lines: Vec<_> = [("host", "shop")].into_iter().chain(cookies).collect();
            assert_eq!(sent(false, &lines), format!("{joined}{ORIGIN}"), "{lines:?}");
        }
    }

    #[test]
    fn upgrades_to_http_are_not_passed_on() {
        for (protocol, passes) in [
            ("websocket", true),
            ("h2c", false),
            ("H2C", false),
            ("websocket, h2c", false),
            ("HTTP/2.0", false),
            ("TLS/1.2", false),
            ("mqtt", true),
        ] {
            let asked = upgrade(&parts("/", &[("host", "a"), ("connection", "upgrade"), ("upgrade", protocol)]));
            assert_eq!(asked.is_some(), passes, "{protocol}");
        }
        assert!(upgrade(&parts("/", &[("host", "a"), ("upgrade", "websocket")])).is_none(), "not asked for");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (target, lines, expected) in [
            ("/", &[("host", "a")][..], Ok(())),
            ("/", &[], Err(Malformed::Host)),
            ("/", &[("host", "a"), ("host", "a")], Err(Malformed::Host)),
            ("http://a/", &[("host", "A")], Ok(())),
            ("http://a/", &[("host", "b")], Err(Malformed::Host)),
            ("http://a:80/", &[("host", "a")], Ok(())),
            ("http://a/", &[("host", "A:80")], Ok(())),
            ("https://a:443/", &[("host", "a")], Ok(())),
            ("http://a:443/", &[("host", "a")], Err(Malformed::Host)),
            ("http://a:8080/", &[("host", "a:80")], Err(Malformed::Host)),
            ("/", &[("host", "a"), ("connection", "close, content-length")], Err(Malformed::Connection)),
            ("/", &[("host", "a"), ("connection", "Host")], Err(Malformed::Connection)),
            ("/", &[("host", "a"), ("connection", "transfer-encoding")], Err(Malformed::Connection)),
            ("/", &[("host", "a"), ("connection", "keep-alive, x-mine")], Ok(())),
            ("/", &[("host", "a"), ("transfer-encoding", "Chunked")], Ok(())),
            ("/", &[("host", "a"), ("transfer-encoding", "gzip, chunked")], Err(Malformed::Coding)),
            (
                "/",
                &[("host", "a"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
                Err(Malformed::Coding),
            ),
        ] {
            assert_eq!(check(&parts(target, lines)), expected, "{target} {lines:?}");
        }
        assert!(connection_hides_headers(&parts("/", &[("connection", "x-phone"), ("x-phone", "1")]).headers));
        assert!(!connection_hides_headers(&parts("/", &[("connection", "keep-alive, x-phone")]).headers));
    }
}
