//! What a condition may refer to beside its vocabulary: the lists, the limits and the endpoints of the configuration.

use std::sync::Arc;

use super::ListKind;

/// Names that an operator chose.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// Lists and what they hold.
    pub lists: Vec<(Arc<str>, ListKind)>,
    /// Limits on sends; `None`: any name may be one.
    pub limits: Option<Vec<Arc<str>>>,
    /// Endpoints; `None`: any name may be one's.
    pub endpoints: Option<Vec<Arc<str>>>,
}

impl Default for Catalogue {
    /// Without lists and limits, for any endpoint.
    fn default() -> Self {
        Self { lists: Vec::new(), limits: Some(Vec::new()), endpoints: None }
    }
}

impl Catalogue {
    pub(super) fn list(&self, name: &str) -> Option<(&Arc<str>, ListKind)> {
        self.lists.iter().find(|(known, _)| **known == *name).map(|(name, kind)| (name, *kind))
    }
}
