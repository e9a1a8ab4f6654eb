//! One trace through one engine, or through two side by side.

use std::collections::VecDeque;
use std::sync::Arc;

use super::alarm::Told;
use super::changes::{self, Changes, Seen};
use super::course::{Answer, Course};
use super::facts::FactsReader;
use super::judge::GateJudge;
use super::log::{self, LogAhead, Logged};
use super::names::Names;
use super::rows::Row;
use super::score::Score;
use super::timeline::Timeline;
use super::{Decisions, Engine, Error, Options};
use crate::domain::{RevisionId, Timestamp};
use crate::trace::{Fault, Line, Lines};

/// Lines between two words about the progress.
const PROGRESS: u64 = 1 << 16;

/// A replay under way.
pub struct Replay<'a> {
    pub(super) options: &'a Options,
    decisions: Option<&'a mut Decisions>,
    progress: &'a mut dyn FnMut(u64),
    pub(super) names: Names,
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
    /// Limits that read what a log doesn't keep.
    pub(super) not_replayable: Vec<String>,
}

/// An engine and how it reads a trace.
struct Side {
    facts: FactsReader,
    course: Course<GateJudge>,
}

impl Side {
    fn new(engine: Engine, options: &Options) -> Self {
        let facts = FactsReader::new(&engine.gate);
        Self { facts, course: Course::new(GateJudge::new(engine), options.delivery_feed) }
    }
}

/// The way through one trace.
struct Way {
    now: Side,
    before: Option<Side>,
    /// Requests whose answers are still out, in trace order.
    rows: VecDeque<Row>,
}

impl Way {
    fn advance(&mut self, at: Timestamp) {
        self.now.course.advance(at);
        if let Some(before) = &mut self.before {
            before.course.advance(at);
        }
    }

    /// The next request in trace order whose answers are all there.
    fn settled(&mut self) -> Option<(Row, Answer, Option<Answer>)> {
        let before_ready = self.before.as_ref().is_none_or(|before| before.course.is_ready());
        if !(self.now.course.is_ready() && before_ready) {
            return None;
        }
        let before = self.before.as_mut().and_then(|before| before.course.take());
        Some((self.rows.pop_front()?, self.now.course.take()?, before))
    }
}

impl<'a> Replay<'a> {
    /// `decisions` takes a line for each request for a code, `progress` is told how many lines were read.
    pub fn new(options: &'a Options, decisions: Option<&'a mut Decisions>, progress: &'a mut dyn FnMut(u64)) -> Self {
        Self {
            options,
            decisions,
            progress,
            names: Names::default(),
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
    pub fn run(&mut self, mut lines: Lines, now: Engine, before: Option<Engine>) -> Result<(), Error> {
        let revision = now.gate.revision();
        self.revision = Some(revision.id);
        if let Some(before) = &before {
            let revision = before.gate.revision().id;
            let new = || Against { revision, score: Score::default(), changes: Changes::default() };
            self.against.get_or_insert_with(new);
        }
        let side = |engine| Side::new(engine, self.options);
        let mut way = Way { now: side(now), before: before.map(side), rows: VecDeque::new() };
        let mut last = Timestamp::default();
        if lines.advance()? {
            if lines.text().is_ok_and(log::is_log) {
                self.log.get_or_insert_default().not_replayable = super::facts::not_replayable(&revision);
                self.run_log(&mut lines, &mut way, &mut last)?;
            } else {
                self.run_trace(&mut lines, &mut way, &mut last)?;
            }
        }
        way.now.course.finish();
        if let Some(before) = &mut way.before {
            before.course.finish();
        }
        self.settle(&mut way)?;
        self.score.end_trace();
        self.told.end_trace();
        if let Some(against) = &mut self.against {
            against.score.end_trace();
        }
        Ok(())
    }

    fn run_trace(&mut self, lines: &mut Lines, way: &mut Way, last: &mut Timestamp) -> Result<(), Error> {
        loop {
            let done = lines.text().and_then(|text| self.line(&Line::read(text)?, way, last));
            done.map_err(|fault| lines.error(fault))?;
            self.settle(way)?;
            self.count_line();
            if !lines.advance()? {
                return Ok(());
            }
        }
    }

    fn line(&mut self, line: &Line<'_>, way: &mut Way, last: &mut Timestamp) -> Result<(), Fault> {
        let at = Timestamp::from_unix_ms(line.ts);
        if at < *last {
            return Err(Fault::of("ts", "is before that of an earlier line; sort the trace by ts"));
        }
        *last = at;
        self.see(at);
        way.advance(at);
        let client = way.now.facts.client(line)?;
        let Some(send) = &line.send else {
            self.pages += 1;
            way.now.course.page(&client, at);
            if let Some(before) = &mut way.before {
                before.course.page(&before.facts.client(line)?, at);
            }
            return Ok(());
        };
        let (endpoint, facts) = way.now.facts.send(line, send, client)?;
        way.rows.push_back(Row::of_trace(send, &facts, &mut self.names)?);
        way.now.course.send(endpoint, facts, send.outcome.clone());
        if let Some(before) = &mut way.before {
            let client = before.facts.client(line)?;
            let read = before.facts.send(line, send, client);
            let (endpoint, facts) =
                read.map_err(|fault| Fault { problem: format!("{} (it is compared with)", fault.problem), ..fault })?;
            before.course.send(endpoint, facts, send.outcome.clone());
        }
        Ok(())
    }

    fn run_log(&mut self, lines: &mut Lines, way: &mut Way, last: &mut Timestamp) -> Result<(), Error> {
        let mut ahead = LogAhead::default();
        loop {
            let taken = lines.text().and_then(|text| {
                ahead.take(text, |name| {
                    if let Some(before) = &way.before {
                        before.facts.endpoint(name)?;
                    }
                    way.now.facts.endpoint(name).map(|(_, endpoint)| Arc::clone(&endpoint.name))
                })
            });
            taken.map_err(|fault| lines.error(fault))?;
            self.count_line();
            let more = lines.advance()?;
            while let Some(logged) = ahead.next(!more) {
                *last = logged.facts.at.max(*last);
                self.logged(logged, way, *last);
                self.settle(way)?;
            }
            if !more {
                break;
            }
        }
        let result = self.log.get_or_insert_default();
        (result.not_sent, result.torn) = (result.not_sent + ahead.not_sent, result.torn + ahead.torn);
        Ok(())
    }

    /// A log holds no pages; that one was seen stands with the attempt.
    fn logged(&mut self, mut logged: Logged, way: &mut Way, at: Timestamp) {
        // Lines of one moment may stand in any order in the log; time runs one way here.
        logged.facts.at = at;
        self.see(at);
        way.advance(at);
        way.rows.push_back(Row::of_log(&logged, &mut self.names));
        for side in std::iter::once(&mut way.now).chain(&mut way.before) {
            if let Ok((index, endpoint)) = side.facts.endpoint(&logged.facts.endpoint) {
                if logged.page_seen {
                    side.course.page(&logged.facts.client, at);
                }
                let facts = crate::domain::Facts { endpoint: Arc::clone(&endpoint.name), ..logged.facts.clone() };
                side.course.send(index, facts, logged.outcome.clone());
            }
        }
    }

    /// Hands every answer that is there to the results.
    fn settle(&mut self, way: &mut Way) -> Result<(), Error> {
        self.told.take(way.now.course.judge().told());
        while let Some((row, answer, before)) = way.settled() {
            self.sends += 1;
            let lost = self.score.add(&row, &answer);
            self.told.add(&row, &answer);
            if let (Some(against), Some(before)) = (&mut self.against, before) {
                against.score.add(&row, &before);
                let (seen, reason) = (Seen::of(&before), || changes::first_reason(&before));
                against.changes.add(&row, self.names.text(row.scenario), seen, reason, &answer);
            }
            if let (Some(log), Some((then, reason))) = (&mut self.log, &row.then) {
                log.imputed_outcomes += u64::from(answer.sms && !then.sms);
                log.imputed_solutions += u64::from(answer.challenge.is_some() && !then.challenged);
                let reason = || reason.as_deref().map(str::to_owned);
                log.changes.add(&row, self.names.text(row.scenario), *then, reason, &answer);
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

    fn see(&mut self, at: Timestamp) {
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
    }

    fn count_line(&mut self) {
        self.lines += 1;
        if self.lines.is_multiple_of(PROGRESS) {
            (self.progress)(self.lines);
        }
    }

    /// Lines that were read.
    pub fn lines(&self) -> u64 {
        self.lines
    }
}

impl std::fmt::Debug for Replay<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replay({} lines)", self.lines)
    }
}
