//! One value's way over a threshold and back, without flapping: it has to be over for a while to be told, and well for a
//! while to be told as well again.

use super::Severity;
use crate::domain::{Span, Timestamp};

/// A value counts as well again below this part of its threshold.
pub(super) const CLEAR: f64 = 0.8;

/// What a value is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Over a threshold.
    Over(Severity),
    /// Below the lowest, and not by enough to be well.
    Near,
    /// Well.
    Well,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    firing: Option<Severity>,
    /// Since when it is over a threshold higher than what was told.
    over_since: Option<Timestamp>,
    /// Since when it is well.
    well_since: Option<Timestamp>,
}

/// What is to be told of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It is over now.
    Fired,
    /// It is over a higher threshold now.
    Worse,
    /// It goes on.
    Still,
    /// It is well again.
    Cleared,
    /// Nothing.
    Quiet,
}

impl Level {
    /// One that was told before a restart.
    pub(super) const fn fired(severity: Severity) -> Self {
        Self { firing: Some(severity), over_since: None, well_since: None }
    }

    /// What was told.
    pub(super) const fn firing(&self) -> Option<Severity> {
        self.firing
    }

    /// Whether there is anything to remember.
    pub(super) const fn is_idle(&self) -> bool {
        self.firing.is_none() && self.over_since.is_none()
    }

    /// Takes the value of `now`.
    pub(super) fn step(&mut self, reading: Reading, sustain: Span, keep_firing_for: Span, now: Timestamp) -> Change {
        let higher = match reading {
            Reading::Over(severity) => Some(severity).filter(|severity| self.firing < Some(*severity)),
            Reading::Near | Reading::Well => None,
        };
        self.over_since = higher.map(|_| self.over_since.unwrap_or(now));
        self.well_since = (reading == Reading::Well).then(|| self.well_since.unwrap_or(now));
        if let (Some(severity), Some(since)) = (higher, self.over_since)
            && now.since(since) >= sustain
        {
            self.over_since = None;
            let before = self.firing.replace(severity);
            return if before.is_some() { Change::Worse } else { Change::Fired };
        }
        match (self.firing, self.well_since) {
            (Some(_), Some(since)) if now.since(since) >= keep_firing_for => {
                *self = Self::default();
                Change::Cleared
            }
            (Some(_), _) => Change::Still,
            (None, _) => Change::Quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(s: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_197_600_000 + s * 1000)
    }

    const OVER: Reading = Reading::Over(Severity::Warn);

    #[test]
    fn one_noisy_moment_is_no_alert_and_a_pause_is_no_end() {
        let (sustain, keep) = (Span::seconds(60), Span::seconds(120));
        let mut level = Level::default();
        let mut told = Vec::new();
        for s in 0..700 {
            let reading = match s {
                250..=260 => Reading::Over(Severity::Critical),
                10..=50 | 100..=199 | 205..=300 => OVER,
                200..=204 => Reading::Near,
                _ => Reading::Well,
            };
            match level.step(reading, sustain, keep, at(s)) {
                Change::Still | Change::Quiet => {}
                change => told.push((s, change)),
            }
        }
        assert_eq!(told, [(160, Change::Fired), (421, Change::Cleared)]);
    }

    proptest! {
        /// However a value jumps: what was told as over stays so for as long as it has to be well, and two alerts are at
        /// least both times apart.
        #[test]
        fn it_never_flaps(readings in prop::collection::vec(0_u8..4, 1..600), sustain in 0_u64..20, keep in 1_u64..40) {
            let mut level = Level::default();
            let (mut fired, mut cleared, mut well) = (None::<u64>, None::<u64>, 0);
            for (s, reading) in readings.into_iter().enumerate() {
                let s = s as u64;
                let reading = [Reading::Well, Reading::Near, OVER, Reading::Over(Severity::Critical)][usize::from(reading)];
                well = if reading == Reading::Well { well + 1 } else { 0 };
                match level.step(reading, Span::seconds(sustain), Span::seconds(keep), at(s)) {
                    Change::Fired => {
                        prop_assert!(fired.is_none());
                        prop_assert!(cleared.is_none_or(|cleared| s >= cleared + sustain));
                        fired = Some(s);
                    }
                    Change::Cleared => {
                        prop_assert!(fired.take().is_some_and(|fired| s >= fired + keep));
                        prop_assert!(well > keep, "well for as long as it has to be");
                        cleared = Some(s);
                    }
                    Change::Worse | Change::Still => prop_assert!(fired.is_some()),
                    Change::Quiet => prop_assert!(fired.is_none()),
                }
            }
        }
    }
}
