//! One trace through one engine, or through two side by side.

use std::collections::VecDeque;

use super::alarm::Told;
use super::changes::{self, Changes, Seen};
use super::course::{Answer, Course};
use super::judge::GateJudge;
use super::names::SharedNames;
use super::reader::{Batch, Event, Input, Reader};
use super::rows::Row;
use super::score::Score;
use super::timeline::Timeline;
use super::{Decisions, Engine, Error, Options};
use crate::domain::{RevisionId, Timestamp};
use crate::trace::Lines;

/// Lines between two words about the progress.
const PROGRESS: u64 = 1 << 16;

/// A replay under way.
pub struct Replay<'a> {
    pub(super) options: &'a Options,
    decisions: Option<&'a mut Decisions>,
    progress: &'a mut dyn FnMut(u64),
    pub(super) names: SharedNames,
    pub(super) score: Score,
    pub(super) told: Told,
    pub(super) revision: Option<RevisionId>,
    pub(super) against: Option<Against>,
    pub(super) log: Option<LogResult>,
    pub(super) timeline: Option<Timeline>,
    pub(super) span: Option<(Timestamp, Timestamp)>,
    pub(super) pages: u64,
    pub(super) sends: u64,
    lines: u64,
}

/// What another configuration does.
pub(super) struct Against {
    pub(super) revision: RevisionId,
    pub(super) score: Score,
    pub(super) changes: Changes,
}

/// What differs from what a decision log says.
#[derive(Default)]
pub(super) struct LogResult {
    pub(super) changes: Changes,
    /// SMS that go out only now: what becomes of them is imputed.
    pub(super) imputed_outcomes: u64,
    /// Challenges that are asked only now: whether they are solved is imputed.
    pub(super) imputed_solutions: u64,
    pub(super) not_sent: u64,
    pub(super) torn: u64,
    pub(super) foreign: u64,
    /// Limits that read what a log doesn't keep.
    pub(super) not_replayable: Vec<String>,
}

/// The way through one trace.
struct Way {
    now: Course<GateJudge>,
    before: Option<Course<GateJudge>>,
    /// Requests whose answers are still out, in trace order.
    rows: VecDeque<Row>,
}

impl Way {
    /// The next request in trace order whose answers are all there.
    fn settled(&mut self) -> Option<(Row, Answer, Option<Answer>)> {
        let before_ready = self.before.as_ref().is_none_or(Course::is_ready);
        if !(self.now.is_ready() && before_ready) {
            return None;
        }
        let before = self.before.as_mut().and_then(Course::take);
        Some((self.rows.pop_front()?, self.now.take()?, before))
    }
}

impl<'a> Replay<'a> {
    /// `decisions` takes a line for each request for a code, `progress` is told how many lines were read.
    pub fn new(options: &'a Options, decisions: Option<&'a mut Decisions>, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self {
            options,
            decisions,
            progress,
            names: SharedNames::default(),
            score: Score::default(),
            told: Told::default(),
            revision: None,
            against: None,
            log: None,
            timeline: options.timeline.then(Timeline::default),
            span: None,
            pages: 0,
            sends: 0,
            lines: 0,
        }
    }

    /// Runs a trace, or a decision log, through a new engine and, where there is one to compare with, through `before`.
    pub fn run(&mut self, lines: Lines, now: Engine, before: Option<Engine>) -> Result<(), Error> {
        let revision = now.gate.revision();
        self.revision = Some(revision.id);
        if let Some(before) = &before {
            let revision = before.gate.revision().id;
            let new = || Against { revision, score: Score::default(), changes: Changes::default() };
            self.against.get_or_insert_with(new);
        }
        let gate_before = before.as_ref().map(|before| &*before.gate);
        let mut reader = Reader::new(lines, &now.gate, gate_before, self.names.clone())?;
        if reader.log().is_some() {
            self.log.get_or_insert_default().not_replayable = super::facts::not_replayable(&revision);
        }
        let course = |engine| Course::new(GateJudge::new(engine), self.options.delivery_feed);
        let mut way = Way { now: course(now), before: before.map(course), rows: VecDeque::new() };
        reader.read(|batch| self.take(batch, &mut way))?;
        if let (Some(result), Some(log)) = (&mut self.log, reader.log()) {
            result.not_sent += log.not_sent;
            result.torn += log.torn;
            result.foreign += log.foreign;
        }
        way.now.finish();
        if let Some(before) = &mut way.before {
            before.finish();
        }
        self.settle(&mut way)?;
        self.score.end_trace();
        self.told.end_trace();
        if let Some(against) = &mut self.against {
            against.score.end_trace();
        }
        Ok(())
    }

    fn take(&mut self, batch: Batch, way: &mut Way) -> Result<(), Error> {
        for event in batch.events {
            self.happen(event?, way)?;
        }
        let before = self.lines / PROGRESS;
        self.lines += batch.lines;
        if self.lines / PROGRESS > before {
            (self.progress)(self.lines);
        }
        Ok(())
    }

    fn happen(&mut self, event: Event, way: &mut Way) -> Result<(), Error> {
        let Event { at, row, now, before } = event;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        self.pages += u64::from(row.is_none());
        way.rows.extend(row);
        tell(&mut way.now, now, at);
        if let (Some(course), Some(before)) = (&mut way.before, before) {
            tell(course, *before, at);
        }
        self.settle(way)
    }

    /// Hands every answer that is there to the results.
    fn settle(&mut self, way: &mut Way) -> Result<(), Error> {
        self.told.take(way.now.judge().told());
        while let Some((row, answer, before)) = way.settled() {
            self.sends += 1;
            let lost = self.score.add(&row, &answer);
            self.told.add(&row, &answer);
            if let (Some(against), Some(before)) = (&mut self.against, before) {
                against.score.add(&row, &before);
                let (seen, reason) = (Seen::of(&before), || changes::first_reason(&before));
                against.changes.add(&row, &self.names, seen, reason, &answer);
            }
            if let (Some(log), Some((then, reason))) = (&mut self.log, &row.then) {
                log.imputed_outcomes += u64::from(answer.sms && !then.sms);
                log.imputed_solutions += u64::from(answer.challenge.is_some() && !then.challenged);
                let reason = || reason.as_deref().map(str::to_owned);
                log.changes.add(&row, &self.names, *then, reason, &answer);
            }
            if let Some(timeline) = &mut self.timeline {
                timeline.add(&row, &answer, lost);
            }
            if let Some(decisions) = &mut self.decisions {
                decisions.write(&row, &answer)?;
            }
        }
        Ok(())
    }

    /// Lines that were read.
    pub fn lines(&self) -> u64 {
        self.lines
    }
}

fn tell(course: &mut Course<GateJudge>, input: Input, at: Timestamp) {
    course.advance(at);
    if let Some(client) = input.page {
        course.page(&client, at);
    }
    if let Some((endpoint, facts, outcome)) = input.send {
        course.send(endpoint, facts, outcome);
    }
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay({} lines)", self.lines)
    }
}
