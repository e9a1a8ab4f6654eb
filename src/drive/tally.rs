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
    /// Answers to requests for codes with a decision.
    pub judged: u64,
    /// Answers to requests for codes without one, by method and path: no protected endpoint, or no sendwall.
    pub undecided: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, event: &Event<'_>, answer: Option<&Answer>) {
        match event {
            Event::Page(_) => self.pages += u64::from(answer.is_some()),
            Event::Send(send) => {
                let status = answer.map(|answer| answer.status.as_u16());
                *self.sends.entry((send.truth.label, status)).or_default() += 1;
                match answer.map(|answer| answer.headers.contains_key("sendwall-decision")) {
                    Some(true) => self.judged += 1,
                    Some(false) => {
                        let asked = format!("{} {}", send.request.method, send.request.path);
                        *self.undecided.entry(asked).or_default() += 1;
                    }
                    None => {}
                }
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
        for (asked, count) in &self.undecided {
            write!(
                f,
                "\n{count} answers of {asked} hold no decision; is it a protected endpoint, and is it the proxy?"
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
