//! The reverse proxy with real sockets, a recording app behind it, curl, Python and raw bytes in front of it.

mod failing;
mod pass;
mod protected;
mod smuggling;
mod tls;
mod waits;
