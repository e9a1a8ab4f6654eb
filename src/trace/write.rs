//! Writing a trace.

use std::io::{self, Write};

use super::Event;

/// Writes one line.
pub fn write(event: &Event<'_>, to: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *to, event)?;
    to.write_all(b"\n")
}
