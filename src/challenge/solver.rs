//! Solves a proof of work as a client does: for simulated people, whose browsers would.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::altcha_v2::{Challenge, derive};
use super::hex;

/// Iterations and counters of more work than sendwall ever asks for: nobody works longer for a stranger.
const MOST_COST: u32 = 100_000;
const MOST_COUNTERS: u32 = 100_000;

/// The payload that `solve` takes; `None` for a challenge that is none of sendwall's. Takes as long as the work is.
pub fn solve(challenge: &Challenge) -> Option<String> {
    let parameters = &challenge.parameters;
    let (nonce, salt) = (hex::decode(&parameters.nonce)?, hex::decode(&parameters.salt)?);
    let cost = NonZeroU32::new(parameters.cost).filter(|cost| cost.get() <= MOST_COST)?;
    let (counter, key) = (0..=MOST_COUNTERS).find_map(|counter| {
        let key = hex::encode(&derive(nonce, salt, counter, cost));
        key.starts_with(&parameters.key_prefix).then_some((counter, key))
    })?;
    let solution = json!({ "counter": counter, "derivedKey": key });
    Some(STANDARD.encode(json!({ "challenge": challenge, "solution": solution }).to_string()))
}
