//! What the operator sets about GeoIP.

use std::path::PathBuf;

/// Database files in MaxMind format, each optional, each read again when it changes.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Country (or city) database.
    pub country: Option<PathBuf>,
    /// ASN database.
    pub asn: Option<PathBuf>,
    /// Anonymous-IP database.
    pub anonymous: Option<PathBuf>,
}
