//! The visit cookie: when this client first loaded a page through sendwall, signed so that nobody else can say so.
//!
//! Its value is base64url of a version byte, the time (6 bytes of Unix milliseconds), 64 random bits and an
//! HMAC-SHA-256 over all before. Whether and when it is set is the edge's business.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::domain::{Timestamp, Visit};
use crate::privacy::keyed;

const VERSION: u8 = 1;
const ID_BYTES: usize = 14;
const MAC_BYTES: usize = 32;
const SIGNED_BYTES: usize = 1 + ID_BYTES;
const TOTAL_BYTES: usize = SIGNED_BYTES + MAC_BYTES;

/// What tells one visit from another: its time and its random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VisitId([u8; ID_BYTES]);

impl VisitId {
    /// For the client's pseudonym.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Signs and checks visit cookies.
#[derive(Clone)]
pub struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    /// Under `keys`, the current one first; the others are only checked. Without any key every cookie is forged.
    pub fn new(keys: &[[u8; 32]]) -> Self {
        Self { keys: keys.iter().map(keyed).collect() }
    }

    /// A new cookie value: 63 characters that need no quotes. `random` makes it unique.
    pub fn mint(&self, now: Timestamp, random: u64) -> String {
        let mut bytes = Vec::with_capacity(TOTAL_BYTES);
        bytes.push(VERSION);
        bytes.extend(now.unix_ms().to_be_bytes().into_iter().skip(2));
        bytes.extend(random.to_be_bytes());
        if let Some(key) = self.keys.first() {
            let tag = hmac::sign(key, &bytes);
            bytes.extend(tag.as_ref());
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a cookie value tells, and whose it is. A value that no key signed is forged and has no id.
    pub fn read(&self, value: &[u8]) -> (Visit, Option<VisitId>) {
        self.check(value).unwrap_or((Visit::Forged, None))
    }

    fn check(&self, value: &[u8]) -> Option<(Visit, Option<VisitId>)> {
        let mut bytes = [0; TOTAL_BYTES];
        let read = URL_SAFE_NO_PAD.decode_slice(value, &mut bytes).ok()?;
        if read != TOTAL_BYTES || bytes.first() != Some(&VERSION) {
            return None;
        }
        let (signed, tag) = bytes.split_at(SIGNED_BYTES);
        let genuine = self.keys.iter().any(|key| hmac::verify(key, signed, tag).is_ok());
        let id: [u8; ID_BYTES] = signed.get(1..)?.try_into().ok()?;
        let since = id.iter().take(6).fold(0_u64, |ms, byte| ms << 8 | u64::from(*byte));
        genuine.then_some((Visit::Since(Timestamp::from_unix_ms(since)), Some(VisitId(id))))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_reads_back_under_current_and_older_keys_only() {
        let at = Timestamp::from_unix_ms(1_795_000_000_123);
        let old = Signer::new(&[[1; 32]]);
        let value = old.mint(at, 7);
        assert_eq!(value.len(), 63);
        let (visit, id) = Signer::new(&[[2; 32], [1; 32]]).read(value.as_bytes());
        assert_eq!(visit, Visit::Since(at));
        assert_eq!(id, old.read(value.as_bytes()).1);
        assert_ne!(id, old.read(old.mint(at, 8).as_bytes()).1);
        assert_eq!(Signer::new(&[[2; 32]]).read(value.as_bytes()), (Visit::Forged, None));
        assert_eq!(Signer::new(&[]).read(value.as_bytes()), (Visit::Forged, None));
    }

    #[test]
    fn a_changed_cookie_is_forged() {
        let signer = Signer::new(&[[1; 32]]);
        let value = signer.mint(Timestamp::from_unix_ms(5), 7);
        for index in 0..value.len() {
            let mut changed = value.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(signer.read(&changed).0, Visit::Forged, "byte {index}");
        }
        for bad in ["", "x", value.trim_start_matches('A'), &format!("{value}A"), &"A".repeat(5000)] {
            assert_eq!(signer.read(bad.as_bytes()).0, Visit::Forged);
        }
    }
}
