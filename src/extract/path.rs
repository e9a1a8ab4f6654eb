//! A phone that stands in the path: after a name, after a word like `send`, or by itself.

use super::form;
use super::found::{Found, Place};
use super::names::{self, Kind};
use super::nodes::unreadable;
use super::phone::{Search, says_number};
use super::reading::{self, Reading};
use super::spelling::{self, Forms};
use crate::domain::{Unreadable, UnreadableCode, Validity};
use crate::numbering::Number;

/// Path segments that are looked at.
const MAX_SEGMENTS: usize = 32;
/// Fewest digits that may be a phone here, where ids stand as well.
const FEW_DIGITS: usize = 7;

/// The segments of a path that are not empty.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty()).take(MAX_SEGMENTS)
}

impl Search<'_, '_> {
    /// The phone that stands at a place of the path, counted from 1. Some framework may see another form of the path, such as
    /// one without `/x/..`, and another number in it: then it isn't known which one the app takes.
    pub(super) fn segment(&self, path: &str, position: usize) -> Result<Option<Number>, Unreadable> {
        let field = format!("path:{position}");
        let place = position.saturating_sub(1);
        let read = |path: &str| self.alone(segments(path).nth(place).map(str::as_bytes), &field);
        let number = read(path)?;
        if spelling::is_plain(path.as_bytes()) {
            return Ok(number);
        }
        let Forms::All(forms) = spelling::forms(path.as_bytes()) else {
            return Err(unreadable(UnreadableCode::SeveralPhones, &field));
        };
        for form in forms.iter().filter_map(|form| std::str::from_utf8(form).ok()) {
            let other = match read(form) {
                Ok(other) => other,
                // A word in this place is none of the number's; digits may be what the app takes.
                Err(fault) if segments(form).nth(place).is_some_and(|text| reading::digits(text) >= FEW_DIGITS) => {
                    return Err(fault);
                }
                Err(_) => None,
            };
            if other.is_some() && other != number {
                return Err(unreadable(UnreadableCode::SeveralPhones, &field));
            }
        }
        Ok(number)
    }

    /// Adds what the path holds. Bare digits count only where nothing else was found.
    pub(super) fn search_path(&self, path: &str, found: &mut Found) {
        let mut before = "";
        for (index, segment) in segments(path).enumerate() {
            let (plain, _) = segment.split_once(';').unwrap_or((segment, ""));
            let decoded = form::decode(plain.as_bytes(), false).unwrap_or_default();
            let named = names::classify(before) == Kind::Phone;
            let sending = names::is_sending(before);
            before = plain;
            // `phone=…` as a segment of its own, or behind a semicolon.
            let parameter = segment
                .split(';')
                .filter_map(|pair| pair.split_once('='))
                .find(|(name, _)| names::classify(name) == Kind::Phone);
            let (text, named) = match parameter {
                Some((_, value)) => (form::decode(value.as_bytes(), false).unwrap_or_default(), true),
                None => (decoded, named),
            };
            let text = reading::without_scheme(without_suffix(&text));
            if reading::digits(text) < FEW_DIGITS {
                continue;
            }
            let international = reading::is_international(text);
            let last_resort = found.numbers.is_empty() && found.fault.is_none();
            if !(international || named || last_resort) {
                continue;
            }
            match self.read_in(text, None) {
                Reading::Number(number)
                    if named
                        || reading::is_clear(&number)
                        || (international && says_number(text, &number))
                        || (sending && number.validity == Validity::Possible && reading::digits(text) > 8) =>
                {
                    found.add(number, Place::Segment(index));
                }
                Reading::Doubtful if !self.is_nearly_mobile(text, None) => {}
                Reading::Disguised | Reading::Lookalike | Reading::Doubtful => {
                    let field = self.label(&Place::Segment(index));
                    let fault = Unreadable { code: UnreadableCode::NotAPhone, field };
                    found.fault = found.fault.take().or(Some(fault));
                }
                Reading::NoCountry if named || reading::is_mobile_somewhere(text, self.numbering) => {
                    let fault =
                        Unreadable { code: UnreadableCode::NoCountry, field: self.label(&Place::Segment(index)) };
                    found.soft_fault = found.soft_fault.take().or(Some(fault));
                }
                _ => {}
            }
        }
    }
}

/// Without what many frameworks cut off and take for a format: `.json`, `.xml`.
fn without_suffix(text: &str) -> &str {
    let is_format = |end: &str| end.starts_with(char::is_alphabetic) && end.chars().all(char::is_alphanumeric);
    text.rsplit_once('.').filter(|(_, end)| is_format(end)).map_or(text, |(before, _)| before)
}
