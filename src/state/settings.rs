//! What the operator sets about the snapshot.

use std::path::{Path, PathBuf};

use crate::domain::Span;

/// Settings of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where its file is.
    pub directory: PathBuf,
    /// How old what it holds may become; a crash loses at most this much of the counting.
    pub interval: Span,
}

impl Settings {
    /// The defaults, in `directory`.
    pub fn in_directory(directory: PathBuf) -> Self {
        Self { directory, interval: Span::seconds(30) }
    }

    /// Its file.
    pub fn file(&self) -> PathBuf {
        file(&self.directory)
    }
}

pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join("snapshot")
}
