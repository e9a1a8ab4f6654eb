//! Why a snapshot is not read, and why it could not be written.

use std::io;
use std::path::PathBuf;

use crate::domain::Timestamp;

/// Why a snapshot is set aside.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The system doesn't give it.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It begins as no snapshot does.
    #[error("it is not a snapshot of sendwall's")]
    Foreign,
    /// Another version of sendwall wrote it.
    #[error(
        "it has format {found} and this version of sendwall reads format {known}; the version that wrote it reads it"
    )]
    Format {
        /// Its format.
        found: u32,
        /// Ours.
        known: u32,
    },
    /// It ends too early, goes on after its end, or has other bytes than were written.
    #[error("it is damaged, at byte {at} or before; look at the disk that it is on")]
    Damaged {
        /// Up to here it was read.
        at: u64,
    },
    /// Its names for phones and clients are not ours.
    #[error("it was written under another key, so nothing in it can be recognised; was the key changed?")]
    OtherKey,
    /// It was written when the clock showed a later time. What it counted would hold until then.
    #[error("it was written at {created}, which is still to come; was the clock set back?")]
    Future {
        /// When, by the clock of then.
        created: Timestamp,
    },
}

/// Why a snapshot could not be written. The one before it is still there.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct SaveError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}
