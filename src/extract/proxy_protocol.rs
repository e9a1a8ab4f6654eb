//! The PROXY protocol header, versions 1 and 2, as `HAProxy` specifies it (`proxy-protocol.txt`).
//!
//! A pure parser over the first bytes of a connection. Whether a connection may carry such a header is the
//! operator's word, never guessed from the bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest version 1 header, with its line end.
pub const MAX_V1: usize = 107;
/// Longest version 2 payload (addresses and TLVs) that is accepted.
pub const MAX_V2_PAYLOAD: usize = 4096;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// What the bytes are so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A beginning; read more.
    Incomplete,
    /// A whole header.
    Header {
        /// Its length in bytes; what follows belongs to the connection.
        len: usize,
        /// Where the connection came from; `None` where the header doesn't say (`LOCAL`, `UNKNOWN`, Unix sockets):
        /// the connection's own address counts then.
        source: Option<SocketAddr>,
    },
    /// No such header; close the connection.
    Invalid(&'static str),
}

/// Reads the header at the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Parsed {
    if starts_alike(bytes, &SIGNATURE) {
        parse_v2(bytes)
    } else if starts_alike(bytes, b"PROXY ") {
        parse_v1(bytes)
    } else {
        Parsed::Invalid("the connection does not begin with a PROXY protocol header")
    }
}

fn starts_alike(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(a, b)| a == b)
}

fn parse_v1(bytes: &[u8]) -> Parsed {
    let window = bytes.get(..MAX_V1).unwrap_or(bytes);
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        let over = bytes.len() >= MAX_V1;
        return if over { Parsed::Invalid("the PROXY line is longer than 107 bytes") } else { Parsed::Incomplete };
    };
    let line = window.get(..end).and_then(|line| std::str::from_utf8(line).ok());
    let Some(line) = line else { return Parsed::Invalid("the PROXY line is not ASCII") };
    let parts: Vec<&str> = line.split(' ').collect();
    let len = end + 2;
    match parts.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Parsed::Header { len, source: None },
        ["PROXY", family @ ("TCP4" | "TCP6"), from, to, from_port, to_port] => {
            let address = |text: &str| -> Option<IpAddr> {
                if *family == "TCP4" { text.parse().ok().map(IpAddr::V4) } else { text.parse().ok().map(IpAddr::V6) }
            };
            match (address(from), address(to), port(from_port), port(to_port)) {
                (Some(ip), Some(_), Some(port), Some(_)) => {
                    Parsed::Header { len, source: Some(SocketAddr::new(ip, port)) }
                }
                _ => Parsed::Invalid("the PROXY line holds a malformed address or port"),
            }
        }
        _ => Parsed::Invalid("the PROXY line is malformed"),
    }
}

/// A port as the specification writes it: decimal, no leading zeros, no sign.
fn port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

fn parse_v2(bytes: &[u8]) -> Parsed {
    let Some((&[version_command, family, high, low], rest)) =
        bytes.get(SIGNATURE.len()..).and_then(|rest| rest.split_first_chunk::<4>())
    else {
        return Parsed::Incomplete;
    };
    let local = match version_command {
        0x20 => true,
        0x21 => false,
        0x22..=0x2f => return Parsed::Invalid("the PROXY header has an unknown command"),
        _ => return Parsed::Invalid("the PROXY header has an unknown version"),
    };
    let payload_len = usize::from(u16::from_be_bytes([high, low]));
    if payload_len > MAX_V2_PAYLOAD {
        return Parsed::Invalid("the PROXY header is longer than 4112 bytes");
    }
    let Some(payload) = rest.get(..payload_len) else { return Parsed::Incomplete };
    let len = SIGNATURE.len() + 4 + payload_len;
    if local {
        return Parsed::Header { len, source: None };
    }
    let needed = match family >> 4 {
        1 => 12,
        2 => 36,
        3 => 216,
        0 => 0,
        _ => return Parsed::Invalid("the PROXY header has an unknown address family"),
    };
    if family & 0x0f > 2 {
        return Parsed::Invalid("the PROXY header has an unknown transport");
    }
    if payload.len() < needed {
        return Parsed::Invalid("the PROXY header is too short for its addresses");
    }
    Parsed::Header { len, source: source_v2(family, payload) }
}

fn source_v2(family: u8, payload: &[u8]) -> Option<SocketAddr> {
    match family >> 4 {
        _ if family.trailing_zeros() >= 4 => None,
        1 => {
            let &[a, b, c, d, _, _, _, _, high, low] = payload.first_chunk()?;
            Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), u16::from_be_bytes([high, low])))
        }
        2 => {
            let (from, rest) = payload.split_first_chunk::<16>()?;
            let (_to, rest) = rest.split_first_chunk::<16>()?;
            Some(SocketAddr::new(Ipv6Addr::from(*from).into(), u16::from_be_bytes(*rest.first_chunk()?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &len, payload].concat()
    }

    /// The source of a whole header; empty where it names none.
    fn source(bytes: &[u8]) -> String {
        match parse(bytes) {
            Parsed::Header { len, source } => {
                assert_eq!(len, bytes.len());
                source.map(|source| source.to_string()).unwrap_or_default()
            }
            other @ (Parsed::Incomplete | Parsed::Invalid(_)) => format!("{other:?}"),
        }
    }

    #[test]
    fn the_specifications_lines_read() {
        for (line, expected) in [
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535"),
            ("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n", "192.0.2.1:56324"),
            ("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "[2001:db8::1]:56324"),
            ("PROXY UNKNOWN\r\n", ""),
            ("PROXY UNKNOWN ffff::ffff ffff::ffff 65535 65535\r\n", ""),
        ] {
            assert_eq!(source(line.as_bytes()), expected, "{line}");
            for cut in 1..line.len() {
                assert_eq!(parse(&line.as_bytes()[..cut]), Parsed::Incomplete, "{line} cut at {cut}");
            }
        }
    }

    #[test]
    fn bad_lines_are_refused() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 99999 443\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 +1 443\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 01 443\r\n",
            "PROXY TCP4 2001:db8::1 192.0.2.2 1 443\r\n",
            "PROXY TCP4  192.0.2.1 192.0.2.2 1 443\r\n",
            "PROXY UDP4 192.0.2.1 192.0.2.2 1 443\r\n",
            "proxy TCP4 192.0.2.1 192.0.2.2 1 443\r\n",
        ] {
            assert!(matches!(parse(line.as_bytes()), Parsed::Invalid(_)), "{line}");
        }
        let endless = format!("PROXY {}", "x".repeat(MAX_V1));
        assert!(matches!(parse(endless.as_bytes()), Parsed::Invalid(_)));
    }

    #[test]
    fn version_2_reads_with_its_extras() {
        let four = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 4, 1, 187];
        assert_eq!(source(&v2(1, 0x11, &four)), "192.0.2.1:56324");
        let with_tlv = [&four[..], &[4, 0, 1, 0]].concat();
        assert_eq!(source(&v2(1, 0x11, &with_tlv)), "192.0.2.1:56324");
        let mut six = [0_u8; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0xd, 0xb8]);
        six[15] = 1;
        six[33] = 80;
        assert_eq!(source(&v2(1, 0x21, &six)), "[2001:db8::1]:80");
        assert_eq!(source(&v2(1, 0x31, &[0; 216])), "", "Unix sockets have no address");
        assert_eq!(source(&v2(0, 0x00, &[])), "", "LOCAL: a health check");
        assert_eq!(source(&v2(1, 0x00, &[])), "", "unspecified");
        let whole = v2(1, 0x11, &with_tlv);
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), Parsed::Incomplete, "cut at {cut}");
        }
        for bad in [v2(1, 0x11, &four[..11]), v2(2, 0x11, &four), v2(1, 0x41, &[0; 300]), v2(1, 0x13, &four)] {
            assert!(matches!(parse(&bad), Parsed::Invalid(_)));
        }
        assert!(matches!(parse(&v2(1, 0x11, &[0; MAX_V2_PAYLOAD + 1])), Parsed::Invalid(_)));
        let mut old = v2(1, 0x11, &four);
        old[12] = 0x11;
        assert!(matches!(parse(&old), Parsed::Invalid(_)));
    }
}
