//! Sliding windows with a hard maximum: reserve, commit, release.
//!
//! [`Store::prepare`] gives one [`Handle`] for each limit. `reserve` counts an attempt if there is room, under the
//! entry's lock, so that two threads never pass more than the maximum together; an attempt that came to nothing gives
//! its place back with `release`; what must count although it was refused is counted with `record`.
//!
//! **How exact.** Up to a maximum of 32, and for distinct counts, the times themselves are kept: a window is exact to
//! the millisecond up to 70 minutes, and beyond that to 1/4,194,304 of its length (21 ms in 24 h), always rounded so
//! that it never holds more than its maximum. Above 32 the window is a ring of buckets whose oldest counts until it
//! has left entirely: never over the maximum, and an attempt counts at most 1/31 (3.2 %) of the window too long.
//!
//! **Memory.** One table a limit, allocated once and never growing; all limits of a store share its budget, with an
//! equal number of entries each. An entry takes at most 116 bytes (distinct counts: 20 and 7 for each item of the
//! maximum). In a full set of 16 the entry worth least goes: an expired one, else the one with the fewest counted,
//! then the oldest. One that refuses at present never goes; where all 16 do, `when_full` says what a new key gets.
//!
//! **A reload** that leaves `max`, `per` and the number of limits alone touches no entry, nor does one that changes a `max`
//! above 32. Else entries are laid out anew, as each keeps as many times as its maximum and all limits share the memory: 36
//! ms for a million keys, a sixteenth at a time, which is how long an attempt may wait (`cargo bench --bench limits`). What
//! a longer window would hold from before the shorter one isn't known. A limit that is switched off, or has `max = 0`,
//! forgets what it counted.
//!
//! **Time** is an argument. It may run slightly backwards between threads: up to the length of the window (exact) or
//! 1/31 of it (buckets) nothing changes; what is older counts as if it were no older than that.
//!
//! Must not know: requests, decisions, clocks.

mod buckets;
mod bytes;
mod defaults;
mod error;
mod limit;
mod room;
mod saved;
mod shape;
mod store;
mod table;
mod times;
mod value;

pub use defaults::defaults;
pub use error::Error;
pub use limit::{KeyPart, Limit, On, WhenFull};
pub use store::{Answer, Handle, Set, Store};
pub use table::mix;
pub use value::{country_value, network_value, text_value};
