//! A directory that goes when the demo ends.
//!
//! Must not know: what is kept in it.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// Removed with everything in it when dropped.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// A new one that only this user may enter.
    pub(super) fn create() -> Result<Self, Error> {
        let parent = std::env::temp_dir();
        // The system's generator, so that two demos at once don't meet; creating fails where something is there.
        let name = getrandom::u64().unwrap_or_else(|_no_entropy| std::process::id().into());
        let path = parent.join(format!("sendwall-demo-{name:016x}"));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(Error::Directory { parent, source }),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What can't be removed stays in the system's temporary directory, which is cleared by the system.
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the demo's directory could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_directory_is_private_and_goes_when_dropped() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = Temporary::create().unwrap();
        let path = directory.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(directory);
        assert!(!path.exists());
    }
}
