//! What outlives the process: the file, whole or damaged, and each part that goes into it and comes out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cells;
mod file;
mod parts;
