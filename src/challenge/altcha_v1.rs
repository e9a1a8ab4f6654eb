//! ALTCHA v1: a proof of work for its widgets before version 3. A number is to be found whose SHA-256 with a salt is given.
//!
//! A browser hashes slowly one by one and a program does not, so the same wait of a person costs an attacker far less than
//! v2: it is off unless the operator asks for it. The salt ends in `&`, so that no digit of the number can be moved into it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::altcha_v2::{Keys, MAX_PAYLOAD};
use super::work::Work;
use super::{Ticket, Unsolved, hex};
use crate::domain::Timestamp;

const ALGORITHM: &str = "SHA-256";

/// A challenge as it goes to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// How it is hashed.
    pub algorithm: &'static str,
    /// SHA-256 of salt and number, in hexadecimal.
    pub challenge: String,
    /// The largest number that it may be.
    pub maxnumber: u32,
    /// Random digits, then `?expires=..&ticket=..&`.
    pub salt: String,
    /// HMAC-SHA-256 of the challenge's text, in hexadecimal.
    pub signature: String,
}

#[derive(Deserialize)]
struct Payload {
    algorithm: String,
    challenge: String,
    number: u32,
    salt: String,
    signature: String,
}

/// Makes a challenge of `ticket`, whose number the random bits of `work` draw.
pub(super) fn issue(keys: &[Keys], ticket: &Ticket, token: &str, (work, number): (Work, u128)) -> Challenge {
    let salt = format!("{:032x}?expires={}&ticket={token}&", ticket.nonce, ticket.expires.unix_s());
    let challenge = hashed(&salt, work.number(number));
    let sign = |keys: &Keys| hex::encode(hmac::sign(keys.v1(), challenge.as_bytes()).as_ref());
    let signature = keys.first().map(sign).unwrap_or_default();
    Challenge { algorithm: ALGORITHM, challenge, maxnumber: work.numbers(), salt, signature }
}

/// Checks a payload, the base64 of a challenge with its number, and gives the ticket that the salt carries.
pub(super) fn verify(keys: &[Keys], payload: &str, now: Timestamp) -> Result<String, Unsolved> {
    let salt = check(keys, payload, now)?;
    parameter(&salt, "ticket").map(str::to_owned).ok_or(Unsolved::Unknown)
}

/// Checks a payload, and gives the salt.
pub(super) fn check(keys: &[Keys], payload: &str, now: Timestamp) -> Result<String, Unsolved> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Unsolved::Malformed);
    }
    let json = STANDARD.decode(payload).map_err(|_not_base64| Unsolved::Malformed)?;
    let Payload { algorithm, challenge, number, salt, signature } =
        serde_json::from_slice(&json).map_err(|_not_json| Unsolved::Malformed)?;
    let signature: [u8; 32] = hex::decode(&signature).ok_or(Unsolved::Malformed)?;
    if algorithm != ALGORITHM || !salt.ends_with('&') {
        return Err(Unsolved::Unknown);
    }
    keys.iter()
        .find(|keys| hmac::verify(keys.v1(), challenge.as_bytes(), &signature).is_ok())
        .ok_or(Unsolved::Unknown)?;
    if hashed(&salt, number) != challenge {
        return Err(Unsolved::Wrong);
    }
    let expires: u64 = parameter(&salt, "expires").and_then(|at| at.parse().ok()).ok_or(Unsolved::Unknown)?;
    if expires <= now.unix_s() { Err(Unsolved::Expired) } else { Ok(salt) }
}

fn hashed(salt: &str, number: u32) -> String {
    hex::encode(digest(&SHA256, format!("{salt}{number}").as_bytes()).as_ref())
}

/// The first parameter of that name behind the salt's `?`.
fn parameter<'s>(salt: &'s str, name: &str) -> Option<&'s str> {
    let pairs = salt.split_once('?')?.1.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}
