//! Incidents on disk: one JSON file, replaced as a whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::incident_book::Book;
use crate::whole;

const VERSION: u32 = 1;

/// Why the incidents on disk can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system says no.
    #[error("the incidents in {} cannot be read or written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It isn't what this version writes.
    #[error("the incidents in {} are not what this version of sendwall writes: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The file of incidents.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    book: Book,
}

impl Store {
    /// In the state directory.
    pub fn in_state(state: &Path) -> Self {
        Self { path: state.join("incidents.json") }
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the incidents; none where there is no file.
    pub fn load(&self) -> Result<Book, StoreError> {
        let text = match fs::read(&self.path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Book::default()),
            read => read.map_err(|source| self.io(source))?,
        };
        let malformed = |why: String| StoreError::Malformed { path: self.path.clone(), why };
        let saved: Saved = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        if saved.version == VERSION { Ok(saved.book) } else { Err(malformed(format!("version {}", saved.version))) }
    }

    /// Writes them: whole, or not at all.
    pub fn save(&self, book: Book) -> Result<(), StoreError> {
        let text = serde_json::to_vec(&Saved { version: VERSION, book });
        let text = text.map_err(|error| self.io(error.into()))?;
        whole::replace(&self.path, |out| out.write_all(&text)).map_err(|source| self.io(source))
    }

    fn io(&self, source: io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }
}
