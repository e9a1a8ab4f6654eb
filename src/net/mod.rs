//! Requests that sendwall makes itself: to captcha providers and to receivers of alerts.
//!
//! One connection a request, nothing kept: such requests are rare, and a fresh name resolution each time is what makes
//! the check of the address worth something.
//!
//! Must not know: what is asked and why, and what an answer means.
//!
//! Architecture invariant: a connection is made only to an address that [`Reach`] allows, checked after the name was
//! resolved and before a byte is sent; no error names more of a request than its host.

mod address;
mod breaker;
mod client;
mod error;
mod settings;
mod target;
pub(crate) mod tls;

pub use address::Reach;
pub use breaker::{Attempt, Breaker, BreakerSettings, State};
pub use client::{Answer, Client};
pub use error::{NetError, Phase, with_causes};
pub use settings::{Settings, Timeouts};
pub use target::{NotATarget, Target};
pub use tls::TlsError;
