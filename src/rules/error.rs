//! Why a text is no condition.

/// The first fault in a condition, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
pub struct ExpressionError {
    /// Byte in the text where the fault begins, counted from 1.
    pub column: usize,
    /// What is wrong, one sentence without its full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the text holds a person's number, and so isn't shown beside the fault.
    pub is_private: bool,
}

impl ExpressionError {
    /// At the byte `offset`, counted from 0.
    pub(super) fn at(offset: usize, message: impl Into<String>) -> Self {
        Self { column: offset + 1, message: message.into(), hint: None, is_private: false }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn private(self) -> Self {
        Self { is_private: true, ..self }
    }
}
