//! The phone where the operator says that it is.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use super::form;
use super::nodes::{Scalar, unreadable};
use super::phone::Search;
use super::reading::{self, Reading};
use crate::domain::{Country, Unreadable, UnreadableCode};
use crate::numbering::{Number, Numbering};

impl Search<'_, '_> {
    /// The field that the operator named. Where it holds no number but the request has one elsewhere, or where a field that
    /// some app takes for it has another value, an app that looks in both places may read that one.
    pub(super) fn exact(&self, name: &str, argument: &str, path: &str) -> Result<Option<Number>, Unreadable> {
        let field = &format!("{name}:{argument}");
        let node = self.document.at(name, argument);
        let text = match node.and_then(|node| self.document.nodes().get(node)).map(|node| &node.value) {
            None | Some(Scalar::Null) => Cow::Borrowed(""),
            Some(Scalar::Text(text)) => Cow::Borrowed(&**text),
            Some(Scalar::Int(value)) => Cow::Owned(value.to_string()),
            Some(Scalar::Bad(code)) => return Err(unreadable(*code, field)),
            Some(Scalar::Bool(_) | Scalar::Float(_) | Scalar::File | Scalar::Object | Scalar::Array) => {
                return Err(unreadable(UnreadableCode::WrongType, field));
            }
        };
        let number = Self::settle(self.read_in(&text, node), field)?;
        let is_nothing = text.trim().is_empty();
        if self.document.alike(name, argument).any(|other| !self.is_same(other, number)) {
            let code = if is_nothing { UnreadableCode::WrongType } else { UnreadableCode::DuplicateKey };
            return Err(unreadable(code, field));
        }
        let is_elsewhere = || match self.auto(path) {
            Ok(number) => number.is_some(),
            Err(unreadable) => matches!(unreadable.code, UnreadableCode::SeveralPhones | UnreadableCode::DuplicateKey),
        };
        if is_nothing && is_elsewhere() {
            return Err(unreadable(UnreadableCode::WrongType, field));
        }
        Ok(number)
    }

    /// Whether an app that reads this field for the operator's comes to the same number, or to none.
    fn is_same(&self, other: u32, number: Option<Number>) -> bool {
        if self.document.nodes().get(other).is_some_and(|node| node.value == Scalar::Null) {
            return true;
        }
        let Some(text) = self.text(other) else { return false };
        match (self.read(&text, other), number) {
            (Reading::Number(again), Some(number)) => again.raw == number.raw,
            (reading, None) => matches!(settle(reading), Ok(None)),
            _ => text.trim().is_empty(),
        }
    }

    pub(super) fn alone(&self, value: Option<&[u8]>, field: &str) -> Result<Option<Number>, Unreadable> {
        let text = form::decode(value.unwrap_or_default(), false).map_err(|code| unreadable(code, field))?;
        Self::settle(self.read_in(&text, None), field)
    }

    /// The header that the operator named.
    pub(super) fn header(&self, headers: &HeaderMap, name: &str) -> Result<Option<Number>, Unreadable> {
        let field = format!("header:{name}");
        // Servers that fold names into variables (CGI, PHP) take `X_Phone` for `X-Phone`, or the last of both.
        let folded = |name: &str| name.replace('_', "-");
        let own = folded(name);
        let mut values = headers.get_all(name).iter();
        let first = values.next();
        let is_folded = headers.keys().any(|other| other != name && folded(other.as_str()) == own);
        if is_folded || values.any(|other| Some(other) != first) {
            return Err(unreadable(UnreadableCode::DuplicateKey, &field));
        }
        let text = std::str::from_utf8(first.map(HeaderValue::as_bytes).unwrap_or_default())
            .map_err(|_where| unreadable(UnreadableCode::NotUtf8, &field))?;
        Self::settle(self.read_in(text, None), &field)
    }

    fn settle(reading: Reading, field: &str) -> Result<Option<Number>, Unreadable> {
        settle(reading).map_err(|code| unreadable(code, field))
    }
}

/// The number of a text that is known to be the phone, as a field that the operator named is read; `None` for a mail
/// address, a masked number and nothing at all. `region` is for numbers in national form.
pub fn phone_text(
    text: &str,
    region: Option<Country>,
    numbering: &Numbering,
) -> Result<Option<Number>, UnreadableCode> {
    settle(reading::read(text, region, numbering))
}

fn settle(reading: Reading) -> Result<Option<Number>, UnreadableCode> {
    match reading {
        Reading::Number(number) => Ok(Some(number)),
        Reading::Empty | Reading::Mail | Reading::Masked => Ok(None),
        Reading::Harmless | Reading::Doubtful | Reading::Disguised | Reading::Lookalike | Reading::NumberedMail => {
            Err(UnreadableCode::NotAPhone)
        }
        Reading::Several => Err(UnreadableCode::SeveralPhones),
        Reading::NoCountry => Err(UnreadableCode::NoCountry),
    }
}
