//! What a condition may refer to beside its vocabulary: the lists and the limits of the configuration.

use std::sync::Arc;

use super::ListKind;

/// Names that an operator chose.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Lists and what they hold.
    pub lists: Vec<(Arc<str>, ListKind)>,
    /// Limits on sends.
    pub limits: Vec<Arc<str>>,
}

impl Catalogue {
    pub(super) fn list(&self, name: &str) -> Option<(&Arc<str>, ListKind)> {
        self.lists.iter().find(|(known, _)| **known == *name).map(|(name, kind)| (name, *kind))
    }
}
