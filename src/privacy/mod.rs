//! What must not leak, as types: a raw phone number, the keyed names that stand for it, and secrets.
//!
//! Must not know: anything about requests, decisions or storage.

mod keys;
mod pseudonym;
mod raw_phone;
mod secret;

pub use keys::{KeyRing, KeyRingError, Purpose};
pub(crate) use pseudonym::keyed;
pub use pseudonym::{Pseudonym, Pseudonyms};
pub use raw_phone::RawPhone;
pub use secret::Secret;
