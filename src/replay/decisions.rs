//! What was decided, one JSON line a request for a code, in trace order.

use std::io::Write as _;

use serde::{Serialize, Serializer};

use super::course::Answer;
use super::output::{OutputError, OutputFile};
use super::rows::Row;
use crate::domain::{DecidedBy, Reason, Rung};

/// The file of decisions.
#[derive(Debug)]
pub struct Decisions {
    file: OutputFile,
    line: Vec<u8>,
}

#[derive(Serialize)]
struct DecisionLine<'a> {
    id: &'a str,
    verdict: &'static str,
    rung: Rung,
    sms: bool,
    challenge: Option<crate::domain::ChallengeKind>,
    solved: Option<bool>,
    score: u8,
    decided_by: DecidedBy,
    reasons: Reasons<'a>,
}

struct Reasons<'a>(&'a [Reason]);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(ToString::to_string))
    }
}

impl Decisions {
    /// Into this file.
    pub fn new(file: OutputFile) -> Self {
        Self { file, line: Vec::new() }
    }

    pub(super) fn write(&mut self, row: &Row, answer: &Answer) -> Result<(), OutputError> {
        let line = DecisionLine {
            id: &row.id,
            verdict: answer.verdict_name(),
            rung: answer.rung,
            sms: answer.sms,
            challenge: answer.challenge,
            solved: answer.challenge.map(|_| answer.solved),
            score: answer.score,
            decided_by: answer.decided_by(),
            reasons: Reasons(answer.reasons()),
        };
        self.line.clear();
        serde_json::to_writer(&mut self.line, &line).map_err(|error| self.file.error(error.into()))?;
        self.line.push(b'\n');
        self.file.write_all(&self.line).map_err(|error| self.file.error(error))
    }

    /// Puts the file in its place.
    pub fn keep(self) -> Result<(), OutputError> {
        self.file.keep()
    }
}
