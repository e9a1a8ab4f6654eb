//! Lines of a trace or of a decision log to what happens, under one configuration or under two. It knows nothing that is
//! decided, so it works on a thread of its own, a little ahead of who decides.

use std::sync::{Arc, mpsc};

use super::Error;
use super::facts::FactsReader;
use super::log::{self, LogAhead};
use super::names::SharedNames;
use super::rows::Row;
use crate::domain::{Client, Facts, Timestamp};
use crate::gate::Gate;
use crate::trace::{Fault, Line, Lines, Outcome};

/// Lines that are handed over together: fewer, and threads wait for each other; more, and they leave the caches, most of
/// all where both threads have one core.
const BATCH: usize = 128;
/// Batches that wait at most.
const WAITING: usize = 2;

/// What happens at one moment.
pub(super) struct Event {
    pub(super) at: Timestamp,
    /// Of a request for a code.
    pub(super) row: Option<Row>,
    pub(super) now: Input,
    /// The same as the configuration reads it that is compared with.
    pub(super) before: Option<Box<Input>>,
}

/// What a line tells an engine.
pub(super) struct Input {
    /// Who loaded a page.
    pub(super) page: Option<Client>,
    /// The endpoint of a request for a code, what it said, and what would become of it.
    pub(super) send: Option<(usize, Arc<Facts>, Outcome)>,
}

/// Some lines.
pub(super) struct Batch {
    /// In order, up to the first that can't be read.
    pub(super) events: Vec<Result<Event, Error>>,
    pub(super) lines: u64,
}

/// Reads lines.
pub(super) struct Reader {
    lines: Lines,
    /// Of a decision log: what isn't known whole yet.
    log: Option<LogAhead>,
    now: FactsReader,
    before: Option<FactsReader>,
    names: SharedNames,
    last: Timestamp,
    is_done: bool,
}

impl Reader {
    /// Under the configuration of `now` and, where there is one to compare with, under that of `before`.
    pub(super) fn new(mut lines: Lines, now: &Gate, before: Option<&Gate>, names: SharedNames) -> Result<Self, Error> {
        let is_done = !lines.advance()?;
        let log = (!is_done && lines.text().is_ok_and(log::is_log)).then(LogAhead::default);
        let (now, before) = (FactsReader::new(now), before.map(FactsReader::new));
        Ok(Self { lines, log, now, before, names, last: Timestamp::default(), is_done })
    }

    /// What a log told beside its attempts; `None` for a trace.
    pub(super) fn log(&self) -> Option<&LogAhead> {
        self.log.as_ref()
    }

    /// Hands everything to `take`, which works while what comes next is read.
    pub(super) fn read(&mut self, mut take: impl FnMut(Batch) -> Result<(), Error>) -> Result<(), Error> {
        std::thread::scope(|scope| {
            let (ready, batches) = mpsc::sync_channel(WAITING);
            scope.spawn(move || {
                // Nobody listens any more: who took them gave up.
                while let Some(batch) = self.batch()
                    && ready.send(batch).is_ok()
                {}
            });
            batches.into_iter().try_for_each(&mut take)
        })
    }

    fn batch(&mut self) -> Option<Batch> {
        let mut batch = Batch { events: Vec::with_capacity(BATCH), lines: 0 };
        while !self.is_done && batch.lines < BATCH as u64 {
            batch.lines += 1;
            if let Err(error) = self.line(&mut batch.events) {
                self.is_done = true;
                batch.events.push(Err(error));
            }
        }
        (batch.lines > 0).then_some(batch)
    }

    fn line(&mut self, events: &mut Vec<Result<Event, Error>>) -> Result<(), Error> {
        let event = if self.log.is_some() { self.logged().map(|()| None) } else { self.event().map(Some) };
        events.extend(event.map_err(|fault| self.lines.error(fault))?.map(Ok));
        self.is_done = !self.lines.advance()?;
        events.extend(std::iter::from_fn(|| self.complete()).map(Ok));
        Ok(())
    }

    /// The next attempt of a log of which everything is known.
    fn complete(&mut self) -> Option<Event> {
        let mut logged = self.log.as_mut()?.next(self.is_done)?;
        // Lines of one moment may stand in any order in the log; time runs one way here.
        self.last = logged.facts.at.max(self.last);
        logged.facts.at = self.last;
        let row = self.names.with(|names| Row::of_log(&logged, names));
        let input = |reader: &FactsReader| {
            // A log holds no pages; that one was seen stands with the attempt.
            let page = logged.page_seen.then(|| logged.facts.client.clone());
            let (index, endpoint) = reader.endpoint(&logged.facts.endpoint).ok()?;
            let facts = Facts { endpoint: Arc::clone(&endpoint.name), ..logged.facts.clone() };
            Some(Input { page, send: Some((index, facts.into(), logged.outcome.clone())) })
        };
        // Every line's endpoint was found when it was taken in.
        Some(Event {
            at: self.last,
            row: Some(row),
            now: input(&self.now)?,
            before: self.before.as_ref().and_then(input).map(Box::new),
        })
    }

    /// Takes in a line of a log.
    fn logged(&mut self) -> Result<(), Fault> {
        let (now, before) = (&self.now, self.before.as_ref());
        let endpoint = |name: &str| {
            before.map(|before| before.endpoint(name)).transpose()?;
            now.endpoint(name).map(|(_, endpoint)| Arc::clone(&endpoint.name))
        };
        let text = self.lines.text()?;
        self.log.get_or_insert_default().take(text, endpoint)
    }

    /// A line of a trace.
    fn event(&mut self) -> Result<Event, Fault> {
        let line = Line::read(self.lines.text()?)?;
        let at = Timestamp::from_unix_ms(line.ts);
        if at < self.last {
            return Err(Fault::of("ts", "is before that of an earlier line; sort the trace by ts"));
        }
        self.last = at;
        let now = input(&mut self.now, &line)?;
        let before = self.before.as_mut().map(|before| input(before, &line).map(Box::new)).transpose();
        let before =
            before.map_err(|fault| Fault { problem: format!("{} (it is compared with)", fault.problem), ..fault })?;
        let row = match (&line.send, &now.send) {
            (Some(send), Some((_, facts, _))) => Some(self.names.with(|names| Row::of_trace(send, facts, names))?),
            _ => None,
        };
        Ok(Event { at, row, now, before })
    }
}

fn input(reader: &mut FactsReader, line: &Line<'_>) -> Result<Input, Fault> {
    let client = reader.client(line)?;
    let Some(send) = &line.send else {
        if line.geo.is_some() {
            // A page's place says nothing, but has to be one.
            reader.place(line, &client)?;
        }
        return Ok(Input { page: Some(client), send: None });
    };
    let (endpoint, facts) = reader.send(line, send, client)?;
    Ok(Input { page: None, send: Some((endpoint, facts.into(), send.outcome.clone())) })
}
