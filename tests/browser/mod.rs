//! Challenges as people meet them: in a real browser, in front of an app with forms and scripts of its own.
#![expect(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test that cannot go on should fail loudly, and metrics count whole numbers"
)]

mod captchas;
mod forms;
mod replayed;
mod returning;
mod scripts;
mod shop;
