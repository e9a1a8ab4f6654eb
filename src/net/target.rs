//! Where a URL points: scheme, host, port.

use std::fmt;

use http::Uri;
use http::uri::Scheme;

/// The receiver of a request. Shown without path and query, which may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Whether TLS is spoken.
    pub tls: bool,
    /// A name or an address; IPv6 without its brackets.
    pub host: Box<str>,
    /// The scheme's own where the URL names none.
    pub port: u16,
}

/// The URL can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no absolute http:// or https:// URL with a host and without a user name")]
pub struct NotATarget;

impl Target {
    /// Reads an absolute URL.
    pub fn of(uri: &Uri) -> Result<Self, NotATarget> {
        let scheme = uri.scheme().ok_or(NotATarget)?;
        let authority = uri.authority().ok_or(NotATarget)?;
        let tls = *scheme == Scheme::HTTPS;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let known = tls || *scheme == Scheme::HTTP;
        if !known || host.is_empty() || authority.as_str().contains('@') {
            return Err(NotATarget);
        }
        // A port that is no number is no port to `http`; it must not become the default.
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().ends_with(authority.host()) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            None => return Err(NotATarget),
        };
        Ok(Self { tls, host: host.into(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Option<String> {
        Target::of(&url.parse().ok()?).ok().map(|target| format!("{target} {}", target.tls))
    }

    #[test]
    fn urls_are_read_and_shown_without_what_may_be_secret() {
        assert_eq!(of("https://hooks.example/T/secret?key=secret").unwrap(), "hooks.example:443 true");
        assert_eq!(of("http://[::1]:8080/").unwrap(), "[::1]:8080 false");
        assert_eq!(of("http://127.0.0.1").unwrap(), "127.0.0.1:80 false");
        for wrong in
            ["/path", "hooks.example:443", "ftp://hooks.example/", "https://me:secret@hooks.example/", "https://:1/"]
        {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
