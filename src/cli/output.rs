//! Standard output and standard error, with closed pipes taken as "enough".

use std::fmt::Display;
use std::io::{self, Write as _};

/// Prints a result. A reader that is gone (`| head`) has seen enough.
pub(super) fn result(text: impl Display) {
    writeln!(io::stdout(), "{text}").unwrap_or_default();
}

/// Prints for a person who watches.
pub(super) fn note(text: impl Display) {
    writeln!(io::stderr(), "{text}").unwrap_or_default();
}

/// Prints for a person who watches, over what was printed so before.
pub(super) fn passing(text: impl Display) {
    write!(io::stderr(), "\r{text}\r").unwrap_or_default();
}
