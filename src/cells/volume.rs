//! How much volume an attempt is to those who share its cells: pressure speaks of it before any silence does.

use super::Kind;

/// Part of an attempt that one counts for whose look alone keeps it out.
const KEPT_OUT: f32 = 0.3;

/// How an attempt counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// It continues after a challenge: it was counted before.
    None,
    /// Its look alone keeps it out. It sends nothing, so it is no volume to the ranges, countries and networks that it
    /// shares with real users; but whoever sends it also sends what looks a little better, by clients of the same kind.
    /// Abuse of a home market hid behind its own worse half where such attempts counted for nobody: 3.1 % leaked for
    /// 0.9 %. Counted whole, they had twice as many real users asked during a flood.
    KeptOut,
    /// It comes as anyone's does.
    Whole,
}

impl Volume {
    /// Attempts that it is to a cell of that kind, 0 to 1.
    pub(super) const fn of(self, kind: Kind) -> f32 {
        match (self, kind) {
            (Self::KeptOut, Kind::Fingerprint) => KEPT_OUT,
            (Self::None | Self::KeptOut, _) => 0.0,
            (Self::Whole, _) => 1.0,
        }
    }
}
