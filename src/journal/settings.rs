//! What the operator sets about the decision log.

use std::path::PathBuf;

use crate::domain::Span;

/// Settings of the decision log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Directory of the log's files.
    pub directory: PathBuf,
    /// A file of this many bytes is closed and the next one begun.
    pub max_bytes: u64,
    /// A file of this age is closed and the next one begun.
    pub max_age: Span,
    /// Closed files are deleted when they are older than this.
    pub keep: Span,
    /// Records that wait for the disk; one more is dropped and counted.
    pub queue: usize,
}

impl Settings {
    /// The defaults, in `directory`.
    pub fn in_directory(directory: PathBuf) -> Self {
        Self {
            directory,
            max_bytes: 64 * 1024 * 1024,
            max_age: Span::hours(24),
            keep: Span::hours(24 * 30),
            queue: 8192,
        }
    }
}
