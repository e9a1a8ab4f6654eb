//! The way of an alert to on-call people: written to disk, then sent to every channel that takes it, until it is there
//! or a day is over.
//!
//! - `courier` has a task for each channel; `ledger` says what goes next (pure), at the `pace` that a receiver takes;
//!   `disk` and `entry` are the spool.
//! - `channel` is what the operator sets, `template` how a message is worded.
//! - `formats` are the forms that receivers want, `verdict` what their answers mean; `sender` and `smtp` make the attempt.
//!
//! Must not know: what an alert is about, and how it came to be.
//!
//! Architecture invariant: nothing is sent that isn't on disk as begun, where there is a spool; so what arrives twice,
//! arrives with the same id and marked as a repeat.

mod channel;
mod courier;
mod disk;
mod entry;
mod formats;
mod ledger;
mod own;
mod pace;
#[cfg(test)]
mod sample;
mod sender;
mod smtp;
mod template;
mod text;
mod verdict;

pub use channel::{Channel, Mail, Matcher, NotAUrl, Security, Target, Url};
pub use courier::{Courier, Settings, test};
pub use formats::webhook::SigningKey;
pub use sender::{Reply, Sender};
pub use template::{NAMES, Template, Text, TextError};
pub use verdict::{Later, Verdict};
