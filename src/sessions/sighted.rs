//! Endpoints at which an outcome was ever seen.

use std::sync::Arc;

use dashmap::DashSet;

/// A set of endpoints, by name. Bounded by the configuration: only what an endpoint let out has an outcome.
#[derive(Debug, Default)]
pub struct Sighted(DashSet<Arc<str>>);

impl Sighted {
    /// An outcome was seen there.
    pub fn insert(&self, endpoint: Arc<str>) {
        self.0.insert(endpoint);
    }

    /// Whether one was.
    pub fn contains(&self, endpoint: &Arc<str>) -> bool {
        self.0.contains(endpoint)
    }

    pub(super) fn all(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|endpoint| Arc::clone(&endpoint)).collect()
    }
}
