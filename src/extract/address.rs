//! The client's address behind trusted proxies, and what counts as one address.
//!
//! One forwarding header is read, the one that the operator's proxies write; the other a client may have written. It is
//! believed only as far as trusted proxies wrote it: from the right, up to the first hop that isn't one of them. What
//! stands further left anyone may have written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::domain::Address;
use crate::privacy::Pseudonyms;

/// The header in which trusted proxies say where a client is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which nearly all of them add to.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The networks whose forwarding header is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<IpNet>,
    /// Which header they write.
    pub header: ForwardedHeader,
}

impl TrustedProxies {
    /// Whether the address is one of them.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = canonical(ip);
        self.networks.iter().any(|net| net.contains(&ip))
    }
}

/// The client's address. The forwarding header counts only if `peer` is trusted. A token that isn't an address
/// (`unknown`, `_hidden`, garbage) ends the reading: the last known hop counts.
pub fn client_address(trusted: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = canonical(peer);
    if !trusted.contains(peer) {
        return peer;
    }
    match trusted.header {
        ForwardedHeader::XForwardedFor => walk(trusted, peer, x_forwarded_for(headers)),
        ForwardedHeader::Forwarded => walk(trusted, peer, forwarded(headers)),
    }
}

/// The address with its keyed name: IPv4 alone and its /24, IPv6 as its /64 and /48.
pub fn address(ip: IpAddr, names: &Pseudonyms) -> Address {
    let ip = canonical(ip);
    let (unit, network) = match ip {
        IpAddr::V4(ip) => (v4_net(ip, 32), v4_net(ip, 24)),
        IpAddr::V6(ip) => (v6_net(ip, 64), v6_net(ip, 48)),
    };
    Address { ip, unit, network, id: names.address(unit) }
}

/// IPv4 where it comes mapped into IPv6 (`::ffff:0:0/96`) or through NAT64 (`64:ff9b::/96`, RFC 6052).
pub fn canonical(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => ip,
    }
}

fn v4_net(ip: Ipv4Addr, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new(ip, length).unwrap_or_else(|_| ip.into()).trunc())
}

fn v6_net(ip: Ipv6Addr, length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new(ip, length).unwrap_or_else(|_| ip.into()).trunc())
}

/// Follows hops from the nearest on; `None` among them is one that can't be read.
fn walk(trusted: &TrustedProxies, peer: IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
    let mut known = peer;
    for hop in hops {
        let Some(hop) = hop else { break };
        known = hop;
        if !trusted.contains(hop) {
            break;
        }
    }
    known
}

fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    lines(headers, "x-forwarded-for").into_iter().flat_map(|line| match line {
        Some(line) => line.rsplit(',').map(|token| node(token.trim())).collect(),
        None => vec![None],
    })
}

fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    lines(headers, FORWARDED.as_str()).into_iter().flat_map(|line| match line {
        Some(line) => split_outside_quotes(line, ',').into_iter().rev().map(forwarded_for).collect(),
        None => vec![None],
    })
}

/// The lines of a header, the last first; `None` for one that isn't text.
fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<Option<&'a str>> {
    let mut lines: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
    lines.reverse();
    lines
}

/// The `for` of one element of `Forwarded` (RFC 7239, section 4). Two of them, or none, can't be read.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split_outside_quotes(element, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        if name.trim().eq_ignore_ascii_case("for") {
            if found.is_some() {
                return None;
            }
            let value = value.trim();
            let bare = value.strip_prefix('"').map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
            found = Some(node(bare)?);
        }
    }
    found
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let separates = c == separator && !quoted;
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && c == '\\' && !escaped;
        separates
    })
    .collect()
}

/// An address with or without port and brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
    let ip = if let Ok(ip) = text.parse::<IpAddr>() {
        Some(ip)
    } else if let Ok(socket) = text.parse::<SocketAddr>() {
        Some(socket.ip())
    } else {
        let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
        let port = rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| !port.is_empty());
        inner.parse::<Ipv6Addr>().ok().filter(|_| port).map(IpAddr::V6)
    };
    ip.map(canonical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn read(header: ForwardedHeader, peer: &str, lines: &[(&str, &str)]) -> String {
        let networks = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let trusted = TrustedProxies { networks, header };
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        client_address(&trusted, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn hops_are_read_from_the_right_and_only_while_trusted() {
        const X: &str = "x-forwarded-for";
        const F: &str = "forwarded";
        for (peer, lines, expected) in [
            ("192.0.2.9", vec![], "192.0.2.9"),
            ("192.0.2.9", vec![(X, "203.0.113.7")], "192.0.2.9"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec![(X, "203.0.113.7")], "203.0.113.7"),
            ("::ffff:10.0.0.1", vec![(X, "203.0.113.7")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "198.51.100.1, 203.0.113.7")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "198.51.100.1, 203.0.113.7, 10.2.3.4")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "198.51.100.1"), (X, "203.0.113.7,10.2.3.4")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "203.0.113.7"), (X, "10.2.3.4")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "10.9.9.9, 10.2.3.4")], "10.9.9.9"),
            ("10.0.0.1", vec![(X, "203.0.113.7:4711")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "[2001:db8::7]:4711")], "2001:db8::7"),
            ("10.0.0.1", vec![(X, "2001:db8::7")], "2001:db8::7"),
            ("10.0.0.1", vec![(X, "[2001:db8::7]")], "2001:db8::7"),
            ("10.0.0.1", vec![(X, "\"203.0.113.7\"")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "::ffff:203.0.113.7")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "64:ff9b::203.0.113.7")], "203.0.113.7"),
            ("10.0.0.1", vec![(X, "203.0.113.7, unknown, 10.2.3.4")], "10.2.3.4"),
            ("10.0.0.1", vec![(X, "unknown")], "10.0.0.1"),
            ("10.0.0.1", vec![(X, "")], "10.0.0.1"),
            ("10.0.0.1", vec![(X, "203.0.113.7, ")], "10.0.0.1"),
            ("10.0.0.1", vec![(F, "for=203.0.113.7")], "203.0.113.7"),
            ("10.0.0.1", vec![(F, "For=\"[2001:db8:cafe::17]:4711\"")], "2001:db8:cafe::17"),
            ("10.0.0.1", vec![(F, "for=198.51.100.1;proto=https, for=203.0.113.7;by=\"x,y;z\"")], "203.0.113.7"),
            ("10.0.0.1", vec![(F, "for=203.0.113.7, for=10.1.1.1")], "203.0.113.7"),
            ("10.0.0.1", vec![(F, "for=203.0.113.7"), (F, "for=_hidden")], "10.0.0.1"),
            ("10.0.0.1", vec![(F, "proto=https")], "10.0.0.1"),
            ("10.0.0.1", vec![(F, "for=203.0.113.7;for=198.51.100.1")], "10.0.0.1"),
            ("10.0.0.1", vec![(F, "for=\"203.0.113.7")], "10.0.0.1"),
            ("fd00::1", vec![(X, "203.0.113.7")], "203.0.113.7"),
        ] {
            let is_new = lines.iter().any(|(name, _)| *name == F);
            let header = if is_new { ForwardedHeader::Forwarded } else { ForwardedHeader::XForwardedFor };
            assert_eq!(read(header, peer, &lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_header_that_the_proxies_do_not_write_says_nothing() {
        let lines = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=198.51.100.1")];
        for (header, expected) in [
            (ForwardedHeader::XForwardedFor, ["203.0.113.7", "10.0.0.1"]),
            (ForwardedHeader::Forwarded, ["198.51.100.1", "198.51.100.1"]),
        ] {
            assert_eq!([read(header, "10.0.0.1", &lines), read(header, "10.0.0.1", &lines[1..])], expected);
        }
        assert_eq!(read(ForwardedHeader::Forwarded, "10.0.0.1", &lines[..1]), "10.0.0.1");
    }

    #[test]
    fn an_address_counts_as_its_unit_and_network() {
        let names = Pseudonyms::new(&[1; 32]);
        let read = |ip: &str| address(ip.parse().unwrap(), &names);
        let four = read("203.0.113.7");
        assert_eq!(
            (four.unit.to_string(), four.network.to_string()),
            ("203.0.113.7/32".into(), "203.0.113.0/24".into())
        );
        let six = read("2001:db8:1:2:3:4:5:6");
        assert_eq!(
            (six.unit.to_string(), six.network.to_string()),
            ("2001:db8:1:2::/64".into(), "2001:db8:1::/48".into())
        );
        assert_eq!(read("::ffff:203.0.113.7"), four);
        assert_eq!(read("64:ff9b::203.0.113.7"), four);
        assert_eq!(read("2001:db8:1:2::1").id, six.id);
    }
}
