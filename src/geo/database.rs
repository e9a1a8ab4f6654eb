//! One database file: read, looked up, and read again when it changes.
//!
//! Must not know: what its records mean.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use maxminddb::{MaxMindDbError, Reader};
use parking_lot::Mutex;

/// Larger files are refused: they are read into memory, and the largest that are sold have half of it.
const MAX_FILE_BYTES: u64 = 1 << 30;

pub(super) type Bytes = Reader<Vec<u8>>;

/// What a database is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatabaseKind {
    /// Address to country.
    Country,
    /// Address to autonomous system.
    Asn,
    /// Address to VPN, proxy, Tor, hosting.
    Anonymous,
}

impl DatabaseKind {
    /// The name in configuration, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Asn => "asn",
            Self::Anonymous => "anonymous",
        }
    }
}

/// Why a file can't be used as a database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("the {} database {} can't be read: {source}; check path and permissions", kind.name(), path.display())]
    Read {
        /// What it is for.
        kind: DatabaseKind,
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is over a gibibyte.
    #[error("the {} database {} has {bytes} bytes, and the limit is {MAX_FILE_BYTES}", kind.name(), path.display())]
    TooLarge {
        /// What it is for.
        kind: DatabaseKind,
        /// Where it is.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is no database, or only a part of one.
    #[error(
        "the {} database {} is not a whole file in MaxMind format: {source}; unpack it, or load it again",
        kind.name(), path.display()
    )]
    Format {
        /// What it is for.
        kind: DatabaseKind,
        /// Where it is.
        path: PathBuf,
        /// What the reader says.
        source: MaxMindDbError,
    },
}

/// A file that had changed, or could not be read before.
#[derive(Debug)]
pub struct Refreshed {
    /// What it is for.
    pub kind: DatabaseKind,
    /// Where it is.
    pub path: PathBuf,
    /// The time the new database was built, in seconds since 1970; or why the old one stays.
    pub result: Result<u64, Error>,
}

/// One file and what was read of it.
#[derive(Debug)]
pub(super) struct Database {
    kind: DatabaseKind,
    path: PathBuf,
    /// `None` until the file could be read once.
    reader: ArcSwapOption<Bytes>,
    /// Why the file can't be used as it is now.
    fault: ArcSwapOption<String>,
    /// The file that was last tried, whether it was good or not. `None` where a look is to try it though it didn't change.
    seen: Mutex<Option<Stamp>>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Database {
    /// Reads the file. Where it can't be used, the first look tries it again and tells.
    pub(super) fn open(kind: DatabaseKind, path: &Path) -> Self {
        let (seen, reader, fault) = match load(kind, path) {
            Ok((stamp, reader)) => (Some(stamp), Some(Arc::new(reader)), None),
            Err(error) => (None, None, Some(Arc::new(error.to_string()))),
        };
        let (reader, fault) = (ArcSwapOption::new(reader), ArcSwapOption::new(fault));
        Self { kind, path: path.to_owned(), reader, fault, seen: Mutex::new(seen) }
    }

    /// Why the file can't be used.
    pub(super) fn check(kind: DatabaseKind, path: &Path) -> Option<Error> {
        load(kind, path).err()
    }

    /// What it is for.
    pub(super) fn kind(&self) -> DatabaseKind {
        self.kind
    }

    /// The database as it is now, where there is one; it stays whole while it is held.
    pub(super) fn reader(&self) -> arc_swap::Guard<Option<Arc<Bytes>>> {
        self.reader.load()
    }

    /// Why the file can't be used as it is now.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.load().as_deref().cloned()
    }

    /// Reads the file again if it has changed since it was last tried.
    pub(super) fn refresh(&self) -> Option<Refreshed> {
        let mut seen = self.seen.lock();
        let now = stamp(&self.path).unwrap_or(Stamp { bytes: 0, changed: None });
        if *seen == Some(now) {
            return None;
        }
        // What is noted is the state before the file is read: if it changes meanwhile, it is read once more.
        *seen = Some(now);
        let result = load(self.kind, &self.path).map(|(_, reader)| {
            let built = reader.metadata().build_epoch;
            self.reader.store(Some(Arc::new(reader)));
            built
        });
        self.fault.store(result.as_ref().err().map(|error| Arc::new(error.to_string())));
        Some(Refreshed { kind: self.kind, path: self.path.clone(), result })
    }
}

/// Whether addresses of this family are in the database at all.
pub(super) fn holds(reader: &Bytes, address: IpAddr) -> bool {
    address.is_ipv4() || reader.metadata().ip_version == 6
}

fn load(kind: DatabaseKind, path: &Path) -> Result<(Stamp, Bytes), Error> {
    let unreadable = |source| Error::Read { kind, path: path.to_owned(), source };
    let stamp = stamp(path).map_err(unreadable)?;
    if stamp.bytes > MAX_FILE_BYTES {
        return Err(Error::TooLarge { kind, path: path.to_owned(), bytes: stamp.bytes });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let reader = Reader::from_source(bytes).map_err(|source| Error::Format { kind, path: path.to_owned(), source })?;
    Ok((stamp, reader))
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok(Stamp { bytes: metadata.len(), changed: metadata.modified().ok() })
}
