//! Endpoints at which an outcome was ever seen.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A set of endpoints, by name. Bounded by the configuration: only what an endpoint let out has an outcome. Every
/// decision asks it, so asking takes no lock.
#[derive(Debug, Default)]
pub struct Sighted(ArcSwap<Vec<Arc<str>>>);

impl Sighted {
    /// An outcome was seen there.
    pub fn insert(&self, endpoint: &Arc<str>) {
        if self.contains(endpoint) {
            return;
        }
        self.0.rcu(|seen| {
            let mut seen = Vec::clone(seen);
            if !seen.contains(endpoint) {
                seen.push(Arc::clone(endpoint));
            }
            seen
        });
    }

    /// Whether one was.
    pub fn contains(&self, endpoint: &Arc<str>) -> bool {
        self.0.load().contains(endpoint)
    }

    pub(super) fn all(&self) -> Vec<Arc<str>> {
        Vec::clone(&self.0.load())
    }
}
