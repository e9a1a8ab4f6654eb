//! What is decided differently: by another configuration, or than a decision log says.

use std::collections::HashSet;

use serde::Serialize;

use super::course::Answer;
use super::names::SharedNames;
use super::rows::Row;
use crate::domain::{MaskedPhone, Money, Timestamp};
use crate::trace::Label;

/// Examples of each change.
const EXAMPLES: usize = 10;
/// Phones that are told apart; more than this count as this many.
const PHONES: usize = 1_000_000;

/// What became of a request, as far as it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) verdict: &'static str,
    pub(super) sms: bool,
    pub(super) challenged: bool,
}

impl Seen {
    pub(super) fn of(answer: &Answer) -> Self {
        Self { verdict: answer.verdict(), sms: answer.sms, challenged: answer.challenge.is_some() }
    }
}

/// The ways in which requests can change.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changes {
    /// All that were compared.
    pub(super) compared: u64,
    /// No SMS now, one before.
    pub(super) refused: Change,
    /// An SMS now, none before.
    pub(super) sent: Change,
    /// An SMS both times, and a challenge only now.
    pub(super) challenged: Change,
    /// An SMS both times, and a challenge only before.
    pub(super) unchallenged: Change,
}

/// Requests that changed in one way.
#[derive(Debug, Default, Serialize)]
pub(super) struct Change {
    pub(super) requests: u64,
    pub(super) legit: u64,
    pub(super) attack: u64,
    /// Different phones.
    pub(super) phones: usize,
    /// What their SMS cost.
    pub(super) money: Money,
    /// The first of them.
    pub(super) examples: Vec<Example>,
    #[serde(skip)]
    seen: HashSet<u64>,
}

/// One request that changed.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    pub(super) id: Box<str>,
    pub(super) at: Timestamp,
    pub(super) phone: Option<MaskedPhone>,
    pub(super) scenario: Box<str>,
    pub(super) label: Option<Label>,
    pub(super) before: &'static str,
    pub(super) now: &'static str,
    /// What spoke first where it was refused or challenged.
    pub(super) reason: Option<String>,
}

impl Changes {
    /// Compares; `reason` says what spoke first before.
    pub(super) fn add(
        &mut self,
        row: &Row,
        names: &SharedNames,
        before: Seen,
        reason: impl FnOnce() -> Option<String>,
        answer: &Answer,
    ) {
        let now = Seen::of(answer);
        self.compared += 1;
        let (change, stricter_now) = match (before.sms, now.sms) {
            (true, false) => (&mut self.refused, true),
            (false, true) => (&mut self.sent, false),
            (true, true) if !before.challenged && now.challenged => (&mut self.challenged, true),
            (true, true) if before.challenged && !now.challenged => (&mut self.unchallenged, false),
            (true, true) | (false, false) => return,
        };
        change.add(row, || Example {
            id: row.id.clone(),
            at: row.at,
            phone: row.masked,
            scenario: names.text(row.scenario),
            label: row.label,
            before: before.verdict,
            now: now.verdict,
            reason: if stricter_now { first_reason(answer) } else { reason() },
        });
    }

    /// The ways with their names for people.
    pub(super) fn named(&self) -> [(&'static str, &Change); 4] {
        [
            ("refused only now", &self.refused),
            ("sent only now", &self.sent),
            ("challenged only now", &self.challenged),
            ("challenged no more", &self.unchallenged),
        ]
    }
}

/// What spoke first.
pub(super) fn first_reason(answer: &Answer) -> Option<String> {
    answer.reasons().first().map(ToString::to_string)
}

impl Change {
    /// Requests of real users, and of abuse; `None` where nothing says who was what, as in a decision log.
    pub(super) fn by_label(&self) -> [Option<u64>; 2] {
        let is_labelled = self.requests == 0 || self.legit + self.attack > 0;
        [self.legit, self.attack].map(|count| is_labelled.then_some(count))
    }

    fn add(&mut self, row: &Row, example: impl FnOnce() -> Example) {
        self.requests += 1;
        match row.label {
            Some(Label::Legit) => self.legit += 1,
            Some(Label::Attack) => self.attack += 1,
            None => {}
        }
        self.money += row.price;
        if self.seen.len() < PHONES {
            self.seen.extend(row.phone);
            self.phones = self.seen.len();
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}
