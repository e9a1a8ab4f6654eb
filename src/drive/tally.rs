//! What came back, counted by who asked.

use std::collections::BTreeMap;
use std::fmt;

use super::connection::Answer;
use crate::trace::{Event, Label};

/// Counts of what came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pages that were answered.
    pub pages: u64,
    /// Requests for codes, by who asked and what came back: a status, or `None` for no answer.
    pub sends: BTreeMap<(Label, Option<u16>), u64>,
    /// Challenges that were solved; the status is that of the answer after it.
    pub solved: u64,
    /// Answers to requests for codes without a decision: no protected endpoint, or no sendwall.
    pub undecided: u64,
}

impl Tally {
    pub(super) fn add(&mut self, event: &Event<'_>, answer: Option<&Answer>) {
        match event {
            Event::Page(_) => self.pages += u64::from(answer.is_some()),
            Event::Send(send) => {
                let status = answer.map(|answer| answer.status.as_u16());
                *self.sends.entry((send.truth.label, status)).or_default() += 1;
                self.undecided += u64::from(answer.is_some_and(|a| !a.headers.contains_key("sendwall-decision")));
            }
        }
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.pages + self.sends.values().sum::<u64>()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:8} {:>9}  status", "label", "requests")?;
        for ((label, status), count) in &self.sends {
            let label = match label {
                Label::Legit => "legit",
                Label::Attack => "attack",
            };
            match status {
                Some(status) => writeln!(f, "{label:8} {count:>9}  {status}{}", meaning(*status))?,
                None => writeln!(f, "{label:8} {count:>9}  no answer")?,
            }
        }
        write!(f, "{:8} {:>9}", "pages", self.pages)?;
        if self.solved > 0 {
            write!(f, "\n{:8} {:>9}  proofs of work", "solved", self.solved)?;
        }
        if self.undecided > 0 {
            write!(
                f,
                "\n{} answers hold no decision; is the endpoint protected, and is it the proxy?",
                self.undecided
            )?;
        }
        Ok(())
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        200..400 => " forwarded",
        428 => " challenged",
        403 => " blocked",
        429 => " told to wait",
        _ => "",
    }
}
