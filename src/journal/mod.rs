//! The decision log: JSON lines in files that rotate, and the last decisions in memory.
//!
//! It never blocks the path and never loses count: what the disk can't take is dropped and told. It holds no raw
//! phone, address or cookie, because the domain's types that it writes have none to give.
//!
//! Must not know: how decisions are made, HTTP.

mod facts;
mod file_name;
mod files;
mod queue;
pub mod reader;
mod reason;
mod recent;
pub mod record;
mod settings;
mod writer;

pub use queue::{Error, Journal};
pub use recent::{Entry, Recent};
pub use record::Record;
pub use settings::Settings;
