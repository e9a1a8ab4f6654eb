//! What the operator sets about the admin address.

use std::net::SocketAddr;

use crate::privacy::Secret;

/// Settings of the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The bearer token. Required where `listen` isn't loopback; where it is set, every path but `/healthz` and
    /// `/readyz` asks for it.
    pub token: Option<Secret>,
}
