//! journal

mod settings;

pub use settings::*;
