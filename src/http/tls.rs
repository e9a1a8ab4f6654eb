//! TLS: the listener's certificate, read again when its files change, and how the upstream's is checked.
//!
//! Must not know: HTTP, but for the names of its versions.

use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::error::Error;
use super::settings::{TlsFiles, Upstream};
use crate::net::tls::{self, TlsError};

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

fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let chain = tls::certificates(&files.certificate)?;
    let key_error = |_| TlsError::Pem { path: files.key.clone(), what: "private key" };
    let key = PrivateKeyDer::from_pem_slice(&tls::read(&files.key)?).map_err(key_error)?;
    let unusable = |source| TlsError::Certificate { path: files.certificate.clone(), source };
    let builder = ServerConfig::builder_with_provider(tls::provider()).with_safe_default_protocol_versions();
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
    Ok(Some((tls::client(upstream.ca.as_deref(), "the upstream")?, name)))
}
