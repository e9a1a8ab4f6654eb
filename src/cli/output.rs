//! Standard output and standard error, with closed pipes taken as "enough".

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;

/// Prints a result. A reader that is gone (`| head`) has seen enough; a disk that is full has not.
pub(super) fn result(text: impl Display) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints for a person who watches.
pub(super) fn note(text: impl Display) {
    writeln!(io::stderr(), "{text}").unwrap_or_default();
}

/// Prints for a person who watches, over what was printed so before.
pub(super) fn passing(text: impl Display) {
    write!(io::stderr(), "\r{text}\r").unwrap_or_default();
}
