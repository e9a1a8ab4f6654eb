//! Sliding windows with a hard maximum: reserve, commit, release.
//!
//! Must not know: requests, decisions, clocks. `now` is an argument.

mod limit;

pub use limit::{KeyPart, Limit, On, WhenFull};
