//! The reverse proxy with real sockets, a recording app behind it, curl, Python and raw bytes in front of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail loudly")]

mod failing;
mod pass;
mod protected;
mod smuggling;
mod tls;
mod waits;
