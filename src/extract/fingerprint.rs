//! What a client's headers look like: their names in order, and the agent without its versions.
//!
//! To be taken before any header is removed: removing one from a header map reorders the rest.

use http::HeaderMap;
use http::header::USER_AGENT;

use super::traits::traits;
use crate::domain::Fingerprint;

/// Longest agent that is kept, in bytes.
const MAX_AGENT: usize = 120;

/// The fingerprint of these headers, and of the TLS handshake where somebody in front of us took its JA4. What a proxy
/// adds, or what changes from request to request of one client (cookies, lengths, validators), doesn't count.
pub fn fingerprint(headers: &HeaderMap, ja4: Option<&str>) -> Fingerprint {
    let agent = headers.get(USER_AGENT).map(|value| without_versions(value.as_bytes())).unwrap_or_default();
    let mut hash = Fnv::new();
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| belongs_to_client(name)) {
        hash.write(name.as_bytes());
        hash.write(b"\n");
    }
    hash.write(agent.as_bytes());
    if let Some(ja4) = ja4 {
        hash.write(b"\n");
        hash.write(ja4.as_bytes());
    }
    Fingerprint { hash: hash.0, agent: agent.into(), traits: traits(headers, ja4) }
}

fn belongs_to_client(name: &str) -> bool {
    const PREFIXES: [&str; 8] = ["x-forwarded-", "x-amzn-", "x-envoy-", "x-b3-", "cf-", "fly-", "sendwall-", "if-"];
    let per_request = matches!(
        name,
        "cookie"
            | "content-length"
            | "transfer-encoding"
            | "connection"
            | "keep-alive"
            | "te"
            | "host"
            | "forwarded"
            | "via"
            | "x-real-ip"
            | "x-client-ip"
            | "true-client-ip"
            | "x-request-id"
            | "x-correlation-id"
            | "x-cloud-trace-context"
            | "traceparent"
            | "tracestate"
            | "authorization"
            | "cache-control"
            | "pragma"
            | "expect"
            | "referer"
    );
    !per_request
        && !name.contains("ja4")
        && !name.contains("ja3")
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `Mozilla (Windows NT; Win; x) AppleWebKit Chrome Safari`: printable ASCII, without digits, without what follows a
/// slash, without the comment that every browser carries.
fn without_versions(agent: &[u8]) -> String {
    let mut text = String::with_capacity(agent.len().min(MAX_AGENT));
    let (mut in_version, mut after_digit) = (false, false);
    for &byte in agent.iter().take(1024) {
        let ends_version = matches!(byte, b' ' | b';' | b'(' | b')' | b',');
        in_version = (in_version && !ends_version) || byte == b'/';
        let digit = byte.is_ascii_digit();
        let part_of_number = digit || (after_digit && matches!(byte, b'.' | b'_'));
        after_digit = part_of_number;
        if in_version || part_of_number || !(byte.is_ascii_graphic() || byte == b' ') {
            continue;
        }
        let last = text.chars().next_back();
        if byte == b' ' && matches!(last, None | Some(' ' | '(')) {
            continue;
        }
        if matches!(byte, b';' | b')' | b',') && last == Some(' ') {
            text.pop();
        }
        text.push(char::from(byte));
    }
    let mut text = text.replace(" (KHTML, like Gecko)", "");
    text.truncate(MAX_AGENT);
    text.truncate(text.trim_end().len());
    text
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine and in every version, which a fingerprint in a log
/// has to be. It hides nothing and need not.
struct Fnv(u64);

impl Fnv {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_lose_their_versions() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                "Mozilla (Windows NT; Win; x) AppleWebKit Chrome Safari",
            ),
            ("python-requests/2.31.0", "python-requests"),
            ("okhttp/4.9.3", "okhttp"),
            ("MyApp/1.2 (iPhone; iOS 17_1; Scale/3.00)", "MyApp (iPhone; iOS; Scale)"),
            ("", ""),
        ] {
            assert_eq!(without_versions(agent.as_bytes()), expected);
        }
        assert!(without_versions(&b"a\xff\x00b ".repeat(500)).len() <= MAX_AGENT);
    }

    fn of(lines: &[(&'static str, &'static str)]) -> u64 {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, http::HeaderValue::from_static(value));
        }
        fingerprint(&headers, None).hash
    }

    #[test]
    fn order_and_names_count_and_what_proxies_add_does_not() {
        let plain = of(&[("host", "a"), ("accept", "*/*"), ("user-agent", "x/1")]);
        assert_eq!(
            plain,
            of(&[("accept", "text/html"), ("x-forwarded-for", "1"), ("user-agent", "x/2"), ("cookie", "a=b")])
        );
        assert_ne!(plain, of(&[("user-agent", "x/1"), ("accept", "*/*")]));
        assert_ne!(plain, of(&[("accept", "*/*"), ("user-agent", "y/1")]));
        assert_ne!(plain, of(&[("accept", "*/*"), ("accept-language", "de"), ("user-agent", "x/1")]));
    }
}
