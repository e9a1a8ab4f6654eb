//! Whether a country's messages get lost: then silence is nobody's fault.

use super::aspects::variant;
use super::{Cells, Kind, Kinds};
use crate::domain::{Rung, Timestamp, Trust};

/// Verifications of known clients that must be due before their coming counts.
const ENOUGH: f32 = 2.0;

impl Cells {
    /// Share of real verifications that are missing in the country of `key`, 0 to 1. Those of strangers go missing in
    /// the evening too, while abuse goes on; so where enough clients that verified before are asked for codes there,
    /// theirs have to be missing as well: abuse doesn't touch them, and an outage does.
    pub(super) fn outage(&self, kinds: &Kinds, key: u64, trust: Trust, now: Timestamp) -> f32 {
        let cell = |trust| {
            let mut cell = self.table.get(variant(key, Kind::Country, trust, Rung::None))?;
            cell.fade_to(now, kinds.of(Kind::Country).half_life);
            Some(cell)
        };
        let missing = cell(trust).map_or(0.0, |cell| cell.outage());
        if missing <= 0.0 || trust.is_known() {
            return missing;
        }
        match cell(Trust::KnownClient) {
            Some(known) if known.due >= ENOUGH => missing.min(known.missing()),
            _ => missing,
        }
    }
}
