//! What outlives the process: the trait of its parts, and values to bytes and back.
//!
//! A part of the state is a [`Section`]. It gives itself away in chunks and gets each chunk back as it gave it, so a
//! chunk says all that is needed to take it in, and neither side ever holds all of a large table twice. The order of
//! chunks is kept. Numbers are little-endian; a text or a list has its length before it.
//!
//! Must not know: files, what the sections are.

mod domain;
mod value;

pub use value::{Malformed, Pack, all, bytes};

use std::io;

use crate::domain::Timestamp;

/// The largest chunk. A section that gives a larger one away loses its snapshot, with an error.
pub const MAX_CHUNK: usize = 4 << 20;

/// A good size of a chunk: copied in a fraction of a millisecond, so a lock may be held for it.
pub const CHUNK: usize = 128 << 10;

/// A part of the state that outlives the process.
pub trait Section: Send + Sync {
    /// Unique; in the snapshot and in logs.
    fn name(&self) -> &'static str;

    /// Of its bytes. What another version wrote isn't handed to this one.
    fn version(&self) -> u32;

    /// Another number than before where there is something new to save.
    fn changes(&self) -> u64;

    /// Gives everything worth keeping at `now` to `out`. Holds no lock for longer than a millisecond, and none while
    /// it calls `out`, which waits for the disk. What changes meanwhile is given as it was or as it is.
    fn save(&self, now: Timestamp, out: &mut Out<'_>) -> io::Result<()>;

    /// Takes in one chunk of what `save` gave, in the same order, into a state that is empty but for the chunks before.
    fn restore(&self, now: Timestamp, chunk: &[u8]) -> Result<Restored, Unfit>;
}

/// Takes one chunk away.
pub type Out<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

/// What became of a chunk's entries. What was over by itself, such as a window that has passed, is in neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Restored {
    /// Entries that are there again.
    pub taken: u64,
    /// Entries that found no room: the table has become smaller.
    pub left_out: u64,
}

impl Restored {
    /// Adds another chunk's.
    pub fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.left_out += other.left_out;
    }
}

/// Why a chunk isn't taken in. The others still are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No section goes by its name.
    #[error("this version of sendwall keeps nothing of that name")]
    Unknown,
    /// Another version of the section wrote it.
    #[error("it has version {found}, which this version of sendwall does not read")]
    Version {
        /// What wrote it.
        found: u32,
    },
    /// It isn't what this version writes.
    #[error("its bytes are not what this version of sendwall writes")]
    Malformed,
    /// What it belongs to is gone, or isn't what it was.
    #[error("{what} is not there any more, or counts something else")]
    Gone {
        /// Such as `limit "phone-60s"`.
        what: String,
    },
}

impl From<Malformed> for Unfit {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}
