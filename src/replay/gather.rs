//! Attempts as a model is trained on them: what it would have read, and what became of them.
//!
//! They go through the engine as in a replay, so that what is learned is what will be met. An attempt is given away when
//! its verify window is over: only then is it known whether its cells turned hot.

use std::collections::VecDeque;
use std::sync::Arc;

use super::course::Course;
use super::facts::FactsReader;
use super::judge::GateJudge;
use super::log::{self, LogAhead};
use super::{Engine, Error};
use crate::domain::{Facts, Span, Timestamp};
use crate::gate::{Gate, Revision};
use crate::model::Features;
use crate::trace::{Fault, Label, Line, Lines, Outcome};

/// A code that isn't verified by then is silent.
const WINDOW: Span = Span::minutes(10);

/// An attempt and what became of it.
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
#[derive(Clone, Debug)]
pub struct Example {
    /// The line's id, or the decision's.
    pub id: Box<str>,
    /// What it said.
    pub facts: Facts,
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
    mut lines: Lines,
    engine: Engine,
    wanted: &mut dyn FnMut(Option<Label>) -> bool,
    take: &mut dyn FnMut(Example),
) -> Result<Gathered, Error> {
    let mut way = Way {
        facts: FactsReader::new(&engine.gate),
        revision: engine.gate.revision(),
        gate: Arc::clone(&engine.gate),
        course: Course::new(GateJudge::new(engine), true),
        wanted,
        waiting: VecDeque::new(),
        last: Timestamp::default(),
        gathered: Gathered::default(),
    };
    if lines.advance()? {
        if lines.text().is_ok_and(log::is_log) {
            way.log(&mut lines, take)?;
        } else {
            way.trace(&mut lines, take)?;
        }
    }
    way.ripe(None, take);
    Ok(way.gathered)
}

struct Way<'a> {
    wanted: &'a mut dyn FnMut(Option<Label>) -> bool,
    facts: FactsReader,
    revision: Arc<Revision>,
    gate: Arc<Gate>,
    course: Course<GateJudge>,
    /// Attempts whose verify window is open, in the order of time.
    waiting: VecDeque<Example>,
    last: Timestamp,
    gathered: Gathered,
}

impl Way<'_> {
    fn trace(&mut self, lines: &mut Lines, take: &mut dyn FnMut(Example)) -> Result<(), Error> {
        loop {
            let done = lines.text().and_then(|text| self.line(&Line::read(text)?, take));
            done.map_err(|fault| lines.error(fault))?;
            self.gathered.lines += 1;
            if !lines.advance()? {
                return Ok(());
            }
        }
    }

    fn line(&mut self, line: &Line<'_>, take: &mut dyn FnMut(Example)) -> Result<(), Fault> {
        let at = Timestamp::from_unix_ms(line.ts);
        if at < self.last {
            return Err(Fault::of("ts", "is before that of an earlier line; sort the trace by ts"));
        }
        self.advance(at, take);
        let client = self.facts.client(line)?;
        let Some(send) = &line.send else {
            self.course.page(&client, at);
            return Ok(());
        };
        let (endpoint, facts) = self.facts.send(line, send, client)?;
        let truth = &send.truth;
        let about = About { id: &send.id, truth: Some(truth.label), scenario: &truth.scenario, class: &truth.class };
        self.attempt(endpoint, facts, send.outcome.clone(), &about, true);
        Ok(())
    }

    fn log(&mut self, lines: &mut Lines, take: &mut dyn FnMut(Example)) -> Result<(), Error> {
        let mut ahead = LogAhead::default();
        loop {
            let taken = lines.text().and_then(|text| {
                ahead.take(text, |name| self.facts.endpoint(name).map(|(_, endpoint)| Arc::clone(&endpoint.name)))
            });
            taken.map_err(|fault| lines.error(fault))?;
            self.gathered.lines += 1;
            let more = lines.advance()?;
            while let Some(mut logged) = ahead.next(!more) {
                let at = logged.facts.at.max(self.last);
                logged.facts.at = at;
                self.advance(at, take);
                if logged.page_seen {
                    self.course.page(&logged.facts.client, at);
                }
                let Ok((endpoint, _)) = self.facts.endpoint(&logged.facts.endpoint) else { continue };
                let scenario = Arc::clone(&logged.facts.endpoint);
                let about = About { id: &logged.id, truth: None, scenario: &scenario, class: "" };
                self.attempt(endpoint, logged.facts, logged.outcome, &about, logged.then.sms);
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn advance(&mut self, at: Timestamp, take: &mut dyn FnMut(Example)) {
        self.last = at;
        self.course.advance(at);
        while self.course.take().is_some() {}
        self.ripe(Some(at), take);
    }

    fn attempt(&mut self, endpoint: usize, facts: Facts, outcome: Outcome, about: &About<'_>, sent: bool) {
        self.gathered.attempts += 1;
        if facts.phone().is_some() && (self.wanted)(about.truth) {
            let seen = self.gate.seen(&self.revision, &facts);
            let example = Example {
                id: about.id.into(),
                facts: facts.clone(),
                row: seen.row,
                plain: seen.plain,
                truth: about.truth,
                scenario: about.scenario.into(),
                class: about.class.into(),
                sent,
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
            let later = Facts { at: now.unwrap_or(self.last), ..example.facts.clone() };
            example.hot |= self.gate.seen(&self.revision, &later).heat >= 1.0;
            take(example);
        }
    }
}

/// What a line says of an attempt beside its facts.
struct About<'a> {
    id: &'a str,
    truth: Option<Label>,
    scenario: &'a str,
    class: &'a str,
}
