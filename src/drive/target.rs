//! An address on this machine, and none other: what is sent must never reach anybody else's service.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Where something listens on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target(SocketAddr);

/// Why a text is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not of the form.
    #[error("{0:?} is not of the form http://127.0.0.1:8080")]
    Form(String),
    /// Another machine, or a name that might be one.
    #[error("{0} is not on this machine; made-up traffic goes to loopback only, such as http://127.0.0.1:8080")]
    Elsewhere(String),
}

impl Target {
    /// Its address.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let form = || TargetError::Form(text.to_owned());
        let authority = text.strip_prefix("http://").ok_or_else(form)?.trim_end_matches('/');
        let (host, port) = authority.rsplit_once(':').ok_or_else(form)?;
        let port: u16 = port.parse().map_err(|_not_a_port| form())?;
        if host.is_empty() || host.contains(['/', '@', '?', '#']) {
            return Err(form());
        }
        let ip = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host) {
            "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            host => host.parse().ok(),
        };
        match ip {
            Some(ip) if ip.to_canonical().is_loopback() => Ok(Self(SocketAddr::new(ip, port))),
            Some(_) | None => Err(TargetError::Elsewhere(host.to_owned())),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target() {
        for good in [
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/",
            "http://[::1]:80",
            "http://localhost:9090",
            "http://127.9.9.9:1",
        ] {
            assert!(good.parse::<Target>().is_ok(), "{good}");
        }
        for elsewhere in [
            "http://10.0.0.1:80",
            "http://example.com:80",
            "http://[2001:db8::1]:80",
            "http://0.0.0.0:80",
            "http://localhost.evil:80",
        ] {
            assert!(matches!(elsewhere.parse::<Target>(), Err(TargetError::Elsewhere(_))), "{elsewhere}");
        }
        for bad in [
            "127.0.0.1:80",
            "https://127.0.0.1:80",
            "http://127.0.0.1",
            "http://127.0.0.1:x",
            "http://a@127.0.0.1:80",
            "http://:80",
            "",
        ] {
            assert!(matches!(bad.parse::<Target>(), Err(TargetError::Form(_))), "{bad}");
        }
    }
}
