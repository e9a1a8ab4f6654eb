//! The whole product: the binary with its own configuration, state and ports, an app behind it, clients before it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::string_slice,
    reason = "a test that cannot go on should fail loudly, and metrics count whole numbers"
)]

mod alerts;
mod answers;
mod edge;
mod editing;
mod ending;
mod evidence;
mod limits;
mod lists;
mod looks;
mod outcomes;
mod paths;
mod privacy;
mod refused;
mod reload;
mod restart;
mod rules;
mod simulate;
pub(crate) mod stage;
mod starting;
mod telling;
mod tries;
mod trying;
mod visit;
