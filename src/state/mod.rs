//! What outlives the process: the snapshot, the lists that people fill by hand, and logs of what people changed.
//!
//! # The snapshot
//!
//! Written to a file of its own that takes the old one's place when it is whole and on disk, so that a crash at any
//! moment leaves one whole snapshot. Read back only after all of it was checked: one that is damaged, of another format
//! or made under another key is set aside, and the process starts with nothing counted. Saving never stalls the path:
//! sections give away small copies, and the disk is written to at a pace.
//!
//! Must not know: what the sections are.

mod aside;
mod error;
mod format;
mod hold;
mod ledger;
pub mod lists;
mod pace;
mod settings;
mod snapshots;

pub use aside::set_aside;
pub use error::{Refusal, SaveError};
pub use hold::{Hold, HoldError};
pub use ledger::Ledger;
pub use settings::Settings;
pub use snapshots::{Kept, Snapshots};
