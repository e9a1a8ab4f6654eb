//! What integration tests share: an app that records, raw clients, a running proxy.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod gate;
pub(crate) mod proxy;
