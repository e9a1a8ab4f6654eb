//! Conditions in the rules' language, with their faults shown inside the text.

use super::reader::Section;
use super::source::Fault;
use crate::rules::{Catalogue, Expression, ExpressionError, Vocabulary};

pub(super) fn read(section: &mut Section<'_>, key: &'static str, vocabulary: &Vocabulary) -> Option<Expression> {
    read_with(section, key, vocabulary, &Catalogue::default())
}

/// [`read`] for a condition that may name lists and limits.
pub(super) fn read_with(
    section: &mut Section<'_>,
    key: &'static str,
    vocabulary: &Vocabulary,
    catalogue: &Catalogue,
) -> Option<Expression> {
    section.parsed(key, |text| {
        Expression::parse_with(text, vocabulary, catalogue).map_err(|error| {
            let column = error.column;
            fault(error).at(column.saturating_sub(1))
        })
    })
}

/// What is said of a condition, or of a value for one.
pub(super) fn fault(error: ExpressionError) -> Fault {
    let ExpressionError { message, hint, is_private, .. } = error;
    let fault = Fault::new(message);
    let fault = if is_private { fault.secret() } else { fault };
    match hint {
        Some(hint) => fault.hint(hint),
        None => fault,
    }
}
