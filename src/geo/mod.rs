//! Address to place, from databases in MaxMind's format.
//!
//! Must not know: requests, state, time.

mod settings;

pub use settings::Settings;

use std::net::IpAddr;

use crate::domain::Place;

/// The databases as they are now.
#[derive(Debug, Default)]
pub struct Geo {}

impl Geo {
    /// Where `address` is. Without a database, or an entry in it, the parts are missing.
    pub fn place(&self, address: IpAddr) -> Place {
        let _ = address;
        Place::default()
    }
}
