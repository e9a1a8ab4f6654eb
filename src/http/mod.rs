//! http

mod settings;

pub use settings::*;
