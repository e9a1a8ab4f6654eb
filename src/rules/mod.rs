//! The small language of conditions: text to a checked tree, evaluated over named values.
//!
//! Must not know: where the values come from.

use std::sync::Arc;

/// A condition that parsed and type-checked.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As the operator wrote it.
    pub text: Arc<str>,
}
