//! A file that is replaced as a whole: at any moment, a crash included, it is the one from before or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Writes `path` anew, readable by its owner alone, and makes its directory where there is none.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory)?;
    let new = new_name(path);
    let written = write_new(&new, write).and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is left of it would only take room; the next one begins anew in any case.
        drop(fs::remove_file(&new));
    }
    written?;
    File::open(directory)?.sync_all()
}

fn write_new(new: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner()?.sync_all()
}

fn new_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
