//! Whether certificate files are what they should be, found out before anything listens.

use std::path::Path;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use super::source::Fault;
use crate::http::TlsFiles;

/// Checks that the certificates can be read, the key too, and that they belong together.
pub(super) fn check_pair(files: &TlsFiles) -> Result<(), Fault> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| {
        let fault = Fault::new(format!("{} holds no private key in PEM form: {error}", files.key.display()));
        fault.hint("an encrypted key must be decrypted first")
    })?;
    let key = any_supported_type(&key)
        .map_err(|error| Fault::new(format!("{} can't be used: {error}", files.key.display())))?;
    match CertifiedKey::new(chain, key).keys_match() {
        // A key that doesn't tell its public part can't be compared; the handshake will show.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(Fault::new("certificate and key don't belong together").hint("the leaf comes first in the chain"))
        }
        Err(error) => Err(Fault::new(format!("{} can't be used: {error}", files.certificate.display()))),
    }
}

/// Checks that the file holds authorities.
pub(super) fn check_authorities(file: &Path) -> Result<(), Fault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = roots.add(certificate);
        added.map_err(|error| Fault::new(format!("{} can't be used: {error}", file.display())))?;
    }
    Ok(())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(chain) if chain.is_empty() => {
            Err(Fault::new(format!("{} holds no certificate in PEM form", file.display())))
        }
        Ok(chain) => Ok(chain),
        Err(error) => Err(Fault::new(format!("{} can't be read as PEM: {error}", file.display()))),
    }
}
