//! What can go wrong before the first request: addresses, certificates, the upstream's name.

use std::net::SocketAddr;

use crate::net::TlsError;

/// Why the server can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address can't be listened on.
    #[error("cannot listen on {address}: {source}; is another process using it?")]
    Bind {
        /// The address of the configuration.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A certificate, a key or the authorities can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The upstream's name can't be checked against a certificate.
    #[error("{0:?} is no host name or address that a certificate could be checked against")]
    UpstreamName(String),
}
