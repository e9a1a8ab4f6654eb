//! The admin address: health, metrics, decisions, incidents, conversion, outcomes, reload.
//!
//! It sees the engine through [`Engine`] only, and it never shows what it doesn't need: no raw number, cookie or
//! address comes out, not even one that just came in.
//!
//! Must not know: how decisions are made, the configuration's form.

mod alerts;
mod answer;
mod engine;
mod guard;
mod hot;
mod incidents;
mod lists;
mod outcomes;
mod routes;
mod server;
mod settings;

pub use engine::{
    About, Cause, ConversionRow, Database, EndpointStatus, Engine, Health, Learned, OutcomeInput, UpstreamState,
};
pub use outcomes::{MAX_BODY, Outcomes, Refused, Rejected, Summary};
pub use routes::Parts;
pub use server::{Admin, Error};
pub use settings::Settings;
