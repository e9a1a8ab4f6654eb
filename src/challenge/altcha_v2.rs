//! ALTCHA v2: a proof of work in the form that its widget (3 and later) and its libraries speak.
//!
//! Only what is issued here is accepted: PBKDF2/SHA-256 in its deterministic mode, where the server knows the key to be
//! found and signs it. So the work has an end for people, and checking it is two HMACs, whatever a client sends; the
//! libraries' other mode, where any key with a prefix will do, has neither. Everything is checked as it was signed:
//! algorithm, cost, prefix, expiry and data of another challenge don't pass the signature.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::kdf::KEY_BYTES;
use super::work::Work;
use super::{Ticket, Unsolved, hex};
use crate::domain::Timestamp;

pub use super::kdf::derive;

const ALGORITHM: &str = "PBKDF2/SHA-256";
/// Bytes of the key that the client is told, half of it.
const PREFIX_BYTES: usize = KEY_BYTES / 2;
/// Fewer iterations were never issued.
const LEAST_COST: u32 = 100;
/// The name under which `data` holds the ticket.
const TICKET: &str = "ticket";
/// A payload is some 1,000 bytes.
pub(super) const MAX_PAYLOAD: usize = 4096;

/// The two secrets: one signs the parameters, the other the key to be found.
#[derive(Clone)]
pub struct Keys {
    signature: hmac::Key,
    key: hmac::Key,
}

impl Keys {
    /// From texts, as ALTCHA's libraries take them.
    pub fn new(signature: &[u8], key: &[u8]) -> Self {
        let keyed = |secret| hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { signature: keyed(signature), key: keyed(key) }
    }

    /// What signs challenges of version 1, which have no second secret. The text that it signs is a hash's, and never
    /// the JSON of version 2.
    pub(super) fn v1(&self) -> &hmac::Key {
        &self.signature
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// A challenge as it goes to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What is asked.
    pub parameters: Parameters,
    /// HMAC-SHA-256 of the parameters' canonical JSON, in hexadecimal.
    pub signature: String,
}

/// What is asked. Its JSON is canonical as it stands: fields in the order of their names, no spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameters {
    /// How a key is derived.
    pub algorithm: String,
    /// Iterations for a key.
    pub cost: u32,
    /// What the issuer wants back: the ticket.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Unix seconds.
    pub expires_at: u64,
    /// Bytes of a key.
    pub key_length: usize,
    /// How the key to be found begins.
    pub key_prefix: String,
    /// HMAC-SHA-256 of the key to be found.
    pub key_signature: String,
    /// 16 bytes before the counter.
    pub nonce: String,
    /// 16 bytes.
    pub salt: String,
}

#[derive(Deserialize)]
struct Payload {
    challenge: Challenge,
    solution: Solution,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Solution {
    #[serde(rename = "counter")]
    _counter: u32,
    derived_key: String,
}

/// Makes a challenge of `ticket` whose counter the random bits of `work` draw.
pub(super) fn issue(
    keys: &[Keys],
    ticket: &Ticket,
    token: &str,
    (work, counter): (Work, u128),
    salt: u128,
) -> Challenge {
    let (nonce, salt) = (ticket.nonce.to_be_bytes(), salt.to_be_bytes());
    let cost = NonZeroU32::new(work.cost).unwrap_or(NonZeroU32::MIN);
    let key = derive(nonce, salt, work.counter(counter), cost);
    let parameters = Parameters {
        algorithm: ALGORITHM.to_owned(),
        cost: cost.get(),
        data: BTreeMap::from([(TICKET.to_owned(), token.to_owned())]),
        expires_at: ticket.expires.unix_s(),
        key_length: KEY_BYTES,
        key_prefix: hex::encode(key.get(..PREFIX_BYTES).unwrap_or_default()),
        key_signature: sign(keys, |keys| &keys.key, &key),
        nonce: hex::encode(&nonce),
        salt: hex::encode(&salt),
    };
    signed(keys, parameters)
}

pub(super) fn signed(keys: &[Keys], parameters: Parameters) -> Challenge {
    let signature = sign(keys, |keys| &keys.signature, &parameters.canonical());
    Challenge { parameters, signature }
}

fn sign(keys: &[Keys], secret: fn(&Keys) -> &hmac::Key, text: &[u8]) -> String {
    keys.first().map_or_else(String::new, |keys| hex::encode(hmac::sign(secret(keys), text).as_ref()))
}

/// Checks a payload, the base64 of a challenge with its solution, and gives the ticket that the challenge carries.
pub(super) fn verify(keys: &[Keys], payload: &str, now: Timestamp) -> Result<String, Unsolved> {
    let mut parameters = check(keys, payload, now)?;
    parameters.data.remove(TICKET).ok_or(Unsolved::Unknown)
}

/// Checks a payload, and gives what was asked.
pub fn check(keys: &[Keys], payload: &str, now: Timestamp) -> Result<Parameters, Unsolved> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Unsolved::Malformed);
    }
    let json = STANDARD.decode(payload).map_err(|_not_base64| Unsolved::Malformed)?;
    let Payload { challenge, solution } = serde_json::from_slice(&json).map_err(|_not_json| Unsolved::Malformed)?;
    let found: [u8; KEY_BYTES] = hex::decode(&solution.derived_key).ok_or(Unsolved::Malformed)?;
    let Challenge { parameters, signature } = challenge;
    let signature: [u8; 32] = hex::decode(&signature).ok_or(Unsolved::Malformed)?;
    let text = parameters.canonical();
    let keys = keys.iter().find(|keys| hmac::verify(&keys.signature, &text, &signature).is_ok());
    let keys = keys.filter(|_| parameters.is_of_our_kind()).ok_or(Unsolved::Unknown)?;
    if parameters.expires_at <= now.unix_s() {
        return Err(Unsolved::Expired);
    }
    let begins = hex::encode(&found).starts_with(&parameters.key_prefix);
    let signed = hex::decode::<32>(&parameters.key_signature).ok_or(Unsolved::Unknown)?;
    if begins && hmac::verify(&keys.key, &found, &signed).is_ok() { Ok(parameters) } else { Err(Unsolved::Wrong) }
}

impl Parameters {
    fn canonical(&self) -> Vec<u8> {
        // Texts and numbers only: they can't fail to be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether it could have been issued here: what another program signed with the same secret can ask for less.
    fn is_of_our_kind(&self) -> bool {
        self.algorithm == ALGORITHM
            && self.cost >= LEAST_COST
            && self.key_length == KEY_BYTES
            && self.key_prefix.len() == 2 * PREFIX_BYTES
    }
}
