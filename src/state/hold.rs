//! The right to a state directory: one process at a time. Two that write to the same one take each other's lists and
//! counters away.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Hold {
    _directory: File,
}

/// Why a state directory isn't to be had.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The system refused something.
    #[error("cannot {what} the state directory {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process is at it.
    #[error(
        "another sendwall uses the state directory {}; stop it, or give each a directory of its own (`state`)",
        .0.display()
    )]
    Busy(PathBuf),
}

impl Hold {
    /// Takes the directory, which is made where it is missing. Where the file system knows no locks, nobody is kept out.
    pub fn take(directory: &Path) -> Result<Self, HoldError> {
        let failed = |what| move |source| HoldError::Io { what, path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(failed("create"))?;
        let handle = File::open(directory).map_err(failed("open"))?;
        match handle.try_lock() {
            Err(TryLockError::WouldBlock) => Err(HoldError::Busy(directory.to_owned())),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _directory: handle }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_at_a_time() {
        let directory = std::env::temp_dir().join(format!("sendwall-hold-{}", std::process::id()));
        let first = Hold::take(&directory).unwrap();
        let refused = Hold::take(&directory).unwrap_err().to_string();
        assert!(refused.starts_with("another sendwall uses the state directory"), "{refused}");
        drop(first);
        assert!(Hold::take(&directory).is_ok());
        fs::remove_dir(&directory).unwrap();
    }
}
