//! Conditions in the rules' language, with their faults shown inside the text.

use super::reader::Section;
use super::source::Fault;
use crate::rules::{Expression, Vocabulary};

pub(super) fn read(section: &mut Section<'_>, key: &'static str, vocabulary: &Vocabulary) -> Option<Expression> {
    section.parsed(key, |text| {
        Expression::parse(text, vocabulary).map_err(|error| {
            let fault = Fault::new(error.message).at(error.column.saturating_sub(1));
            match error.hint {
                Some(hint) => fault.hint(hint),
                None => fault,
            }
        })
    })
}
