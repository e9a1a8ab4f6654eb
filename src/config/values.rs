//! Texts of the configuration to values: sizes, spans, addresses of the upstream, sources of phone and client.
//!
//! Must not know: where the text stood.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};
use ipnet::IpNet;

use super::source::Fault;
use crate::domain::{ClientSource, Country, Mode, NumberKind, Span};
use crate::extract::{MatchKey, Pattern, PhoneSource};
use crate::numbering::Numbering;
use crate::rules::nearest;

/// Whether a key of this name would hold a secret itself, and not the name of a file.
pub(super) fn names_a_secret(key: &str) -> bool {
    key == "key" || ["token", "secret", "password", "passphrase", "_key"].iter().any(|end| key.ends_with(end))
}

pub(super) fn one_of<T: Copy>(text: &str, options: &[(&'static str, T)]) -> Result<T, Fault> {
    let names = || options.iter().map(|(name, _)| *name);
    options.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
        let fault = Fault::new(format!("{text:?} is not one of {}", quoted(names())));
        match nearest(text, names()) {
            Some(name) => fault.hint(format!("did you mean {name:?}?")),
            None => fault,
        }
    })
}

/// `"a", "b"`.
pub(super) fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// Monitor or enforce.
pub(super) const MODES: [(&str, Mode); 2] = [("monitor", Mode::Monitor), ("enforce", Mode::Enforce)];

/// The name of a file or directory that may be made later; an empty one would be the directory of the text.
pub(super) fn own_path<'t>(text: &'t str, what: &str) -> Result<&'t str, Fault> {
    let hint = "name one for sendwall alone, or take the key out";
    if text.is_empty() { Err(Fault::new(format!("the name of the {what} is empty")).hint(hint)) } else { Ok(text) }
}

/// A name that metrics and logs can carry as it is.
pub(super) fn name(text: &str) -> Result<&str, Fault> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !text.is_empty() && text.len() <= 64 && text.chars().all(is_plain) {
        return Ok(text);
    }
    let hint = "write at most 64 letters, digits, hyphens, underscores and full stops";
    Err(Fault::new(format!("{text:?} can't be a name")).hint(hint))
}

pub(super) fn span(text: &str, range: &RangeInclusive<Span>) -> Result<Span, Fault> {
    let span: Span = text.parse().map_err(|_not_a_span| {
        Fault::new(format!("{text:?} is not a length of time")).hint("write a number and a unit, such as \"60s\"")
    })?;
    if range.contains(&span) {
        return Ok(span);
    }
    let hint = format!("write a time from {:?} to {:?}", range.start().to_string(), range.end().to_string());
    Err(Fault::new(format!("{text:?} is out of range")).hint(hint))
}

pub(super) const KIB: u64 = 1024;
pub(super) const MIB: u64 = 1024 * KIB;
pub(super) const GIB: u64 = 1024 * MIB;

pub(super) fn bytes(text: &str, range: &RangeInclusive<u64>) -> Result<u64, Fault> {
    let malformed =
        || Fault::new(format!("{text:?} is not a size")).hint("write a number and a unit, such as \"64MiB\"");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => GIB,
        "KB" | "kB" | "MB" | "GB" | "K" | "M" | "G" => {
            return Err(malformed().hint("sizes count in powers of two: KiB, MiB, GiB"));
        }
        _ => return Err(malformed()),
    };
    let number: u64 = number.parse().map_err(|_not_a_number| malformed())?;
    let size = number.checked_mul(factor).ok_or_else(malformed)?;
    if range.contains(&size) {
        return Ok(size);
    }
    let hint = format!("write a size from {} to {}", size_text(*range.start()), size_text(*range.end()));
    Err(Fault::new(format!("{text:?} is out of range")).hint(hint))
}

/// The largest unit that leaves no rest.
fn size_text(size: u64) -> String {
    let unit = [(GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")]
        .into_iter()
        .find(|(unit, _)| size >= *unit && size.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{size}B"), |(unit, name)| format!("{}{name}", size / unit))
}

pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_not_an_address| {
        let fault = Fault::new(format!("{text:?} is not an address with a port"));
        match text.strip_prefix(':').or(Some(text)).filter(|port| port.parse::<u16>().is_ok()) {
            Some(port) => {
                fault.hint(format!("write \"0.0.0.0:{port}\", or \"127.0.0.1:{port}\" for this machine alone"))
            }
            None => fault.hint("write an IP address and a port, such as \"127.0.0.1:8080\" or \"[::1]:8080\""),
        }
    })
}

/// The name of a host as providers tell it: without scheme, port and path.
pub(super) fn host_name(text: &str) -> Result<&str, Fault> {
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if text.len() <= 253 && text.split('.').all(is_label) || text.parse::<IpAddr>().is_ok() {
        return Ok(text);
    }
    let fault = Fault::new(format!("{text:?} is no name of a host"));
    match text.parse::<Uri>().ok().as_ref().and_then(Uri::host) {
        Some(host) if host != text => Err(fault.hint(format!("write the host alone, \"{host}\""))),
        _ => Err(fault.hint("write it as browsers show it, such as \"app.example\"")),
    }
}

/// A type and a subtype, such as `text/html`, with whatever parameters.
pub(super) fn content_type(text: &str) -> Result<HeaderValue, Fault> {
    let fault = || Fault::new(format!("{text:?} is no content type")).hint("write one such as \"application/json\"");
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let parts: Vec<&str> = essence.split('/').collect();
    if parts.len() != 2 || !parts.into_iter().all(is_token) {
        return Err(fault());
    }
    HeaderValue::from_str(text).map_err(|_not_a_value| fault())
}

/// The characters of a token of RFC 9110.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, Fault> {
    let network = text.parse().or_else(|_not_a_network| text.parse::<IpAddr>().map(IpNet::from));
    let network: IpNet = network.map_err(|_not_an_address| {
        Fault::new(format!("{text:?} is not a network")).hint("write one such as \"10.0.0.0/8\" or \"fd00::/8\"")
    })?;
    if network.trunc() == network {
        return Ok(network);
    }
    let fault = Fault::new(format!("{text:?} has bits beyond its prefix"));
    Err(fault.hint(format!(
        "write \"{}\" for the network, or \"{}\" for the address alone",
        network.trunc(),
        network.addr()
    )))
}

/// Method and path of an endpoint.
pub(super) fn pattern(text: &str) -> Result<Pattern, Fault> {
    Pattern::parse(text).map_err(|error| Fault::new(error.to_string()))
}

/// An upstream's address: TLS or not, host, port.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UpstreamUrl {
    pub(super) tls: bool,
    pub(super) host: Arc<str>,
    pub(super) port: u16,
}

/// Reads `http://host:port`. What is wrong with it isn't repeated: it may hold a password.
pub(super) fn upstream(text: &str) -> Result<UpstreamUrl, Fault> {
    const EXAMPLE: &str = "write the app's address, such as \"http://127.0.0.1:3000\"";
    if !text.contains("://") {
        return Err(Fault::new("the upstream has no scheme").hint(EXAMPLE));
    }
    let uri: Uri = text.parse().map_err(|_not_a_uri| Fault::new("the upstream is not a URL").hint(EXAMPLE))?;
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(Fault::new("the upstream is neither http nor https").hint(EXAMPLE)),
    };
    let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if authority.contains('@') {
        return Err(Fault::new("the upstream holds a user name or a password").hint(EXAMPLE).secret());
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        let hint = "requests keep the path that the client asked for; write the address without one";
        return Err(Fault::new("the upstream has a path").hint(hint));
    }
    let host = uri.host().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| Fault::new("the upstream has no host").hint(EXAMPLE))?;
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    if port == 0 || (uri.port_u16().is_none() && authority.ends_with(':')) {
        return Err(Fault::new("the upstream's port is missing").hint(EXAMPLE));
    }
    Ok(UpstreamUrl { tls, host: Arc::from(host.trim_matches(['[', ']'])), port })
}

impl UpstreamUrl {
    /// Whether this is where `listen` listens, as far as the text tells.
    pub(super) fn is(&self, listen: SocketAddr) -> bool {
        leads_to(&self.host, self.port, listen)
    }
}

/// Whether a host and a port are where `listen` listens, as far as the text tells.
pub(super) fn leads_to(host: &str, port: u16, listen: SocketAddr) -> bool {
    let address = match host {
        "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
        host => host.parse::<IpAddr>().ok(),
    };
    let same_host = address.is_some_and(|address| {
        address == listen.ip() || address.is_unspecified() || (listen.ip().is_unspecified() && address.is_loopback())
    });
    port == listen.port() && same_host
}

pub(super) fn country(text: &str) -> Result<Country, Fault> {
    let fault = || Fault::new(format!("{text:?} is not a country"));
    match text {
        "UK" | "uk" => Err(fault().hint("the United Kingdom is \"GB\"")),
        _ if text.starts_with('+') || text.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(fault().hint("write its two letters, such as \"GB\", not its calling code"))
        }
        _ => Numbering::default()
            .country(text)
            .ok_or_else(|| fault().hint("write its two letters of ISO 3166, such as \"GB\"")),
    }
}

pub(super) fn number_kind(text: &str) -> Result<NumberKind, Fault> {
    one_of(text, &NumberKind::ALL.map(|kind| (kind.name(), kind)))
}

pub(super) fn phone_source(text: &str) -> Result<PhoneSource, Fault> {
    const HINT: &str =
        "write \"auto\", \"json:/pointer\", \"form:name\", \"query:name\", \"path:2\", \"header:name\" or \"none\"";
    let fault = |message: String| Err(Fault::new(message).hint(HINT));
    match text.split_once(':') {
        None if text == "auto" => Ok(PhoneSource::Auto),
        None if text == "none" => Ok(PhoneSource::None),
        Some((kind, "")) => fault(format!("`{kind}:` names nothing")),
        Some(("json", pointer)) => json_pointer(pointer).map(PhoneSource::Json),
        Some(("form", name)) => Ok(PhoneSource::Form(Arc::from(name))),
        Some(("query", name)) => Ok(PhoneSource::Query(Arc::from(name))),
        Some(("header", name)) => header_name(name).map(PhoneSource::Header),
        Some(("path", segment)) => match segment.parse::<usize>() {
            Ok(segment @ 1..=64) => Ok(PhoneSource::Path(segment)),
            _ => fault("the path segment is a number from 1 to 64".to_owned()),
        },
        _ => fault(format!("{text:?} is no place of a phone")),
    }
}

pub(super) fn client_source(text: &str) -> Result<ClientSource, Fault> {
    let fault = |message: String| Fault::new(message).hint("write \"visit\", \"cookie:name\" or \"header:name\"");
    match text.split_once(':') {
        None if text == "visit" => Ok(ClientSource::Visit),
        Some((kind, "")) => Err(fault(format!("`{kind}:` names nothing"))),
        Some(("cookie", name)) => Ok(ClientSource::Cookie(Arc::from(name))),
        Some(("header", name)) => header_name(name).map(ClientSource::Header),
        _ => Err(fault(format!("{text:?} is no place of a client id"))),
    }
}

pub(super) fn match_key(text: &str) -> Result<MatchKey, Fault> {
    let fault = || Fault::new(format!("{text:?} is no way to match a verification with its send"));
    match text.split_once(':') {
        None if text == "phone" => Ok(MatchKey::Phone),
        None if text == "client" => Ok(MatchKey::Client),
        Some(("response", pointer)) => json_pointer(pointer).map(MatchKey::Response),
        None if ["ip", "address", "network"].contains(&text) => {
            Err(fault()
                .hint("thousands of people share one address; use \"phone\", \"client\" or \"response:/pointer\""))
        }
        _ => Err(fault().hint("write \"phone\", \"client\" or \"response:/pointer\"")),
    }
}

/// A JSON pointer (RFC 6901).
fn json_pointer(text: &str) -> Result<Arc<str>, Fault> {
    let escapes_are_whole = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    if text.starts_with('/') && escapes_are_whole {
        return Ok(Arc::from(text));
    }
    let fault = Fault::new(format!("{text:?} is no JSON pointer"));
    Err(fault.hint("write the names from the outside in, each after a slash, such as \"/user/phone\""))
}

/// The name of a header.
pub(super) fn header(text: &str) -> Result<HeaderName, Fault> {
    text.parse().map_err(|_not_a_name| Fault::new(format!("{text:?} is no name of a header")))
}

fn header_name(text: &str) -> Result<Arc<str>, Fault> {
    Ok(Arc::from(header(text)?.as_str()))
}

/// An origin as browsers send it: scheme, host, and the port where it isn't the usual one.
pub(super) fn origin(text: &str) -> Result<HeaderValue, Fault> {
    let fault = || {
        Fault::new(format!("{text:?} is no origin")).hint(
            "write scheme and host, with the port where it is not the usual one, such as \"https://shop.example\"",
        )
    };
    let (scheme, authority) = text.split_once("://").ok_or_else(fault)?;
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    let exact = ["http", "https"].contains(&scheme)
        && !authority.is_empty()
        && !authority.contains(['/', '?', '#', '@', '*'])
        && !authority.ends_with(usual_port)
        && !authority.contains(|c: char| c.is_ascii_uppercase());
    if exact { HeaderValue::from_str(text).map_err(|_not_a_value| fault()) } else { Err(fault()) }
}

/// A header that the operator adds to an answer.
pub(super) fn answer_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Fault> {
    const OURS: [&str; 5] = ["content-length", "transfer-encoding", "connection", "content-type", "trailer"];
    let name: HeaderName =
        name.parse().map_err(|_not_a_name| Fault::new(format!("{name:?} is no name of a header")))?;
    if name == "content-type" {
        return Err(Fault::new("the content type has a key of its own").hint("write it as `content_type`"));
    }
    if OURS.contains(&name.as_str()) || name.as_str().starts_with("sendwall-") {
        return Err(Fault::new(format!("`{name}` is set by sendwall itself")));
    }
    let value = HeaderValue::from_str(value).map_err(|_not_a_value| Fault::new("this is no value of a header"))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_powers_of_two() {
        let range = 1..=GIB;
        for (text, size) in [("1", 1), ("64KiB", 64 * KIB), ("64 MiB", 64 * MIB), ("1GiB", GIB), ("5B", 5)] {
            assert_eq!(bytes(text, &range).ok(), Some(size), "{text}");
        }
        for bad in ["", "MiB", "64MB", "0", "2GiB", "-1", "1.5MiB", "99999999999999999GiB"] {
            assert!(bytes(bad, &range).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_upstream_is_scheme_host_and_port() {
        let read = |text| upstream(text).ok().map(|url| (url.tls, url.host.to_string(), url.port));
        for (text, expected) in [
            ("http://127.0.0.1:3000", Some((false, "127.0.0.1".to_owned(), 3000))),
            ("http://app/", Some((false, "app".to_owned(), 80))),
            ("https://app.example", Some((true, "app.example".to_owned(), 443))),
            ("http://[::1]:3000", Some((false, "::1".to_owned(), 3000))),
            ("127.0.0.1:3000", None),
            ("http://user:pw@app", None),
            ("http://app/api", None),
            ("http://app?x", None),
            ("http://app:0", None),
            ("http://app:", None),
            ("http://:3000", None),
            ("ftp://app", None),
            ("", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn an_upstream_that_is_the_listener_is_noticed() {
        for (url, listen, same) in [
            ("http://127.0.0.1:80", "0.0.0.0:80", true),
            ("http://localhost:80", "127.0.0.1:80", true),
            ("http://[::1]:80", "[::]:80", true),
            ("http://127.0.0.1:81", "0.0.0.0:80", false),
            ("http://10.0.0.7:80", "0.0.0.0:80", false),
            ("http://app:80", "0.0.0.0:80", false),
        ] {
            assert_eq!(upstream(url).unwrap().is(listen.parse().unwrap()), same, "{url} at {listen}");
        }
    }

    #[test]
    fn sources_read_and_nonsense_is_refused() {
        for good in ["auto", "none", "json:/user/phone", "form:tel", "query:m", "path:2", "header:x-phone"] {
            assert!(phone_source(good).is_ok(), "{good}");
        }
        for bad in ["", "json:", "json:user", "json:/a~2", "path:0", "path:x", "header:a b", "cookie:x", "Auto"] {
            assert!(phone_source(bad).is_err(), "{bad}");
        }
        assert!(match_key("ip").is_err(), "an address is never a match");
        assert!(client_source("cookie:").is_err());
    }

    #[test]
    fn origins_are_exact() {
        for good in ["https://shop.example", "http://localhost:3000", "https://[::1]:8443"] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in
            ["*", "shop.example", "https://", "https://a/", "https://*.a", "https://a:443", "https://A.b", "ftp://a"]
        {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
