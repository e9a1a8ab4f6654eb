//! What of the gate outlives the process.

use super::Gate;
use crate::pack::Section;

impl Gate {
    /// Evidence, open sends, conversion, where outcomes were seen, what was spent, and what is usual. The limits' counters are
    /// their store's. Where the evidence is refused and the open sends are not, these name charges that aren't there: see [`Cells::named_from`].
    ///
    /// Sessions come first: what is verified while the snapshot is written is then never taken for silence.
    ///
    /// [`Cells::named_from`]: crate::cells::Cells::named_from
    pub fn kept(&self) -> [&dyn Section; 6] {
        [&self.sessions, &self.conversion, &self.sighted, &self.cells, &*self.budgets, &*self.watch]
    }
}
