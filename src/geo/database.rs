//! One database file: read, looked up, and read again when it changes.
//!
//! Must not know: what its records mean.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
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

/// A file that had changed.
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
    reader: ArcSwap<Bytes>,
    /// The file that was last tried, whether it was good or not.
    seen: Mutex<Stamp>,
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    changed: Option<SystemTime>,
}

impl Database {
    /// Reads the file.
    pub(super) fn open(kind: DatabaseKind, path: &Path) -> Result<Self, Error> {
        let (stamp, reader) = load(kind, path)?;
        Ok(Self { kind, path: path.to_owned(), reader: ArcSwap::from_pointee(reader), seen: Mutex::new(stamp) })
    }

    /// The database as it is now; it stays whole while it is held.
    pub(super) fn reader(&self) -> arc_swap::Guard<Arc<Bytes>> {
        self.reader.load()
    }

    /// Reads the file again if it has changed since it was last tried.
    pub(super) fn refresh(&self) -> Option<Refreshed> {
        let mut seen = self.seen.lock();
        let now = stamp(&self.path).unwrap_or(Stamp { bytes: 0, changed: None });
        if now == *seen {
            return None;
        }
        // What is noted is the state before the file is read: if it changes meanwhile, it is read once more.
        *seen = now;
        let result = load(self.kind, &self.path).map(|(_, reader)| {
            let built = reader.metadata().build_epoch;
            self.reader.store(Arc::new(reader));
            built
        });
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
