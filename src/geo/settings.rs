//! What the operator sets about GeoIP.

use std::path::PathBuf;

use super::DatabaseKind;

/// Database files in MaxMind format, each optional, each read again when it changes. One file that holds several may be
/// set for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Country (or city) database.
    pub country: Option<PathBuf>,
    /// ASN database.
    pub asn: Option<PathBuf>,
    /// Anonymous-IP database.
    pub anonymous: Option<PathBuf>,
}

impl Settings {
    /// Every kind with its file.
    pub fn files(&self) -> [(DatabaseKind, &Option<PathBuf>); 3] {
        [
            (DatabaseKind::Country, &self.country),
            (DatabaseKind::Asn, &self.asn),
            (DatabaseKind::Anonymous, &self.anonymous),
        ]
    }
}
