//! Page tokens: a send shows that a page of the app was loaded for it, lately, and for few phones.
//!
//! A bomber's tool holds a token that it took from a page once, or none; people load a page each time. How often a token
//! was used is counted by phones, for as many tokens as there is room; the one that expires first gives way.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

use super::Challenges;
use super::seal::Label;
use super::settings::PageSettings;
use crate::domain::{PageCode, Span, Timestamp};
use crate::privacy::Pseudonym;

/// Label, time, and 128 random bits.
const BYTES: usize = 1 + 8 + 16;
const LABEL: u8 = Label::Page as u8;
/// Tokens whose phones are counted at the same time; some 200 bytes each.
const CAPACITY: usize = 100_000;

/// Who used which token.
#[derive(Debug, Default)]
pub(super) struct Uses(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    phones: HashMap<u128, Vec<u64>>,
    /// In the order of expiring, nearly.
    expiring: VecDeque<(Timestamp, u128)>,
}

impl Challenges {
    /// A new page token.
    pub fn page_token(&self, now: Timestamp) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(LABEL);
        bytes.extend(now.unix_ms().to_be_bytes());
        bytes.extend(self.random.one().to_be_bytes());
        self.secrets.seals.seal(&bytes)
    }

    /// Whether a page that is loaded now gets a new token in place of the `token` that its client has. One that is good for
    /// long yet stays: a fragment that a script fetches must not make it too young for who is quick. Past half its time a
    /// document (`navigates`) brings the next, and anything does where it counts no more.
    pub fn wants_new_page_token(
        &self,
        settings: &PageSettings,
        token: Option<&str>,
        navigates: bool,
        now: Timestamp,
    ) -> bool {
        let Some((issued, nonce)) = token.and_then(|token| self.open_page(token)) else { return true };
        let age = now.since(issued);
        let half = Span::millis(settings.max_age.as_millis() / 2);
        age >= settings.max_age
            || (navigates && age >= half)
            || self.uses.0.lock().is_used_up(nonce, settings.max_phones)
    }

    /// What a page token is worth for a send to `phone`. Where `counts`, it is counted as used.
    pub fn check_page(
        &self,
        settings: &PageSettings,
        token: Option<&str>,
        phone: Option<Pseudonym>,
        counts: bool,
        now: Timestamp,
    ) -> PageCode {
        let Some(token) = token else { return PageCode::Missing };
        let Some((issued, nonce)) = self.open_page(token) else { return PageCode::Forged };
        let age = now.since(issued);
        if age < settings.min_age {
            return PageCode::Young;
        }
        if age >= settings.max_age {
            return PageCode::Old;
        }
        let (phone, until) = (phone.map_or(0, Pseudonym::short), issued + settings.max_age);
        let mut uses = self.uses.0.lock();
        if uses.is_shared(nonce, phone, settings.max_phones) {
            return PageCode::Shared;
        }
        if counts {
            uses.count(nonce, phone, until, now);
        }
        PageCode::Good
    }

    fn open_page(&self, token: &str) -> Option<(Timestamp, u128)> {
        let bytes = self.secrets.seals.open::<BYTES>(token)?;
        let (label, rest) = bytes.split_first()?;
        let (at, nonce) = rest.split_first_chunk::<8>()?;
        let issued = Timestamp::from_unix_ms(u64::from_be_bytes(*at));
        (*label == LABEL).then_some((issued, u128::from_be_bytes(*nonce.first_chunk()?)))
    }
}

impl Table {
    /// Whether a use for this phone would be one phone too many.
    fn is_shared(&self, nonce: u128, phone: u64, max_phones: usize) -> bool {
        self.is_used_up(nonce, max_phones) && !self.phones.get(&nonce).is_some_and(|phones| phones.contains(&phone))
    }

    /// Whether it was used for as many phones as it may be.
    fn is_used_up(&self, nonce: u128, max_phones: usize) -> bool {
        self.phones.get(&nonce).is_some_and(|phones| phones.len() >= max_phones)
    }

    fn count(&mut self, nonce: u128, phone: u64, until: Timestamp, now: Timestamp) {
        if let Some(phones) = self.phones.get_mut(&nonce) {
            if !phones.contains(&phone) {
                phones.push(phone);
            }
            return;
        }
        while let Some((until, oldest)) = self.expiring.front().copied() {
            if until > now && self.phones.len() < CAPACITY {
                break;
            }
            self.expiring.pop_front();
            self.phones.remove(&oldest);
        }
        self.phones.insert(nonce, vec![phone]);
        self.expiring.push_back((until, nonce));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::Parts;
    use crate::clock::ManualClock;
    use crate::telemetry::Metrics;
    use std::sync::Arc;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    fn challenges() -> Challenges {
        let metrics = Metrics::new("test", Arc::new(ManualClock::at(START)));
        Challenges::new(Parts::fixed(Arc::clone(metrics.challenges())))
    }

    #[test]
    fn a_token_is_good_between_its_ages_and_for_few_phones() {
        let (challenges, settings) = (challenges(), PageSettings::default());
        let token = challenges.page_token(START);
        let worth = |token: &str, phone, after: Span| {
            let phone = Some(Pseudonym::from_bits(phone));
            challenges.check_page(&settings, Some(token), phone, true, START + after)
        };
        let minute = Span::minutes(1);
        assert_eq!(challenges.check_page(&settings, None, None, true, START), PageCode::Missing);
        assert_eq!(worth(&token, 1, Span::millis(999)), PageCode::Young);
        for phone in [1, 2, 1, 3, 3, 2] {
            assert_eq!(worth(&token, phone, minute), PageCode::Good);
        }
        assert_eq!(worth(&token, 4, minute), PageCode::Shared);
        assert_eq!(worth(&token, 3, minute), PageCode::Good, "the first three go on");
        assert_eq!(worth(&token, 1, Span::hours(4)), PageCode::Old);
        assert_eq!(worth(&challenges.page_token(START), 4, minute), PageCode::Good, "another page");
        for forged in ["", "x", &token.to_lowercase(), &format!("{token}A")] {
            assert_eq!(worth(forged, 1, minute), PageCode::Forged);
        }
    }

    #[test]
    fn what_is_only_looked_at_is_not_counted() {
        let (challenges, settings) = (challenges(), PageSettings { max_phones: 1, ..PageSettings::default() });
        let token = challenges.page_token(START);
        let look = |phone, counts| {
            let phone = Some(Pseudonym::from_bits(phone));
            challenges.check_page(&settings, Some(&token), phone, counts, START + Span::minutes(1))
        };
        assert_eq!([look(1, false), look(2, false), look(2, true)], [PageCode::Good; 3]);
        assert_eq!(look(1, false), PageCode::Shared);
    }

    #[test]
    fn a_token_that_is_good_for_long_yet_stays() {
        let (challenges, settings) = (challenges(), PageSettings { max_phones: 1, ..PageSettings::default() });
        let token = challenges.page_token(START);
        let wants =
            |token, navigates, after| challenges.wants_new_page_token(&settings, token, navigates, START + after);
        for (after, by_document, by_fragment) in [
            (Span::millis(10), false, false),
            (Span::minutes(119), false, false),
            (Span::minutes(120), true, false),
            (Span::minutes(239), true, false),
            (Span::minutes(240), true, true),
        ] {
            assert_eq!(wants(Some(&token), true, after), by_document, "{after}");
            assert_eq!(wants(Some(&token), false, after), by_fragment, "{after}");
        }
        let minute = Span::minutes(1);
        for none in [None, Some("x")] {
            assert!(wants(none, false, minute), "{none:?}");
        }
        challenges.check_page(&settings, Some(&token), Some(Pseudonym::from_bits(1)), true, START + minute);
        assert!(wants(Some(&token), false, minute), "it was used for as many phones as it may be");
    }

    #[test]
    fn a_full_table_forgets_the_oldest() {
        let mut table = Table::default();
        let until = START + Span::hours(1);
        for nonce in 0..=CAPACITY as u128 {
            table.count(nonce, 1, until, START);
        }
        assert_eq!((table.phones.len(), table.expiring.len()), (CAPACITY, CAPACITY));
        assert!(!table.is_shared(0, 2, 1), "forgotten");
        assert!(table.is_shared(1, 2, 1));
        table.count(u128::MAX, 1, until, until);
        assert_eq!(table.phones.len(), 1, "all others have expired");
    }
}
