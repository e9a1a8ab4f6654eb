//! Signed texts: base64url of bytes and their HMAC-SHA-256. The keys' ring may turn: the newest signs, all of them check.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::privacy::keyed;

const MAC_BYTES: usize = 32;

/// Signs, checks, and blinds.
#[derive(Clone)]
pub(super) struct Seals {
    current: hmac::Key,
    older: Vec<hmac::Key>,
}

impl Seals {
    /// Under `keys`, the current one first.
    pub(super) fn new(keys: &[[u8; 32]]) -> Self {
        let (current, older) = keys.split_first().unwrap_or((&[0; 32], &[]));
        Self { current: keyed(current), older: older.iter().map(keyed).collect() }
    }

    /// The text of `bytes` with their signature.
    pub(super) fn seal(&self, bytes: &[u8]) -> String {
        let mut sealed = Vec::with_capacity(bytes.len() + MAC_BYTES);
        sealed.extend_from_slice(bytes);
        sealed.extend_from_slice(hmac::sign(&self.current, bytes).as_ref());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The `N` bytes of a text that one of the keys signed.
    pub(super) fn open<const N: usize>(&self, text: &str) -> Option<[u8; N]> {
        if text.len() != (N + MAC_BYTES).saturating_mul(4).div_ceil(3) {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (bytes, mac) = sealed.split_first_chunk::<N>()?;
        self.keys().any(|key| hmac::verify(key, bytes, mac).is_ok()).then_some(*bytes)
    }

    /// A text of any length with its signature after it; [`Seals::open_text`] opens it.
    pub(super) fn seal_text(&self, text: &str) -> String {
        self.seal(&[&[Label::Form as u8], text.as_bytes()].concat())
    }

    /// The text that one of the keys signed.
    pub(super) fn open_text(&self, sealed: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (bytes, mac) = sealed.split_at_checked(sealed.len().checked_sub(MAC_BYTES)?)?;
        let bytes = bytes.strip_prefix(&[Label::Form as u8])?;
        let signed = sealed.get(..=bytes.len())?;
        let genuine = self.keys().any(|key| hmac::verify(key, signed, mac).is_ok());
        genuine.then(|| String::from_utf8(bytes.to_vec()).ok()).flatten()
    }

    /// 64 bits that stand for `value` under `nonce`: nobody can tell the value from them, nor that two are of one value.
    /// One for each key, the current one first.
    pub(super) fn blind(&self, nonce: u128, what: Part, value: &[u8]) -> impl Iterator<Item = u64> {
        self.keys().map(move |key| {
            let mut mac = hmac::Context::with_key(key);
            mac.update(&[what as u8]);
            mac.update(&nonce.to_be_bytes());
            mac.update(value);
            mac.sign().as_ref().first_chunk().copied().map_or(0, u64::from_be_bytes)
        })
    }

    fn keys(&self) -> impl Iterator<Item = &hmac::Key> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

/// What is sealed; its first byte, as all are signed by the same keys and none must pass for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// A challenge to be solved.
    Ticket = 0x11,
    /// A pass.
    Pass = 0x21,
    /// That a page was loaded.
    Page = 0x31,
    /// The name of a captcha's picture.
    Picture = 0x41,
    /// A form that is carried along.
    Form = 0x51,
}

/// What is blinded. None of those is a [`Label`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Endpoint = 0xe0,
    Phone = 0xe1,
    Client = 0xe2,
    /// What a captcha's answer is.
    Answer = 0xe3,
    /// How a captcha looks.
    Look = 0xe4,
    /// What ties a provider's token to a challenge.
    Cdata = 0xe5,
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seals({} older)", self.older.len())
    }
}
