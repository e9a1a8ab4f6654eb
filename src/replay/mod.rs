//! Replays recorded or generated traffic through the real engine on a virtual clock, and scores what it did.
//!
//! - `run`: a trace's lines through one engine, or two side by side; results in trace order as soon as they are there.
//! - `reader`: lines to what happens, on a thread of its own.
//! - `facts`: a line of the trace to the facts that the gate would have read. `log`: the same for a decision log.
//! - `course`: one engine's way through a trace. What falls due (solved challenges, verifications, delivery reports)
//!   is worked off in the order of time, and before a line of the same time.
//! - `gather`: attempts as a model is trained on them.
//! - `alarm`: what on-call people would have been told, and when.
//! - `score`, `changes`, `timeline`: the measures; what another configuration does differently; what happened when.
//! - `decisions`, `report`, `table`, `page`: what is written, for programs and for people.
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
//! visits of the last million cookies. Some thousand lines are read ahead of what is decided.
//!
//! Must not know: how decisions are made, the command line.

mod alarm;
mod changes;
mod course;
mod decisions;
mod due;
mod facts;
mod gather;
mod judge;
mod log;
mod names;
mod output;
mod page;
mod reader;
mod report;
mod rows;
mod run;
mod score;
mod show;
mod table;
mod timeline;

pub use decisions::Decisions;
pub use gather::{Example, Gathered, gather};
pub use output::{OutputError, OutputFile};
pub use report::Report;
pub use run::Replay;

use std::sync::Arc;

use crate::alerts;
use crate::clock::ManualClock;
use crate::gate::Gate;
use crate::trace;

/// How to replay.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether modes were taken as configured, for the report.
    pub as_configured: bool,
    /// Whether the engine hears of deliveries and failures.
    pub delivery_feed: bool,
    /// The currency of prices, for the report.
    pub currency: String,
    /// Whether to keep what happened when, for the page.
    pub timeline: bool,
}

/// Why a replay gives no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The trace.
    #[error(transparent)]
    Trace(#[from] trace::Error),
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
    /// What on-call people would be told of.
    pub alerts: alerts::Settings,
}
