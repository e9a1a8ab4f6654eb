//! Where the master keys come from.

use std::path::{Path, PathBuf};

use super::reader::Section;
use super::source::Fault;
use crate::privacy::{KeyRing, KeyRingError, Secret};

/// The environment variable with the text of the keys.
const VARIABLE: &str = "SENDWALL_KEY";

/// Where the master keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// From the environment.
    Text(Secret),
    /// From a file, which is made where it is missing.
    File(PathBuf),
    /// Made anew at each start: pseudonyms and visit cookies of before mean nothing after.
    Fresh,
}

impl KeySource {
    /// The file of keys in a state directory.
    pub(super) fn in_state(state: &Path) -> Self {
        Self::File(state.join("keys"))
    }

    /// The file, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Text(_) | Self::Fresh => None,
        }
    }

    /// The keys. The flag says that a file was made for them just now.
    pub fn load(&self) -> Result<(KeyRing, bool), KeyRingError> {
        match self {
            Self::Text(text) => {
                Ok((KeyRing::parse(text.expose(), &format!("environment variable {VARIABLE}"))?, false))
            }
            Self::File(path) => KeyRing::load_or_create(path),
            Self::Fresh => Ok((KeyRing::generate()?, false)),
        }
    }
}

/// Finds the keys: the environment before `key_file` before the state directory. Keys that are there are tried.
pub(super) fn read(
    root: &mut Section<'_>,
    state: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> KeySource {
    let file = root.path("key_file");
    let key = if root.has("key_file") { "key_file" } else { "" };
    let source = match (environment(VARIABLE), file) {
        (Some(text), _) => KeySource::Text(Secret::new(&text)),
        (None, Some(file)) => KeySource::File(file),
        (None, None) => state.map_or(KeySource::Fresh, KeySource::in_state),
    };
    let is_there = match &source {
        KeySource::Text(_) => true,
        KeySource::File(path) => path.exists(),
        KeySource::Fresh => false,
    };
    if let Err(error) = if is_there { source.load().map(drop) } else { Ok(()) } {
        root.error(key, Fault::new(error.to_string()));
    }
    source
}
