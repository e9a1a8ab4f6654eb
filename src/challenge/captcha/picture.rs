//! What a client fetches of a captcha: the picture, or the digits spoken. Each has a signed name, so that only what was
//! asked is drawn, and is drawn once as long as it is remembered.

use bytes::Bytes;

use super::answer::{self, What};
use super::voice::{self, Language};
use super::{Captchas, image};
use crate::challenge::seal::{Label, Part, Seals};
use crate::challenge::{Challenges, Ticket};
use crate::domain::Timestamp;

/// A picture or its spoken alternative, to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Picture {
    nonce: u128,
    round: u8,
    medium: Medium,
}

/// How it is perceived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// By eye.
    Png,
    /// By ear.
    Wav(Language),
}

impl Medium {
    /// Of an answer's `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Wav(_) => "audio/wav",
        }
    }
}

const LABEL: u8 = Label::Picture as u8;
/// Label, round, time, nonce.
const BYTES: usize = 1 + 1 + 8 + 16;

/// The name of a ticket's picture.
pub(super) fn name(seals: &Seals, ticket: &Ticket, round: u8) -> String {
    let mut bytes = vec![LABEL, round];
    bytes.extend(ticket.expires.unix_ms().to_be_bytes());
    bytes.extend(ticket.nonce.to_be_bytes());
    seals.seal(&bytes)
}

/// What of a ticket a picture's name holds, and when it ends.
fn read_name(seals: &Seals, name: &str) -> Option<(u128, u8, Timestamp)> {
    let [LABEL, round, rest @ ..] = seals.open::<BYTES>(name)? else { return None };
    let (expires, nonce) = rest.split_first_chunk::<8>()?;
    let nonce = nonce.first_chunk().copied().map(u128::from_be_bytes)?;
    Some((nonce, round, Timestamp::from_unix_ms(u64::from_be_bytes(*expires))))
}

impl Challenges {
    /// The picture of that name, as long as it can be answered.
    pub fn picture(&self, name: &str, medium: Medium, now: Timestamp) -> Option<Picture> {
        let (nonce, round, expires) = read_name(&self.secrets.seals, name)?;
        (now < expires).then_some(Picture { nonce, round, medium })
    }

    /// What was drawn of it already.
    pub fn drawn(&self, picture: &Picture) -> Option<Bytes> {
        self.captchas.drawn.get(picture)
    }

    /// Draws it: some milliseconds of work, not for a thread that serves others.
    pub fn draw(&self, picture: &Picture) -> Option<Bytes> {
        let seals = &self.secrets.seals;
        let text = |what| answer::text(seals, picture.nonce, what, picture.round);
        let look = seals.blind(picture.nonce, Part::Look, &[picture.round]).next().unwrap_or_default();
        let (bytes, medium) = match picture.medium {
            Medium::Png => (image::draw(&text(What::Letters), look)?, "image"),
            Medium::Wav(language) => (voice::speak(&text(What::Digits), language, look), "audio"),
        };
        let bytes = Bytes::from(bytes);
        self.counters.captchas().drawn(medium);
        self.captchas.drawn.insert(*picture, bytes.clone());
        Some(bytes)
    }

    /// What the picture of that name shows and what its voice says: for tests, and for nobody without the keys.
    pub fn answers(&self, name: &str) -> Option<[String; 2]> {
        let (nonce, round, _) = read_name(&self.secrets.seals, name)?;
        Some([What::Letters, What::Digits].map(|what| answer::text(&self.secrets.seals, nonce, what, round)))
    }

    /// The right to draw, of which there are few at the same time.
    pub fn may_draw(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Captchas::may_draw(&self.captchas)
    }
}
