//! What integration tests share: an app that records, raw clients, a running proxy.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot go on should fail loudly"
)]

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod evidence;
pub(crate) mod gate;
pub(crate) mod proxy;
pub(crate) mod webdriver;
