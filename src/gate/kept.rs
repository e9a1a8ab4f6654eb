//! What of the gate outlives the process.

use super::Gate;
use crate::pack::Section;

impl Gate {
    /// Open sends, conversion, and where outcomes were seen. The limits' counters are their store's.
    pub fn kept(&self) -> [&dyn Section; 3] {
        [&self.sessions, &self.conversion, &self.sighted]
    }
}
