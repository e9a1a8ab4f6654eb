//! What abuse can get out of a cell, as a formula of its settings: the promise that the documentation gives and tests
//! hold.
//!
//! For traffic that never verifies, through one cell that bears it in full and sees no real use meanwhile. A message that
//! stays silent to the horizon adds `v` nats ([`of_silence`]) that halve in the kind's half-life `H`. While a rung is
//! open its evidence is below its limit `L`, and what matured within `H` still counts for half of `v` at least, so
//! fewer than `2 L / v` of the messages of a half-life have matured; the others are open, and those are bounded by
//! `B`, the floor plus what history explains, times what the rung's proof is worth.
//!
//! Above the first rung it holds for cells that are to blame ([`View::is_to_blame`](super::View::is_to_blame)); the
//! others close nothing there: what thousands share, and at captchas a million numbers, as long as some may be real. What
//! abuse spreads over many countries of which nobody verifies is bounded so in the cell that these share.

use super::Kind;
use super::asked::held;
use super::evidence::STEPS;
use super::kind::KindSettings;
use super::view::{OPEN_MULTIPLE, larger, limit};
use super::{RealUse, cell};
use crate::domain::{Rung, Span};

/// What a cell's history says when abuse begins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct History {
    /// Attempts a minute that past verifications speak for.
    pub explained: f32,
    /// Verifications, fading with the half-life of the kind.
    pub verified: f32,
}

/// Nats that a message says that is silent to the horizon: 1.54 where real use verifies 80 %.
pub fn of_silence(real: &RealUse) -> f32 {
    real.silent(STEPS[STEPS.len() - 1], 0.0).map(cell::nats).into_iter().fold(0.0, f32::max)
}

/// The most silent messages younger than the horizon at a rung.
pub fn most_open(settings: &KindSettings, rung: Rung, history: History) -> f32 {
    (settings.open_floor + OPEN_MULTIPLE * history.explained) * larger(rung)
}

/// The most messages that abuse gets through one cell at `rung` in any half-life of the kind. `closes_at` is the heat at
/// which the rung closes: 1, but for the phone, whose messages count together over all rungs, and at captchas for who looks
/// like real users there: 1.5, or up to 3 of a place that messages go to where nothing was stopped for a while.
pub fn most_sends(
    (kind, settings): (Kind, &KindSettings),
    (rung, closes_at): (Rung, f32),
    real: &RealUse,
    history: History,
) -> f32 {
    let matured = 2.0 * closes_at * highest(kind, rung, settings, history) / of_silence(real);
    matured.ceil() + most_open(settings, rung, history).ceil()
}

/// The most evidence that abuse leaves behind at a rung: what it takes to close it and all that is open then, or that
/// to which attempts at a closed rung heat it.
pub fn most_evidence(
    (kind, settings): (Kind, &KindSettings),
    (rung, closes_at): (Rung, f32),
    real: &RealUse,
    history: History,
) -> f32 {
    let highest = highest(kind, rung, settings, history);
    let open = most_open(settings, rung, history).ceil() * of_silence(real);
    (closes_at * highest + open).max(held(kind.is_destination()) * highest)
}

/// How long after the last attempt of abuse a rung is open again, by fading alone, for an attempt whose looks say
/// `prior`: `H log2(E / L)`, once all that was open has matured, with the `H` of a place where nobody verifies. At an
/// address' first rung `E` holds what it left silent after proofs of work too.
pub fn opens_after(
    (kind, settings): (Kind, &KindSettings),
    (rung, closes_at): (Rung, f32),
    real: &RealUse,
    history: History,
    prior: f32,
) -> Span {
    let most = |rung| most_evidence((kind, settings), (rung, closes_at), real, history);
    let beyond = if kind == Kind::Address && rung == Rung::None { most(Rung::Pow) } else { 0.0 };
    let evidence = most(rung) + beyond;
    let lowest = limit(kind, rung, (0.0, 0.0), settings) * (1.0 - prior).max(0.01);
    let half_lives = (evidence / lowest).log2().max(0.0);
    let half_life = settings.fades_in(kind, 1.0, 0.0);
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "days")]
    let fading = Span::millis((half_life.as_millis() as f32 * half_lives).ceil() as u64);
    STEPS[STEPS.len() - 1] + fading
}

/// The limit of a rung before verifications that it may owe to its history have faded.
fn highest(kind: Kind, rung: Rung, settings: &KindSettings, history: History) -> f32 {
    limit(kind, rung, (0.0, history.verified), settings)
}
