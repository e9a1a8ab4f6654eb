//! The spool's directory: a file an alert, each written whole or not at all, and on the disk before anything is sent. And
//! a file for each channel whose trouble the others were told of, so that they are told of its end, too.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::super::Alert;
use super::entry::{Damaged, Entry, MAX_BYTES};
use crate::domain::Timestamp;
use crate::whole;

const ENDING: &str = "alert";
const TROUBLE: &str = "trouble";
const DAMAGED: &str = "damaged";
/// So many files that can't be used are kept for whoever wants to know why, the newest.
const DAMAGED_KEPT: usize = 10;

/// Why the spool can't be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolError {
    /// The system refused something.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process sends what is in it.
    #[error("another process uses the alert spool {}; give each sendwall a state directory of its own", .0.display())]
    Busy(PathBuf),
}

/// The directory, locked for this process.
#[derive(Debug)]
pub(super) struct Disk {
    directory: PathBuf,
    /// Held open, for the lock is on it.
    _lock: File,
}

/// What was found in the directory.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Each with the number that its file is named after, in their order.
    pub(super) entries: Vec<(u64, Entry)>,
    /// What was told of channels in trouble.
    pub(super) troubles: Vec<(String, Alert)>,
    /// Files that were set aside.
    pub(super) damaged: Vec<(PathBuf, Trouble)>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it is larger than any alert")]
    TooLarge,
}

impl Disk {
    /// Opens the directory, which is made where it is missing, and reads what is in it. Files that can't be used are set
    /// aside.
    pub(super) fn open(directory: &Path) -> Result<(Self, Found), SpoolError> {
        let failed = |what| move |source| SpoolError::Io { what, path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(failed("create"))?;
        let lock = File::open(directory).map_err(failed("open"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Busy(directory.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        let disk = Self { directory: directory.to_owned(), _lock: lock };
        let found = disk.read().map_err(failed("read"))?;
        Ok((disk, found))
    }

    fn read(&self) -> io::Result<Found> {
        let (mut found, mut aside) = (Found::default(), Vec::new());
        for file in fs::read_dir(&self.directory)? {
            let path = file?.path();
            match path.extension().and_then(|ending| ending.to_str()) {
                // A write that a crash cut off; the file in its place is whole.
                Some(whole::NEW) => fs::remove_file(&path)?,
                Some(DAMAGED) => aside.push(path),
                Some(ending @ (ENDING | TROUBLE)) => match (number(&path), read(&path)) {
                    (_, Ok(entry)) if ending == TROUBLE => {
                        found.troubles.extend(entry.channels.into_keys().map(|name| (name, entry.alert.clone())));
                    }
                    (Some(number), Ok(entry)) => found.entries.push((number, entry)),
                    (None, _) if ending == ENDING => {}
                    (_, Ok(_)) => {}
                    (_, Err(trouble)) => {
                        let name = path.with_extension(DAMAGED);
                        fs::rename(&path, &name)?;
                        aside.push(name.clone());
                        found.damaged.push((name, trouble));
                    }
                },
                _ => {}
            }
        }
        found.entries.sort_by_key(|(number, _)| *number);
        aside.sort();
        let surplus = aside.len().saturating_sub(DAMAGED_KEPT);
        aside.iter().take(surplus).try_for_each(fs::remove_file)?;
        Ok(found)
    }

    /// Writes the entry in place of the one of this number, if there is one.
    pub(super) fn write(&self, number: u64, entry: &Entry) -> Result<(), SpoolError> {
        put(self.path(number), entry)
    }

    /// Notes what the others were told of a channel.
    pub(super) fn write_trouble(&self, channel: &str, told: &Alert) -> Result<(), SpoolError> {
        put(self.trouble(channel), &Entry::new(told, [channel], Timestamp::default()))
    }

    /// The others know that it is over.
    pub(super) fn remove_trouble(&self, channel: &str) -> Result<(), SpoolError> {
        remove(self.trouble(channel))
    }

    /// Removes the entry of this number. The directory is synced with the next write: what comes back after a crash is
    /// sent as a repeat.
    pub(super) fn remove(&self, number: u64) -> Result<(), SpoolError> {
        remove(self.path(number))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:016x}.{ENDING}"))
    }

    /// Names of channels are plain: letters, digits and `-_.`.
    fn trouble(&self, channel: &str) -> PathBuf {
        self.directory.join(format!("channel-{channel}.{TROUBLE}"))
    }
}

fn put(path: PathBuf, entry: &Entry) -> Result<(), SpoolError> {
    let written = whole::replace(&path, |out| out.write_all(&entry.encode()));
    written.map_err(|source| SpoolError::Io { what: "write", path, source })
}

fn remove(path: PathBuf) -> Result<(), SpoolError> {
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(SpoolError::Io { what: "remove", path, source: error })
        }
        _ => Ok(()),
    }
}

fn number(path: &Path) -> Option<u64> {
    u64::from_str_radix(path.file_stem()?.to_str()?, 16).ok()
}

fn read(path: &Path) -> Result<Entry, Trouble> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(Trouble::TooLarge);
    }
    Ok(Entry::decode(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};
    use crate::domain::Timestamp;

    fn directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("sendwall-spool-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&directory));
        directory
    }

    #[test]
    fn what_is_written_is_found_in_its_order_and_what_is_damaged_is_set_aside() {
        let directory = directory("order");
        let (disk, found) = Disk::open(&directory).unwrap();
        assert!(found.entries.is_empty());
        let mut entry = Entry::new(&sample::alert(), ["ops"], Timestamp::default());
        entry.accepted = STARTED;
        for number in [300, 2, 10] {
            disk.write(number, &entry).unwrap();
        }
        assert!(matches!(Disk::open(&directory), Err(SpoolError::Busy(_))), "one process at a time");
        disk.remove(10).unwrap();
        disk.remove(10).unwrap();
        let names = ["on-call", ".", "0000000000000002", "a.b"];
        names.iter().try_for_each(|name| disk.write_trouble(name, &sample::alert())).unwrap();
        disk.remove_trouble("a.b").unwrap();
        disk.remove_trouble("a.b").unwrap();
        fs::write(directory.join("torn.trouble"), b"sendwall-alert 1 00\n").unwrap();
        fs::write(directory.join(format!("{:016x}.alert", 7)), b"sendwall-alert 1 00\n{}\n").unwrap();
        fs::write(directory.join(format!("{:016x}.new", 8)), b"half").unwrap();
        drop(disk);
        let (_disk, found) = Disk::open(&directory).unwrap();
        assert_eq!(found.entries.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 300]);
        assert!(found.entries.iter().all(|(_, found)| *found == entry));
        let mut troubles: Vec<_> = found.troubles.iter().map(|(name, _)| name.as_str()).collect();
        troubles.sort_unstable();
        assert_eq!(troubles, [".", "0000000000000002", "on-call"]);
        assert!(found.troubles.iter().all(|(_, told)| *told == sample::alert()));
        assert_eq!(found.damaged.len(), 2);
        let left: Vec<_> = fs::read_dir(&directory).unwrap().map(|file| file.unwrap().file_name()).collect();
        assert_eq!(left.len(), 7, "{left:?}");
        fs::remove_dir_all(directory).unwrap();
    }
}
