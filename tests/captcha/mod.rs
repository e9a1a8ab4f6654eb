//! Captchas through the whole binary: pictures, every provider by a fake that speaks its format, SMS by three hooks.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test that cannot go on should fail loudly, and metrics count whole numbers"
)]

mod fake;
mod pictures;
mod providers;
mod sms;
mod stage;
