//! The demo app's memory: codes that were sent, as messages in a fake inbox, and who asked for them.
//!
//! Must not know: HTTP. Time and chance are arguments. It is an app behind sendwall and so holds numbers in clear, in
//! memory only, as the app that it stands for would.

use std::collections::{HashMap, VecDeque};

use crate::domain::{Span, Timestamp};
use crate::random::Random;

/// How long a code is good for.
pub(super) const GOOD_FOR: Span = Span::minutes(10);
/// Phones and sessions that are remembered; the oldest goes when one more comes.
const MAX_ENTRIES: usize = 4096;
/// Messages that one phone's inbox shows; the oldest goes.
const MAX_MESSAGES: usize = 8;

/// A phone number as the app reads it: the digits of its international form.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Number(u64);

impl Number {
    /// Reads `+44 7700 900123`, `0044…` and, as the demo's shop is in Britain, `07700…`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let only_separators = text.trim().chars().all(|c| c.is_ascii_digit() || " +-().".contains(c));
        let international = if text.trim_start().starts_with('+') {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = digits.strip_prefix('0') {
            format!("44{rest}")
        } else {
            return None;
        };
        let fits = (8..=15).contains(&international.len()) && only_separators;
        international.parse().ok().filter(|_| fits).map(Self)
    }
}

/// A session of the app, named in its cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Session(pub(super) u64);

/// A text message in the fake inbox.
#[derive(Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Message {
    /// What it says.
    pub(super) text: String,
    /// When it came, in Unix milliseconds.
    pub(super) at_ms: u64,
    #[serde(skip)]
    code: String,
    #[serde(skip)]
    used: bool,
}

/// Everything that the app remembers.
pub(super) struct Codes {
    random: Random,
    inboxes: Bounded<Number, VecDeque<Message>>,
    sessions: Bounded<Session, Number>,
}

impl Codes {
    /// Nothing sent yet.
    pub(super) fn new(random: Random) -> Self {
        Self { random, inboxes: Bounded::default(), sessions: Bounded::default() }
    }

    /// A name for a new session.
    pub(super) fn new_session(&mut self) -> Session {
        Session(self.random.bits())
    }

    /// "Sends" a code: it stands in the phone's inbox now.
    pub(super) fn send(&mut self, session: Option<Session>, phone: Number, now: Timestamp) {
        let code = format!("{:06}", self.random.below(1_000_000));
        let text = format!("{code} is your Tern & Co code. It works for 10 minutes. Never share it.");
        let messages = self.inboxes.entry(phone);
        if messages.len() == MAX_MESSAGES {
            messages.pop_front();
        }
        messages.push_back(Message { text, at_ms: now.unix_ms(), code, used: false });
        if let Some(session) = session {
            *self.sessions.entry_or(session, phone) = phone;
        }
    }

    /// Whether `code` was sent to the phone, is still good, and wasn't used before. It is used up now.
    pub(super) fn verify(&mut self, phone: Number, code: &str, now: Timestamp) -> bool {
        let Some(messages) = self.inboxes.get_mut(phone) else { return false };
        let good = |message: &&mut Message| {
            message.code == code && !message.used && now.since(Timestamp::from_unix_ms(message.at_ms)) <= GOOD_FOR
        };
        let found = messages.iter_mut().find(good);
        found.map(|message| message.used = true).is_some()
    }

    /// The messages of a phone, for the session that asked for the last code to it; nobody reads another's inbox.
    pub(super) fn inbox(&self, session: Option<Session>, phone: Number) -> Vec<Message> {
        let own = session.and_then(|session| self.sessions.get(session)) == Some(&phone);
        let messages = self.inboxes.get(phone).filter(|_| own);
        messages.into_iter().flatten().cloned().collect()
    }
}

/// A map that forgets its oldest entry when it is full.
struct Bounded<K, V> {
    map: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + std::hash::Hash, V> Bounded<K, V> {
    fn get(&self, key: K) -> Option<&V> {
        self.map.get(&key)
    }

    fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.map.get_mut(&key)
    }

    fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.entry_or(key, V::default())
    }

    fn entry_or(&mut self, key: K, value: V) -> &mut V {
        if !self.map.contains_key(&key) {
            if self.order.len() == MAX_ENTRIES
                && let Some(oldest) = self.order.pop_front()
            {
                self.map.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.map.entry(key).or_insert(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::read(text).unwrap()
    }

    #[test]
    fn one_number_in_any_spelling_and_nothing_else() {
        for same in ["+44 7700 900123", "+447700900123", "0044 7700 900123", "07700 900-123", " (07700) 900123 "] {
            assert!(number(same) == number("+447700900123"), "{same}");
        }
        for none in ["", "7700900123", "+44", "hello", "+44 7700 9001x3", "+1234567890123456"] {
            assert!(Number::read(none).is_none(), "{none}");
        }
    }

    #[test]
    fn a_code_is_good_once_for_ten_minutes_and_shown_to_its_session_alone() {
        let (start, phone) = (Timestamp::from_unix_ms(1_000_000), number("+447700900123"));
        let mut codes = Codes::new(Random::seeded(1));
        let (mine, other) = (codes.new_session(), codes.new_session());
        codes.send(Some(mine), phone, start);
        codes.send(Some(mine), phone, start);
        let sent: Vec<String> = codes.inbox(Some(mine), phone).into_iter().map(|message| message.code).collect();
        let [first, second] = sent.as_slice() else { panic!("two messages, not {}", sent.len()) };
        assert!(codes.inbox(Some(other), phone).is_empty() && codes.inbox(None, phone).is_empty());
        assert!(!codes.verify(phone, "", start) && !codes.verify(number("+447700900124"), first, start));
        assert!(codes.verify(phone, first, start + GOOD_FOR));
        assert!(!codes.verify(phone, first, start), "used up");
        assert!(!codes.verify(phone, second, start + GOOD_FOR + Span::millis(1)), "too late");
    }

    #[test]
    fn memory_has_a_bound() {
        let mut codes = Codes::new(Random::seeded(1));
        let now = Timestamp::from_unix_ms(0);
        for n in 0..2 * MAX_ENTRIES {
            let session = codes.new_session();
            codes.send(Some(session), number(&format!("+4477{n:08}")), now);
        }
        for _ in 0..2 * MAX_MESSAGES {
            codes.send(Some(Session(1)), number("+447700900123"), now);
        }
        assert_eq!((codes.inboxes.map.len(), codes.sessions.map.len()), (MAX_ENTRIES, MAX_ENTRIES));
        assert_eq!(codes.inbox(Some(Session(1)), number("+447700900123")).len(), MAX_MESSAGES);
    }
}
