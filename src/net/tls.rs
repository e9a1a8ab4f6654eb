//! What is common to every TLS connection: the provider, certificates in files, the authorities to check peers with.
//!
//! Must not know: whether this side is the server or the client of a connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Why a certificate or its authorities can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
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
    /// The system has no certificate authorities to check a peer with.
    #[error("the system has no certificate authorities to check {peer} with; name a file as its `ca`")]
    NoAuthorities {
        /// Whose certificate was to be checked.
        peer: &'static str,
    },
    /// TLS itself can't be set up.
    #[error("TLS cannot be used: {0}")]
    Unusable(rustls::Error),
}

/// The implementation of the cryptography.
pub(crate) fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// How to speak TLS, with HTTP/1.1 inside, to a `peer` that is checked by the authorities of a file, else of the system.
pub(crate) fn client(ca: Option<&Path>, peer: &'static str) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|source| TlsError::Certificate { path: path.to_owned(), source })?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TlsError::NoAuthorities { peer });
        }
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let mut config = builder.map_err(TlsError::Unusable)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificates of a PEM file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(TlsError::Pem { path: path.to_owned(), what: "certificate" }),
    }
}

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}
