//! x
mod endpoint;

pub use endpoint::{Answer, Answers, DECISION, Endpoint, OnMissing, SCORE, VERDICT};
