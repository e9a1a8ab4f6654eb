//! What the process tells about itself: its log, its metrics, and the events that feed both.
//!
//! Must not know: requests' bytes, decisions' making, files of the decision log.

mod alarms;
mod captchas;
mod challenges;
mod delivery;
pub mod events;
mod evidence;
mod labels;
mod limiter;
mod lists;
mod log;
mod looks;
mod metrics;
mod per_endpoint;
mod proxy;
mod ruled;
mod saved;
mod settings;
mod snapshot;
mod striped;
mod totals;
mod unread;

pub use alarms::Alarms;
pub use captchas::{CaptchaCounters, CaptchaProviderChanged};
pub use challenges::ChallengeCounters;
pub use delivery::Delivery;
pub use labels::{OutcomeSource, Unmatched};
pub use lists::ListCounts;
pub use log::{Error, install};
pub use looks::LookCounters;
pub use metrics::{CONTENT_TYPE, Metrics};
pub use proxy::{Counter, Counters, Flag};
pub use saved::Saved;
pub use settings::{Format, Level, Settings};
pub use snapshot::{EvidenceStats, LearnedStats, Snapshot, TableStats};
pub use totals::Totals;
