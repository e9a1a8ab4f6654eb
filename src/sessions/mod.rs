//! Open sends: codes that went out and wait for what becomes of them; and how many of them were verified.
//!
//! A *session* is the sends of one phone at one endpoint. A verification settles all of them, because a person who
//! asked twice types in one code. It is found by the phone, by the client, by an id that the app's answer carried, or
//! by the decision; never by the address, which thousands share.
//!
//! Must not know: requests, limits, verdicts. `now` is an argument.

mod alias;
mod conversion;
mod open;
mod saved;
mod sighted;

pub use alias::Alias;
pub use conversion::{Conversion, ConversionKey, Scope, Tally};
pub use open::{Found, OpenSend, Sessions};
pub use sighted::Sighted;
