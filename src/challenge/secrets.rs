//! The keys of challenges, each of one purpose, all from the key ring.

use super::altcha_v2;
use super::hex;
use super::seal::Seals;
use crate::privacy::{KeyRing, Purpose};

/// What signs challenges and passes.
#[derive(Clone, Debug)]
pub struct Secrets {
    pub(super) seals: Seals,
    /// The current one first.
    pub(super) altcha: Vec<altcha_v2::Keys>,
}

impl Secrets {
    /// From the key ring. ALTCHA's are their hexadecimal texts, so that its libraries, which take texts, could use them.
    pub fn of(ring: &KeyRing) -> Self {
        let texts = |purpose| ring.derive_all(purpose).into_iter().map(|key| hex::encode(&key));
        let pairs = texts(Purpose::Altcha).zip(texts(Purpose::AltchaKey));
        let altcha = pairs.map(|(signature, key)| altcha_v2::Keys::new(signature.as_bytes(), key.as_bytes()));
        Self { seals: Seals::new(&ring.derive_all(Purpose::Ticket)), altcha: altcha.collect() }
    }
}
