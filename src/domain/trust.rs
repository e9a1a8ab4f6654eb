//! Who is believed, and for what.

use serde::Serialize;

/// What an attempt's client has shown before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nothing.
    #[default]
    Unknown,
    /// The phone was verified before, by whatever client.
    KnownPhone,
    /// This client verified a phone before.
    KnownClient,
    /// This client, or this address, verified this phone before.
    Owner,
}

impl Trust {
    /// The name in reasons and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::KnownPhone => "known phone",
            Self::KnownClient => "known client",
            Self::Owner => "owner",
        }
    }

    /// Whether abuse by strangers is none of its business: it has cells of its own.
    pub const fn is_known(self) -> bool {
        matches!(self, Self::KnownClient | Self::Owner)
    }
}
