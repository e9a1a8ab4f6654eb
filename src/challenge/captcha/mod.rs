//! Captchas: pictures of our own, the widgets of others, and SMS that users send. Each is an *offer* of one ticket; the
//! first that is met redeems it.
//!
//! Pictures, spoken digits and words follow from the ticket's nonce and our key (see `answer`); what is remembered, in
//! bounded tables, is only how often a ticket was answered wrong, which tokens of providers were brought, and which words
//! are waited for.
//!
//! Must not know: HTTP of its own clients.

mod answer;
mod expiring;
mod glyphs;
mod image;
pub mod inbound;
mod line;
mod offer;
mod picture;
mod provider;
mod settings;
mod solve;
mod voice;

pub use inbound::{Call, Format, Inbound, NotTaken, Received};
pub use offer::{Issued, Offer};
pub use picture::{Medium, Picture};
pub use settings::{Kind, Provider, Setup, Way, WhenDown};
pub use solve::{Outcome, Solution};
pub use voice::Language;

use std::sync::Arc;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Ticket;
use expiring::Expiring;
use line::Lines;

/// What is remembered of captchas; it outlives a reload.
#[derive(Debug)]
pub(super) struct Captchas {
    /// By a ticket's nonce.
    tries: Expiring<u128, Tries>,
    /// Tokens that were brought, by the first half of their SHA-256.
    tokens: Expiring<u128, ()>,
    /// Words that are waited for.
    words: Expiring<Word, Waiting>,
    lines: Lines,
    drawn: Cache<Picture, Bytes>,
    drawing: Arc<Semaphore>,
}

/// How often a ticket was answered wrong, or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tries {
    /// By a picture's letters or a voice's digits.
    pictures: u8,
    /// Not at all: another picture was asked for.
    skipped: u8,
    /// By a provider's token.
    tokens: u8,
}

impl Tries {
    /// The number of the picture that is shown now: each is answered once.
    const fn round(self) -> u8 {
        self.pictures + self.skipped
    }
}

/// A word to be texted.
type Word = [u8; answer::WORD];

/// Who waits for a word.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    ticket: Ticket,
    came: bool,
}

/// Wrong pictures, and tokens that a provider refuses, before a ticket is worth nothing.
const MAX_TRIES: u8 = 5;
/// Pictures that a ticket gives to who asks for another one.
const MAX_SKIPPED: u8 = 10;
/// Most entries of each table; some 100 bytes each.
const MAX_ENTRIES: usize = 200_000;
/// Most bytes of pictures and sounds that are remembered.
const DRAWN_BYTES: u64 = 16 << 20;
/// Pictures and sounds that are drawn at the same time.
const MAX_DRAWING: usize = 16;

impl Captchas {
    /// As many entries as there may be challenges, and not more than a bound of its own.
    pub(super) fn new(challenges: usize) -> Self {
        let capacity = challenges.min(MAX_ENTRIES);
        let weigh = |_: &Picture, bytes: &Bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self {
            tries: Expiring::new(capacity),
            tokens: Expiring::new(capacity),
            words: Expiring::new(capacity),
            lines: Lines::default(),
            drawn: Cache::builder().max_capacity(DRAWN_BYTES).weigher(weigh).build(),
            drawing: Arc::new(Semaphore::new(MAX_DRAWING)),
        }
    }

    fn may_draw(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.drawing).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests;
