//! The visit cookie as the gate reads it.

use std::sync::Arc;

use http::HeaderMap;

use crate::domain::Visit;
use crate::extract;
use crate::extract::visit::{Signer, VisitId};

/// The name of sendwall's visit cookie and the keys that sign it.
#[derive(Clone, Debug)]
pub struct Visits {
    /// The cookie's name.
    pub cookie: Arc<str>,
    /// Signs and checks its values.
    pub signer: Signer,
}

impl Visits {
    /// What a request's visit cookie tells, and whose it is.
    pub(super) fn read(&self, headers: &HeaderMap) -> (Visit, Option<VisitId>) {
        extract::cookie(headers, &self.cookie).map_or((Visit::None, None), |value| self.signer.read(value))
    }
}
