//! Snapshots that can't be read are set aside, for whoever wants to know why; a few of them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::settings::file;
use crate::domain::Timestamp;

const PREFIX: &str = "snapshot.corrupt-";
/// As many are kept, the newest.
const KEPT: usize = 3;

/// Gives the snapshot another name, after the time, and gives that name.
pub(super) fn set_aside(directory: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let aside = directory.join(format!("{PREFIX}{}", compact(now)));
    fs::rename(file(directory), &aside)?;
    let mut all = all(directory)?;
    all.sort();
    let surplus = all.len().saturating_sub(KEPT);
    all.iter().take(surplus).try_for_each(fs::remove_file)?;
    Ok(aside)
}

fn all(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// `20261120T181002.000Z`: sorts by time, and has no colon.
fn compact(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}
