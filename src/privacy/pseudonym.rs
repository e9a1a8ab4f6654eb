//! Keyed names for what must not be stored in clear.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::{Serialize, Serializer};

use super::RawPhone;

/// The first 128 bits of an HMAC-SHA-256: same value and key, same name; without the key, no way back.
///
/// A phone number has so little entropy that a plain hash is undone in seconds; the key is what protects it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    /// The first 64 bits, for tables whose keys are 8 bytes.
    pub fn short(self) -> u64 {
        self.0.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// All 128 bits, for a snapshot.
    pub const fn to_bits(self) -> u128 {
        u128::from_le_bytes(self.0)
    }

    /// From [`Self::to_bits`].
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits.to_le_bytes())
    }

    fn text(self, buffer: &mut [u8; TEXT_LEN]) -> &str {
        let length = URL_SAFE_NO_PAD.encode_slice(self.0, buffer).unwrap_or(0);
        buffer.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

/// Length of a pseudonym in base 64.
const TEXT_LEN: usize = 22;

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; TEXT_LEN]))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Pseudonym {
    type Err = base64::DecodeSliceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        let read = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes)?;
        if read == bytes.len() { Ok(Self(bytes)) } else { Err(base64::DecodeSliceError::OutputSliceTooSmall) }
    }
}

impl Serialize for Pseudonym {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; TEXT_LEN];
        serializer.serialize_str(self.text(&mut text))
    }
}

/// Gives pseudonyms under one key. Each kind of value has its own domain, so a phone and an address that happen to
/// share their bytes don't share a name.
#[derive(Clone)]
pub struct Pseudonyms {
    keyed: hmac::Key,
}

impl Pseudonyms {
    /// Under `key` (see [`KeyRing::derive`](super::KeyRing::derive)).
    pub fn new(key: &[u8; 32]) -> Self {
        Self { keyed: keyed(key) }
    }

    /// Name of a phone.
    pub fn phone(&self, phone: RawPhone) -> Pseudonym {
        self.name(b"phone", &phone.expose_digits().to_be_bytes())
    }

    /// Name of an address, already cut to the prefix that counts as one (IPv4, IPv6 /64).
    pub fn address(&self, prefix: ipnet::IpNet) -> Pseudonym {
        match prefix {
            ipnet::IpNet::V4(net) => self.name(b"ipv4", &net.network().octets()),
            ipnet::IpNet::V6(net) => self.name(b"ipv6", &net.network().octets()),
        }
    }

    /// Name of a client id: the value of a cookie or of a device header.
    pub fn client(&self, value: &[u8]) -> Pseudonym {
        self.name(b"client", value)
    }

    /// Name of an id that the app gave to a send and that a verification brings back.
    pub fn exchange_id(&self, value: &[u8]) -> Pseudonym {
        self.name(b"exchange", value)
    }

    fn name(&self, domain: &[u8], value: &[u8]) -> Pseudonym {
        let mut mac = hmac::Context::with_key(&self.keyed);
        mac.update(domain);
        mac.update(&[0]);
        mac.update(value);
        let name = mac.sign().as_ref().first_chunk().copied().unwrap_or_default();
        Pseudonym(name)
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(***)")
    }
}

/// HMAC-SHA-256 under `key`, ready to take text.
pub(crate) fn keyed(key: &[u8; 32]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_value_same_name_and_domains_apart() {
        let names = Pseudonyms::new(&[7; 32]);
        let phone = RawPhone::from_digits(447_402_417_171).unwrap();
        assert_eq!(names.phone(phone), names.phone(phone));
        assert_ne!(names.phone(phone), names.client(&447_402_417_171_u64.to_be_bytes()));
        assert_ne!(names.phone(phone), Pseudonyms::new(&[8; 32]).phone(phone));
        assert_eq!(names.phone(phone).to_string().parse::<Pseudonym>().unwrap(), names.phone(phone));
        assert!("short".parse::<Pseudonym>().is_err());
    }
}
