//! Recorded or generated traffic: JSON lines, one event a line, in the order of time.
//!
//! Version 1. A `page` is a request that is not for a code; a `send` is one, with what would become of it (`outcome`,
//! which the engine never reads ahead) and what it was (`truth`, which the engine never sees). Unknown fields are
//! ignored.
//!
//! Must not know: who makes traces and who replays them.

mod error;
mod event;
mod fault;
mod line;
mod lines;
mod text;
mod write;

pub use error::{Error, Fault};
pub use event::{Event, Geo, Label, Outcome, Page, Request, Send, Truth};
pub use line::{Header, Line, SendPart, geo, headers};
pub use lines::Lines;
pub use write::write;
