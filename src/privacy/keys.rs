//! The key ring: one current master key, older ones kept so that what they signed or named is still understood.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::hmac;

use super::pseudonym::keyed;
use crate::whole;

/// What a derived key is for; one use never shares a key with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Pseudonyms of phones, addresses and clients.
    Pseudonyms,
    /// The signature of the visit cookie.
    Visit,
    /// The keys of evidence cells.
    Cells,
    /// The signature of challenges' tickets and of passes.
    Ticket,
    /// The signature of ALTCHA challenges.
    Altcha,
    /// The signature of the keys that ALTCHA challenges have as their solutions.
    AltchaKey,
    /// Tells whether a snapshot was written under the same key.
    Snapshot,
}

/// Master keys, newest first. The file holds one key a line, in hexadecimal, the current one on the first line;
/// rotating is adding a line on top.
#[derive(Clone)]
pub struct KeyRing {
    current: [u8; 32],
    older: Vec<[u8; 32]>,
}

/// Why there is no key ring.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// The file can't be read or made.
    #[error("cannot {what} the key file {}: {source}; give sendwall's user a state directory that it may write", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text holds nothing.
    #[error(
        "the key {origin} is empty; put back the key that was in it, or remove it, and the next start makes a new one"
    )]
    Empty {
        /// "file" or "environment variable", with its name.
        origin: String,
    },
    /// The text isn't a list of keys.
    #[error("line {line} of the key {origin} is not 64 hexadecimal digits; make one with `openssl rand -hex 32`")]
    Malformed {
        /// 1-based.
        line: usize,
        /// "file" or "environment variable", with its name.
        origin: String,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes for a new key: {0}")]
    NoEntropy(String),
}

impl KeyRing {
    /// Reads keys from text, one a line; empty lines and `#` comments don't count.
    pub fn parse(text: &str, origin: &str) -> Result<Self, KeyRingError> {
        if text.trim().is_empty() {
            return Err(KeyRingError::Empty { origin: origin.to_owned() });
        }
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let malformed = || KeyRingError::Malformed { line: index + 1, origin: origin.to_owned() };
            let mut key = [0; 32];
            hex::decode_to_slice(line, &mut key).map_err(|_not_a_key| malformed())?;
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(current) => Ok(Self { current, older: keys.collect() }),
            None => Err(KeyRingError::Malformed { line: 1, origin: origin.to_owned() }),
        }
    }

    /// Reads the key file, or makes it with one fresh key, readable by its owner alone. The flag says it was made.
    pub fn load_or_create(path: &Path) -> Result<(Self, bool), KeyRingError> {
        let error = |what| move |source| KeyRingError::Io { what, path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => Ok((Self::parse(&text, &format!("file {}", path.display()))?, false)),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
                let ring = Self::generate()?;
                let text = format!("{}\n", hex::encode(ring.current));
                whole::create(path, |file| file.write_all(text.as_bytes())).map_err(error("create"))?;
                Ok((ring, true))
            }
            Err(other) => Err(error("read")(other)),
        }
    }

    /// One fresh key, kept nowhere: for a run without a state directory.
    pub fn generate() -> Result<Self, KeyRingError> {
        let mut current = [0; 32];
        getrandom::fill(&mut current).map_err(|error| KeyRingError::NoEntropy(error.to_string()))?;
        Ok(Self { current, older: Vec::new() })
    }

    /// Keys of a replay or a test: fixed, so that the same input gives the same bytes.
    pub fn fixed(byte: u8) -> Self {
        Self { current: [byte; 32], older: Vec::new() }
    }

    /// The current key for `purpose`.
    pub fn derive(&self, purpose: Purpose) -> [u8; 32] {
        derive(&self.current, purpose)
    }

    /// Every key for `purpose`, current first: for checking what an older key signed.
    pub fn derive_all(&self, purpose: Purpose) -> Vec<[u8; 32]> {
        std::iter::once(&self.current).chain(&self.older).map(|key| derive(key, purpose)).collect()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRing(1 current, {} older)", self.older.len())
    }
}

fn derive(master: &[u8; 32], purpose: Purpose) -> [u8; 32] {
    let label: &[u8] = match purpose {
        Purpose::Pseudonyms => b"sendwall pseudonyms v1",
        Purpose::Visit => b"sendwall visit cookie v1",
        Purpose::Cells => b"sendwall evidence cells v1",
        Purpose::Ticket => b"sendwall challenge ticket v1",
        Purpose::Altcha => b"sendwall altcha v1",
        Purpose::AltchaKey => b"sendwall altcha key v1",
        Purpose::Snapshot => b"sendwall snapshot v1",
    };
    hmac::sign(&keyed(master), label).as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_bad_lines_are_named() {
        let text = format!("# current\n{}\n\n{}\n", "ab".repeat(32), "cd".repeat(32));
        let ring = KeyRing::parse(&text, "file k").unwrap();
        assert_eq!(ring.derive_all(Purpose::Visit).len(), 2);
        assert_ne!(ring.derive(Purpose::Visit), ring.derive(Purpose::Pseudonyms));
        let error = KeyRing::parse("zz", "file k").unwrap_err().to_string();
        assert!(error.starts_with("line 1 of the key file k"), "{error}");
        for empty in ["", "\n  \n"] {
            let error = KeyRing::parse(empty, "file k").unwrap_err().to_string();
            assert!(error.starts_with("the key file k is empty"), "{error}");
        }
        assert!(KeyRing::parse("# no key", "file k").is_err());
    }

    #[test]
    fn a_full_disk_at_the_first_start_leaves_the_next_one_nothing_to_trip_over() {
        let directory = std::env::temp_dir().join(format!("sendwall-keys-{}", std::process::id()));
        let path = directory.join("state/keys");
        let full = whole::create::<()>(&path, |file| {
            file.write_all(b"ab")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(full.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(directory.join("state")).unwrap().count(), 0, "nothing is left");

        let (made, is_new) = KeyRing::load_or_create(&path).unwrap();
        assert!(is_new);
        let (read, is_new) = KeyRing::load_or_create(&path).unwrap();
        assert!(!is_new && read.derive(Purpose::Visit) == made.derive(Purpose::Visit));
        let taken = whole::create(&path, |_file| Ok(()));
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists, "it is never replaced");
        assert!(KeyRing::load_or_create(&path).is_ok());
        assert_eq!(fs::read_dir(directory.join("state")).unwrap().count(), 1);
        fs::remove_dir_all(&directory).unwrap();
    }
}
