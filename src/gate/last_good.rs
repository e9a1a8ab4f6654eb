//! The last good answer that each client got about each phone, for the rule that repeats it.
//!
//! Bounded in bytes; when it is full the oldest answers go, and their clients are treated as if they had had none.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, SET_COOKIE, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;

use super::UpstreamAnswer;
use crate::domain::{Facts, Span, Timestamp};
use crate::privacy::Pseudonym;

/// Longest time after which an answer may be repeated.
pub const LONGEST: Span = Span::hours(1);
/// Of all answers together.
const MAX_BYTES: usize = 16 << 20;
/// What an entry takes beside its texts, roughly.
const ENTRY_BYTES: usize = 512;

/// An answer of the app without its cookies.
#[derive(Clone, Debug)]
pub struct GoodAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without cookies and framing.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// An answer with its time.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) at: Timestamp,
    pub(super) answer: Arc<GoodAnswer>,
}

/// Endpoint, phone and client: all three must be the same.
type Key = (Arc<str>, Pseudonym, Pseudonym);

/// The answers.
#[derive(Debug, Default)]
pub(super) struct LastGood(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    by_key: HashMap<Key, Kept>,
    /// In the order of their coming; an entry whose time isn't the kept one's is of an answer that was replaced.
    order: VecDeque<(Timestamp, Key, usize)>,
    bytes: usize,
}

impl LastGood {
    pub(super) fn find(&self, facts: &Facts) -> Option<Kept> {
        let answers = self.0.lock();
        answers.by_key.get(&key(facts)?).cloned()
    }

    /// Keeps the answer to an attempt whose message went out. One that wasn't read whole isn't kept.
    pub(super) fn keep(&self, facts: &Facts, answer: &UpstreamAnswer<'_>) {
        let (Some(key), Ok(body)) = (key(facts), answer.body) else { return };
        let Ok(status) = StatusCode::from_u16(answer.status) else { return };
        let mut headers = answer.headers.clone();
        for name in [SET_COOKIE, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let answer = GoodAnswer { status, headers, body: Bytes::copy_from_slice(body) };
        self.put(key, facts.at, answer);
    }

    /// As [`Self::keep`], where nobody sees answers (a replay).
    pub(super) fn keep_unseen(&self, facts: &Facts) {
        let answer = GoodAnswer { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::new() };
        if let Some(key) = key(facts) {
            self.put(key, facts.at, answer);
        }
    }

    fn put(&self, key: Key, at: Timestamp, answer: GoodAnswer) {
        let texts: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let size = ENTRY_BYTES + texts + answer.body.len();
        let mut answers = self.0.lock();
        answers.bytes += size;
        answers.order.push_back((at, key.clone(), size));
        answers.by_key.insert(key, Kept { at, answer: Arc::new(answer) });
        while answers.bytes > MAX_BYTES || answers.order.front().is_some_and(|(old, ..)| at.since(*old) > LONGEST) {
            let Some((old, key, size)) = answers.order.pop_front() else { break };
            answers.bytes -= size;
            if answers.by_key.get(&key).is_some_and(|kept| kept.at == old) {
                answers.by_key.remove(&key);
            }
        }
    }
}

fn key(facts: &Facts) -> Option<Key> {
    Some((Arc::clone(&facts.endpoint), facts.phone()?.id, facts.client.id.as_ref()?.id))
}
