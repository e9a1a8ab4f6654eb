//! Replays recorded or generated traffic through the real engine on a virtual clock, and scores what it did.
//!
//! - `facts`: a line of the trace to the facts that the gate would have read.
//! - `course`: one engine's way through a trace. What falls due (solved challenges, verifications, delivery reports)
//!   is worked off in the order of time, and before a line of the same time.
//! - `rows`: requests for codes with their answers, in trace order, as soon as they are settled.
//! - `score`, `report`, `table`: the measures, as JSON and for people.
//! - `decisions`: one line a request for a code.
//!
//! # An answer
//!
//! An attempt is one line of the trace with every challenge round that belongs to it.
//!
//! | field | means |
//! |---|---|
//! | `verdict` | the first answer: `forward`, `challenge`, `cooldown`, `block` (an unreadable request is `block` too) |
//! | `rung` | where it ended: what it had proven when the SMS went out; what was asked for where the client didn't solve it; `block` where it was refused, before or after a challenge |
//! | `challenge` | the highest kind that it was asked for, null without a challenge |
//! | `solved` | whether the client solved that kind; null without a challenge |
//! | `sms` | whether an SMS went out in the end |
//! | `score` | of the first answer |
//! | `decided_by` | of the last answer |
//! | `reasons` | of the last answer; where a message went out after a proof, of the answer that asked for it |
//!
//! In monitor mode (`--as-configured`) everything is forwarded and nobody is asked for anything: `verdict` says what
//! would have been answered, `challenge` is null.
//!
//! # Bounds
//!
//! Memory follows the configuration and the rate of the trace, not its length: what waits (challenges at most
//! [`course::CHALLENGE_TIME`], outcomes at most [`course::LATEST_OUTCOME`]), the last SMS a phone for 120 s, first
//! visits of the last million cookies.
//!
//! Must not know: how decisions are made, the command line.

mod course;
mod decisions;
mod due;
mod facts;
mod names;
mod output;
mod report;
mod rows;
mod score;
mod table;

pub use decisions::Decisions;
pub use output::{OutputError, OutputFile};
pub use report::{BeforeFirstRefusal, ClassReport, Counted, Measures, Report, ScenarioReport, TotalReport};
pub use table::table;

use std::sync::Arc;

use crate::clock::ManualClock;
use crate::domain::Timestamp;
use crate::gate::Gate;
use crate::trace::{Error as TraceError, Fault, Line, Lines};
use course::{Course, GateJudge};
use facts::FactsReader;
use names::Names;
use rows::{Row, Rows};
use score::Score;

/// How to replay.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether modes were taken as configured, for the report.
    pub as_configured: bool,
    /// Whether the engine hears of deliveries and failures.
    pub delivery_feed: bool,
    /// The currency of prices, for the report.
    pub currency: String,
}

/// Why a replay gives no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A file that is written.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// An engine, new: a gate without history under the clock that the replay moves.
#[derive(Debug)]
pub struct Engine {
    /// The gate.
    pub gate: Arc<Gate>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
}

/// Runs the trace through the engine. `decisions` takes a line for each request for a code.
pub fn replay(
    mut lines: Lines,
    engine: Engine,
    options: &Options,
    mut decisions: Option<&mut Decisions>,
) -> Result<Report, Error> {
    let mut names = Names::default();
    let mut facts = FactsReader::new(&engine.gate);
    let mut course = Course::new(GateJudge::new(engine), options.delivery_feed);
    let mut rows = Rows::default();
    let mut score = Score::default();
    let (mut span, mut pages) = (None::<(Timestamp, Timestamp)>, 0_u64);
    while lines.advance()? {
        let read = lines.text().and_then(|text| Line::read(text)).and_then(|line| {
            let at = Timestamp::from_unix_ms(line.ts);
            let (first, last) = *span.get_or_insert((at, at));
            if at < last {
                return Err(Fault::of("ts", "is before that of an earlier line; sort the trace by ts"));
            }
            span = Some((first, at));
            course.advance(at);
            let client = facts.client(&line)?;
            let Some(send) = &line.send else {
                pages += 1;
                course.page(&client, at);
                return Ok(());
            };
            let (endpoint, facts) = facts.send(&line, send, client)?;
            rows.push(Row::new(at, send, &facts, &mut names)?);
            course.send(endpoint, facts, send.outcome.clone());
            Ok(())
        });
        read.map_err(|fault| lines.error(fault))?;
        rows.settle(&mut course, |row, answer| {
            score.add(row, answer);
            decisions.as_mut().map_or(Ok(()), |decisions| decisions.write(row, answer))
        })?;
    }
    course.finish();
    rows.settle(&mut course, |row, answer| {
        score.add(row, answer);
        decisions.as_mut().map_or(Ok(()), |decisions| decisions.write(row, answer))
    })?;
    Ok(Report::new(&score, &names, options, course.judge().revision(), span, pages))
}
