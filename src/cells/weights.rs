//! How much of an attempt each of its cells bears: what a narrow cell explains is not to spread to all that it is part of,
//! and what one person asks for again is no crowd.

use super::cell::WHOLE;
use super::{Aspects, Attempt, Cells, Kind, Looked, View};

/// How much of a send each cell bears, in 64ths, by kind.
pub(super) type Weights = [u8; Kind::ALL.len()];

/// Weight of a send in cells wider than its narrowest hot one.
pub(super) const EXPLAINED: i32 = WHOLE / 32;
/// Weight in shared cells of a second message to a phone that has an open one: the same person's silence.
pub(super) const REPEATED: i32 = WHOLE / 4;
/// From this on a phone was stopped in the last minutes.
const STOPPED: f32 = 0.5;
/// What who asks for it again adds to what is stopped of all that it shares. In an outage people ask three times.
const AGAIN: f32 = 0.25;

impl Cells {
    /// Says how much of the attempt each of its cells bears, by what they show at the rungs that it went through. Where the
    /// endpoint isn't `known` to half, no siege is certain enough to explain anything.
    pub fn weigh(&self, attempt: &mut Attempt, looked: &Looked, known: f32) {
        let besieged = |view: &View| known >= 0.5 && view.besieged() >= 1.0;
        let hot = |kind: Kind| {
            let mut views = looked.iter().flatten().filter_map(|views| views[kind as usize].as_ref());
            views.any(|view| view.heat.max(view.pressure) >= 1.0 || view.is_overfull(1.0) || besieged(view))
        };
        let phone = looked[0].as_ref().and_then(|views| views[Kind::Phone as usize]);
        attempt.is_repeated = phone.is_some_and(|phone| phone.open >= 1.0);
        attempt.was_stopped = phone.is_some_and(|phone| phone.refused >= STOPPED);
        let mut weight = WHOLE;
        for kind in Kind::ALL {
            let own = if attempt.is_repeated && !kind.is_personal() { weight.min(REPEATED) } else { weight };
            attempt.weights[kind as usize] = in_64ths(own);
            if hot(kind) {
                weight = EXPLAINED;
            }
        }
    }
}

impl Attempt {
    /// What it adds to what is stopped of a kind, 0 to 1.
    pub(super) const fn counts_as_stopped(&self, kind: Kind) -> f32 {
        if self.was_stopped && !kind.is_personal() { AGAIN } else { 1.0 }
    }
}

/// The cells of an attempt that it has a share in, with their weights in 64ths.
pub(super) fn parts<'a>(
    aspects: &'a Aspects,
    weights: &'a Weights,
) -> impl Iterator<Item = (Kind, u64, i32)> + use<'a> {
    Kind::ALL.into_iter().filter_map(|kind| {
        let weight = i32::from(weights[kind as usize]);
        Some((kind, aspects.key(kind)?, weight))
    })
}

/// A weight is 0 to 64.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 64")]
pub(super) const fn in_64ths(weight: i32) -> u8 {
    weight as u8
}
