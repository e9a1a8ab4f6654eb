//! How much volume an attempt is to those who share its cells: pressure speaks of it before any silence does.

use super::Kind;

/// How an attempt counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Volume {
    /// It continues after a challenge: it was counted before.
    None,
    /// Its look alone keeps it out, which leaves so much doubt, 0 to 1. It sends nothing, so it is no volume to the ranges,
    /// countries and networks that it shares with real users. But where the look is hardly enough, whoever sends it also
    /// sends what looks a little better, by clients of the same kind: abuse of a home market hid behind its own worse
    /// half where such attempts counted for nobody (3.1 % leaked for 1.0 %). Where it is beyond doubt it says nothing of
    /// others: counted whatever the doubt, a flood had three times as many real users asked.
    KeptOut {
        /// How much of one it is.
        doubt: f32,
    },
    /// It comes as anyone's does.
    Whole,
}

impl Volume {
    /// Attempts that it is to a cell of that kind, 0 to 1.
    pub(super) const fn of(self, kind: Kind) -> f32 {
        match (self, kind) {
            (Self::KeptOut { doubt }, Kind::Fingerprint) => doubt,
            (Self::None | Self::KeptOut { .. }, _) => 0.0,
            (Self::Whole, _) => 1.0,
        }
    }
}
