//! Alerts: on-call people hear of it early, once, and know what to do.
//!
//! - [`alert`](Alert): one message about an incident, as plain data: what the channels carry.
//!
//! Must not know: requests, how decisions are made, the admin address.

mod alert;
pub mod deliver;

pub use alert::{Alert, AlertKind, IncidentId, Severity, Sink, Status, Unit, Value};
