//! admin

mod settings;

pub use settings::*;
