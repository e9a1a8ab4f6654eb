//! Files that can't be read are set aside, for whoever wants to know why; a few of each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::Timestamp;

/// As many are kept, the newest.
const KEPT: usize = 3;

/// Gives the file another name, after the time, and gives that name.
pub fn set_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let aside = name_aside(path, now);
    fs::rename(path, &aside)?;
    prune(path)?;
    Ok(aside)
}

/// As [`set_aside`], and the file stays where it is too.
pub(super) fn copy_aside(path: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let aside = name_aside(path, now);
    fs::copy(path, &aside)?;
    prune(path)?;
    Ok(aside)
}

fn name_aside(path: &Path, now: Timestamp) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".corrupt-{}", compact(now)));
    name.into()
}

fn prune(path: &Path) -> io::Result<()> {
    let mut all = all(path)?;
    all.sort();
    let surplus = all.len().saturating_sub(KEPT);
    all.iter().take(surplus).try_for_each(fs::remove_file)
}

fn all(path: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = format!("{}.corrupt-", path.file_name().unwrap_or_default().display());
    let mut found = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or_else(|| Path::new(".")))? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// `20261120T181002.000Z`: sorts by time, and has no colon.
fn compact(at: Timestamp) -> String {
    at.to_string().replace(['-', ':'], "")
}
