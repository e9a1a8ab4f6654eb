//! Stand-ins until the modules are there.

use std::path::Path;

/// A stand-in for the pattern of the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            Some((_, path)) if path.starts_with('/') => Ok(Self(text.to_owned())),
            _ => Err("a pattern is a method and a path".to_owned()),
        }
    }
}

/// A stand-in for the role of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "stand-in")]
pub enum Role {
    Send,
    Verify,
}

/// A stand-in for the price table.
#[derive(Clone, Debug, Default)]
pub struct PriceTable;

impl PriceTable {
    pub(super) fn load(_: &Path) -> Result<Self, String> {
        Ok(Self)
    }
}
