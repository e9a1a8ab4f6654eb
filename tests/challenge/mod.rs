//! Challenges over real sockets: solved by a client such as an app would bring, and by nobody else.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test that cannot go on should fail loudly")]

mod ageing;
pub(crate) mod client;
mod hostile;
mod makers;
mod pages;
mod passes;
mod widgets;
