//! Why limits can't be used as they are written.

use std::sync::Arc;

/// A fault in a limit, or in all of them together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Two limits of one name: reasons and counters could not be told apart.
    #[error("there are two limits named {name:?}; give each a name of its own")]
    Duplicate {
        /// The name.
        name: Arc<str>,
    },
    /// Nothing to count by.
    #[error("limit {name:?} has no key; write what it counts by, such as key = [\"phone\"]")]
    NoKey {
        /// The limit.
        name: Arc<str>,
    },
    /// The window has no length, or too great a one.
    #[error("limit {name:?} has a window of {per}; it must be from 1ms to 400d")]
    Per {
        /// The limit.
        name: Arc<str>,
        /// Its window.
        per: crate::domain::Span,
    },
    /// More than a window can count.
    #[error("limit {name:?} has max = {max}, {most} is the most{}", if *most < 10_000 {
        " for a distinct count, which keeps each item; a lower one stops an attack earlier"
    } else { "" })]
    Max {
        /// The limit.
        name: Arc<str>,
        /// Its maximum.
        max: u32,
        /// The most that is possible.
        most: u32,
    },
    /// A wait after the last attempt, where not attempts are counted but different items.
    #[error("limit {name:?} has both distinct and growing_wait; use two limits")]
    DistinctWait {
        /// The limit.
        name: Arc<str>,
    },
    /// The budget is too small for even the smallest tables.
    #[error("{memory_bytes} bytes are too little for these limits; they need {needed_bytes} at least")]
    Memory {
        /// What there is.
        memory_bytes: usize,
        /// What the smallest tables take.
        needed_bytes: usize,
    },
}
