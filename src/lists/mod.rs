//! Sets of networks, numbers and countries that are asked on every request, and the two that people fill by hand while
//! sendwall runs: who is refused (`deny`), and who passes (`allow`).
//!
//! A look-up takes well under a microsecond whatever the size: networks stand in a tree of prefixes, number ranges in a
//! table of E.164 prefixes, phones under their keyed names. Order, formats and the audit: `src/lists/README.md`.
//!
//! Must not know: files, requests, who may change a list.

mod book;
mod entry;
mod hand;
mod members;
mod names;
mod networks;
mod ranges;
mod subject;

pub use book::{Book, CAPACITY, Full, Wanted};
pub use entry::{BadText, Entry, MAX_BY, MAX_NOTE, Terms, check_text, without_given_phones, without_phones};
pub use hand::Hand;
pub use members::Members;
pub use names::{KeyName, Names};
pub use networks::{Networks, network_of};
pub use ranges::Ranges;
pub use subject::{Given, NotListable, Subject};

#[cfg(test)]
mod tests;
