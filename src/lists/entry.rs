//! An entry of a list: what it names, until when, why and by whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::names::KeyName;
use super::subject::Subject;
use crate::domain::{ListName, Listed, Timestamp};

/// Longest note, in characters.
pub const MAX_NOTE: usize = 200;
/// Longest name of who changes a list, in characters.
pub const MAX_BY: usize = 64;

/// One entry.
#[derive(Debug)]
pub struct Entry {
    /// Unique as long as the lists are kept.
    pub id: u64,
    /// Whose.
    pub list: ListName,
    /// What it names.
    pub subject: Subject,
    /// The key that a phone's name was made with.
    pub key: Option<KeyName>,
    /// When it ends; `None`: when somebody takes it out.
    pub until: Option<Timestamp>,
    /// Why it is there.
    pub note: Arc<str>,
    /// When it was added.
    pub added: Timestamp,
    /// Who added it.
    pub by: Arc<str>,
    /// The subject in words.
    what: Arc<str>,
    /// Decisions that it had a part in since the start.
    hits: AtomicU64,
}

/// What of an entry is not its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When it ends.
    pub until: Option<Timestamp>,
    /// Why it is there.
    pub note: Arc<str>,
    /// When it was added.
    pub added: Timestamp,
    /// Who added it.
    pub by: Arc<str>,
}

impl Entry {
    /// An entry that nothing met yet.
    pub fn new(id: u64, list: ListName, subject: Subject, key: Option<KeyName>, terms: Terms) -> Self {
        let Terms { until, note, added, by } = terms;
        let what = subject.to_string().into();
        Self { id, list, subject, key, until, note, added, by, what, hits: AtomicU64::new(0) }
    }

    /// The same under another name of its phone.
    pub(super) fn renamed(&self, subject: Subject, key: KeyName) -> Self {
        let terms =
            Terms { until: self.until, note: Arc::clone(&self.note), added: self.added, by: Arc::clone(&self.by) };
        let renamed = Self::new(self.id, self.list, subject, Some(key), terms);
        renamed.hits.store(self.hits(), Ordering::Relaxed);
        renamed
    }

    /// Whether it holds at `now`.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// As a decision names it.
    pub fn listed(&self) -> Listed {
        Listed {
            list: self.list,
            entry: self.id,
            what: Arc::clone(&self.what),
            note: Arc::clone(&self.note),
            until: self.until,
        }
    }

    /// It had a part in a decision.
    pub fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Decisions that it had a part in since the start of the process.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }
}

/// Why a note or a name can't be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says what is wrong")]
pub enum BadText {
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    #[error("it has control characters; write one line")]
    Control,
    #[error("it seems to hold a phone number, and it is kept and shown in clear; leave the number out")]
    Phone,
}

/// Checks a text that is kept in clear.
pub fn check_text(text: &str, most: usize) -> Result<(), BadText> {
    if text.chars().count() > most {
        return Err(BadText::TooLong(most));
    }
    if text.chars().any(char::is_control) {
        return Err(BadText::Control);
    }
    if seems_to_hold_a_phone(text) { Err(BadText::Phone) } else { Ok(()) }
}

/// A text that is shown in clear: where it seems to hold a phone number, the digits of all that may be one are crosses.
pub fn without_phones(text: &str) -> String {
    without_given_phones(text, |_| true)
}

/// As [`without_phones`], but numbers that `is_given` says no to stay.
pub fn without_given_phones(text: &str, is_given: impl Fn(&str) -> bool) -> String {
    if !seems_to_hold_a_phone(text) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !is_of_a_number(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        let number = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        let hides = number.chars().filter(char::is_ascii_digit).count() >= FEWEST && is_given(number);
        shown.push_str(before);
        shown.extend(run.chars().map(|c| if hides && c.is_ascii_digit() { 'x' } else { c }));
        rest = after;
    }
    shown + rest
}

/// Digits of the shortest number.
const FEWEST: usize = 7;

/// Digits and what people put between them.
fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || " -./()".contains(c)
}

/// Nine digits on end, or seven behind a plus with whatever people put between them.
fn seems_to_hold_a_phone(text: &str) -> bool {
    let longest = text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let behind_plus = text.split('+').skip(1).map(|rest| {
        let number = rest.chars().take_while(|c| is_of_a_number(*c));
        number.filter(char::is_ascii_digit).count()
    });
    longest >= 9 || behind_plus.max().unwrap_or(0) >= FEWEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_one_line_without_a_number() {
        for good in ["", "abuse of 2026-11-20, case 12345678", "see https://x.example/1", "1 + 1 = 2", "+44 range"] {
            assert_eq!(check_text(good, MAX_NOTE), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("x\ny", BadText::Control),
            ("called 447402417171", BadText::Phone),
            ("called +44 (7402) 417-171 twice", BadText::Phone),
            (&"x".repeat(201), BadText::TooLong(200)),
        ] {
            assert_eq!(check_text(bad, MAX_NOTE), Err(fault), "{bad}");
        }
    }

    #[test]
    fn a_text_is_shown_without_the_digits_of_a_phone() {
        for (text, shown) in [
            ("max = 20 per 1h", "max = 20 per 1h"),
            ("valus = [\"+447402417171\", 5]", "valus = [\"+xxxxxxxxxxxx\", 5]"),
            ("phone == '07402417171'", "phone == 'xxxxxxxxxxx'"),
            ("+44 (7402) 417-171 or 07402 417 171, 20 a day", "+xx (xxxx) xxx-xxx or xxxxx xxx xxx, 20 a day"),
            ("07402 417171,447402417172", "xxxxx xxxxxx,xxxxxxxxxxxx"),
            ("of 2026-11-20, é", "of 2026-11-20, é"),
        ] {
            assert_eq!(without_phones(text), shown);
        }
    }

    #[test]
    fn only_numbers_that_are_given_are_hidden_where_that_is_asked() {
        let shown = without_given_phones("447402417171 is over 10000000000", |number| number == "447402417171");
        assert_eq!(shown, "xxxxxxxxxxxx is over 10000000000");
    }
}
