//! What can go wrong before the first request: addresses, certificates, the upstream's name.

use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// A file of certificates or keys can't be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file holds no usable certificate or key.
    #[error("{path} holds no usable {what}; it must be PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// Certificate and key can't be used, or not together.
    #[error("the certificate in {path} cannot be used: {source}")]
    Certificate {
        /// The certificate's file.
        path: PathBuf,
        /// What TLS says.
        source: rustls::Error,
    },
    /// The system has no certificate authorities to check the upstream with.
    #[error("the system has no certificate authorities to check the upstream with; name a file as its `ca`")]
    NoAuthorities,
    /// The upstream's name can't be checked against a certificate.
    #[error("{0:?} is no host name or address that a certificate could be checked against")]
    UpstreamName(String),
}
