//! Attempts as a model is trained on them: what it would have read, and what became of them.
//!
//! They go through the engine as in a replay, so that what is learned is what will be met. An attempt is given away when
//! its verify window is over: only then is it known whether its cells turned hot.

use std::collections::VecDeque;
use std::sync::Arc;

use super::course::Course;
use super::judge::GateJudge;
use super::names::SharedNames;
use super::reader::{Batch, Event, Reader};
use super::rows::Row;
use super::{Engine, Error};
use crate::domain::{Facts, Span, Timestamp};
use crate::gate::{Gate, Revision};
use crate::model::Features;
use crate::trace::{Label, Lines, Outcome};

/// A code that isn't verified by then is silent.
const WINDOW: Span = Span::minutes(10);

/// An attempt and what became of it.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
#[derive(Clone, Debug)]
pub struct Example {
    /// The line's id, or the decision's.
    pub id: Box<str>,
    /// What it said.
    pub facts: Arc<Facts>,
    /// What a model reads of it.
    pub row: Features,
    /// Its prior by plain weights: what a model has to be better than.
    pub plain: f32,
    /// What it really was, where the trace says so.
    pub truth: Option<Label>,
    /// The trace's scenario; of a log, the endpoint.
    pub scenario: Box<str>,
    /// Kind of user or attacker, where the trace says so.
    pub class: Box<str>,
    /// Whether a message went out, or would have.
    pub sent: bool,
    /// Whether its code was verified within the verify window.
    pub verified: bool,
    /// Whether the carrier delivered it, or said nothing.
    pub delivered: bool,
    /// Whether one of its cells was hot when it came or turned hot while it was silent.
    pub hot: bool,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Lines.
    pub lines: u64,
    /// Attempts.
    pub attempts: u64,
}

/// Reads a trace, or a decision log, through a new engine. `take` gets every attempt that reads as one for a phone and
/// that is `wanted`, by what a trace says that it was.
pub fn gather(
    lines: Lines,
    engine: Engine,
    wanted: &mut dyn FnMut(Option<Label>) -> bool,
    take: &mut dyn FnMut(Example),
) -> Result<Gathered, Error> {
    let names = SharedNames::default();
    let mut reader = Reader::new(lines, &engine.gate, None, names.clone())?;
    let mut way = Way {
        names,
        revision: engine.gate.revision(),
        gate: Arc::clone(&engine.gate),
        course: Course::new(GateJudge::new(engine), true),
        wanted,
        waiting: VecDeque::new(),
        last: Timestamp::default(),
        gathered: Gathered::default(),
    };
    reader.read(|batch| way.batch(batch, take))?;
    way.ripe(None, take);
    Ok(way.gathered)
}

struct Way<'a> {
    wanted: &'a mut dyn FnMut(Option<Label>) -> bool,
    names: SharedNames,
    revision: Arc<Revision>,
    gate: Arc<Gate>,
    course: Course<GateJudge>,
    /// Attempts whose verify window is open, in the order of time.
    waiting: VecDeque<Example>,
    last: Timestamp,
    gathered: Gathered,
}

impl Way<'_> {
    fn batch(&mut self, batch: Batch, take: &mut dyn FnMut(Example)) -> Result<(), Error> {
        for event in batch.events {
            let Event { at, row, now, .. } = event?;
            self.advance(at, take);
            if let Some(client) = now.page {
                self.course.page(&client, at);
            }
            if let (Some(row), Some((endpoint, facts, outcome))) = (row, now.send) {
                self.attempt(row, endpoint, facts, outcome);
            }
        }
        self.gathered.lines += batch.lines;
        Ok(())
    }

    fn advance(&mut self, at: Timestamp, take: &mut dyn FnMut(Example)) {
        self.last = at;
        self.course.advance(at);
        while self.course.take().is_some() {}
        self.ripe(Some(at), take);
    }

    fn attempt(&mut self, row: Row, endpoint: usize, facts: Arc<Facts>, outcome: Outcome) {
        self.gathered.attempts += 1;
        if facts.phone().is_some() && (self.wanted)(row.label) {
            let seen = self.gate.seen(&self.revision, &facts);
            let example = Example {
                id: row.id,
                facts: Arc::clone(&facts),
                row: seen.row,
                plain: seen.plain,
                truth: row.label,
                scenario: self.names.text(row.scenario),
                class: self.names.text(row.class),
                sent: row.then.is_none_or(|(then, _)| then.sms),
                verified: outcome.verify_ms.is_some_and(|ms| Span::millis(ms) <= WINDOW),
                delivered: outcome.delivered,
                hot: seen.heat >= 1.0,
            };
            self.waiting.push_back(example);
        }
        self.course.send(endpoint, facts, outcome);
    }

    /// Gives away what waited long enough; with `None` all that is left.
    fn ripe(&mut self, now: Option<Timestamp>, take: &mut dyn FnMut(Example)) {
        let is_ripe = |at: Timestamp| now.is_none_or(|now| now.since(at) >= WINDOW);
        while self.waiting.front().is_some_and(|example| is_ripe(example.facts.at)) {
            let Some(mut example) = self.waiting.pop_front() else { break };
            if example.hot || example.verified || !example.sent {
                take(example);
                continue;
            }
            let later = Facts { at: now.unwrap_or(self.last), ..Facts::clone(&example.facts) };
            example.hot |= self.gate.seen(&self.revision, &later).heat >= 1.0;
            take(example);
        }
    }
}
