//! Stand-ins until the modules are there.

use std::path::Path;

pub use route::{Pattern, Role};

mod route {
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Pattern(String);

    impl Pattern {
        pub fn parse(text: &str) -> Result<Self, String> {
            match text.split_once(' ') {
                Some((_, path)) if path.starts_with('/') => Ok(Self(text.to_owned())),
                _ => Err(format!("{text:?} is not a method and a path; write for example \"POST /api/send-code\"")),
            }
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Role {
        Send,
        Verify,
    }
}

/// A stand-in for the price table.
#[derive(Clone, Debug, Default)]
pub struct PriceTable;

impl PriceTable {
    pub(super) fn load(_: &Path) -> Result<Self, String> {
        Ok(Self)
    }
}
