//! TLS: the listener's certificate, read again when its files change, and how the upstream's is checked.
//!
//! Must not know: HTTP, but for the names of its versions.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::settings::{TlsFiles, Upstream};

/// The listener's certificate.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
}

/// What tells one version of the files from another.
pub(super) type Stamp = [Option<(u64, SystemTime)>; 2];

impl Certificate {
    /// Reads the files.
    pub(super) fn load(files: TlsFiles) -> Result<Self, Error> {
        let current = ArcSwap::from_pointee(server_config(&files)?);
        Ok(Self { files, current })
    }

    /// For the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Size and time of the files.
    pub(super) fn stamp(&self) -> Stamp {
        [&self.files.certificate, &self.files.key].map(|path| {
            let file = std::fs::metadata(path).ok()?;
            Some((file.len(), file.modified().ok()?))
        })
    }

    /// Reads the files again; where they can't be used, what was read before stays.
    pub(super) fn reload(&self) -> Result<(), Error> {
        self.current.store(Arc::new(server_config(&self.files)?));
        Ok(())
    }
}

fn server_config(files: &TlsFiles) -> Result<ServerConfig, Error> {
    let chain = certificates(&files.certificate)?;
    let key_error = |_| Error::Pem { path: files.key.clone(), what: "private key" };
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(key_error)?;
    let unusable = |source| Error::Certificate { path: files.certificate.clone(), source };
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let mut config = builder.map_err(unusable)?.with_no_client_auth().with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// How to speak TLS to the upstream, and the name that its certificate must have; `None` for plain text.
pub(super) fn connector(upstream: &Upstream) -> Result<Option<(Arc<ClientConfig>, ServerName<'static>)>, Error> {
    if !upstream.tls {
        return Ok(None);
    }
    let host = upstream.host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_invalid| Error::UpstreamName(upstream.host.to_string()))?;
    let mut roots = RootCertStore::empty();
    if let Some(path) = &upstream.ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|source| Error::Certificate { path: path.clone(), source })?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::NoAuthorities);
        }
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let unusable = |source| Error::Certificate { path: upstream.ca.clone().unwrap_or_default(), source };
    let mut config = builder.map_err(unusable)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some((Arc::new(config), name)))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(Error::Pem { path: path.to_owned(), what: "certificate" }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })
}
