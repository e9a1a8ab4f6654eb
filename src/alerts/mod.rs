//! Alerts: on-call people hear of it early, once, and know what to do.
//!
//! In the order of the data's way:
//! - `watch`, `volume`, `baseline`, `detect_attack`, `evidence`: what the gate tells is counted, in bounded memory.
//! - `settings`, `detect`, `threshold`: counts are held against rules, with hysteresis. Pure.
//! - `incident`, `incident_book`, `silence`, `incident_store`: findings of one trouble are one incident, on disk.
//! - `alarm`: all of that at a moment. Live traffic and replays go through it alike.
//! - `alert`: one message about an incident, as plain data: what the channels carry.
//!
//! Must not know: requests, how decisions are made, the admin address.

mod alarm;
mod alert;
mod baseline;
pub mod deliver;
mod detect;
mod detect_attack;
mod detect_measure;
mod evidence;
mod incident;
mod incident_book;
mod incident_store;
mod key;
mod saved;
mod settings;
mod silence;
mod threshold;
mod volume;
mod watch;

pub use alarm::Alarm;
pub use alert::{Alert, AlertKind, IncidentId, Severity, Sink, Status, Unit, Value, counted};
pub use detect::{Outside, Trouble};
pub use evidence::{Evidence, Example, RangeRow};
pub use incident::{Acknowledged, Incident, Moment, Row};
pub use incident_book::Book;
pub use incident_store::{Store, StoreError};
pub use settings::{Against, By, Rule, Settings, defaults};
pub use silence::{MATCHED, Silence};
pub use watch::Watch;

#[cfg(test)]
mod tests;
