//! The words of the product, as plain data, one idea a file. Who reads these in order knows what sendwall does.
//!
//! Must not know: where the data comes from or goes to. No I/O, no clock, no randomness.

mod client;
mod country;
mod decision;
mod facts;
mod listed;
mod money;
mod oddity;
mod outcome;
mod page_code;
mod pass_code;
mod phone;
mod place;
mod reason;
mod rule;
mod rung;
mod timestamp;
mod traits;
mod trust;

pub use client::{Address, Client, ClientId, ClientSource, Fingerprint, Visit};
pub use country::{Country, CountryError};
pub use decision::{DecidedBy, Decision, DecisionId, DecisionIdError, Mode, RevisionId, Verdict};
pub use facts::{Facts, PhoneFact, Unreadable, UnreadableCode};
pub use listed::{ListName, Listed};
pub use money::Money;
pub use oddity::{Oddities, Oddity, Oddness};
pub use outcome::{Outcome, OutcomeKind};
pub use page_code::PageCode;
pub use pass_code::PassCode;
pub use phone::{MaskedPhone, NumberKind, Phone, Range, Validity};
pub use place::Place;
pub use reason::{Closes, Reason};
pub use rule::{Divert, RuleHit};
pub use rung::{ChallengeKind, Pass, Rung};
pub use timestamp::{Span, SpanError, Timestamp};
pub use traits::{Has, Language, Program, Traits};
pub use trust::Trust;
