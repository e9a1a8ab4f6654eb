//! PBKDF2/SHA-256 as ALTCHA v2 uses it: the key of a counter.
//!
//! By ring, which is here already. The official crate `altcha` would bring fourteen crates more, reads the clock and draws
//! random numbers itself, and accepts more than is issued here: its other mode, other algorithms, upper-case digits. It is
//! what the tests hold this against.

use std::num::NonZeroU32;

use ring::pbkdf2;

/// Bytes of a derived key.
pub(super) const KEY_BYTES: usize = 32;

/// The key of `counter` under a challenge's nonce and salt, with `cost` iterations.
pub fn derive(nonce: [u8; 16], salt: [u8; 16], counter: u32, cost: NonZeroU32) -> [u8; KEY_BYTES] {
    let mut password = [0; 20];
    let (head, tail) = password.split_at_mut(16);
    head.copy_from_slice(&nonce);
    tail.copy_from_slice(&counter.to_be_bytes());
    let mut key = [0; KEY_BYTES];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, cost, &salt, &password, &mut key);
    key
}
