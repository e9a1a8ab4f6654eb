//! The phone where the operator says that it is.

use std::borrow::Cow;

use super::form;
use super::nodes::{Scalar, unreadable};
use super::phone::Search;
use super::reading::{self, Reading};
use crate::domain::{Country, Unreadable, UnreadableCode};
use crate::numbering::{Number, Numbering};

impl Search<'_, '_> {
    /// The field that the operator named. Where it holds no number but the request has one elsewhere, or another
    /// value under the same name, an app that looks in both places may read that one.
    pub(super) fn exact(&self, node: Option<u32>, field: &str, path: &str) -> Result<Option<Number>, Unreadable> {
        let nodes = self.document.nodes();
        let value = node.and_then(|node| nodes.get(node)).map(|node| &node.value);
        let text = match value {
            None | Some(Scalar::Null) => Cow::Borrowed(""),
            Some(Scalar::Text(text)) => Cow::Borrowed(&**text),
            Some(Scalar::Int(value)) => Cow::Owned(value.to_string()),
            Some(Scalar::Bad(code)) => return Err(unreadable(*code, field)),
            Some(Scalar::Bool(_) | Scalar::Float(_) | Scalar::File | Scalar::Object | Scalar::Array) => {
                return Err(unreadable(UnreadableCode::WrongType, field));
            }
        };
        let number = Self::settle(self.read_in(&text, node), field)?;
        let Some(number) = number else {
            let elsewhere = text.trim().is_empty() && self.auto(path).is_ok_and(|found| found.is_some());
            return if elsewhere { Err(unreadable(UnreadableCode::WrongType, field)) } else { Ok(None) };
        };
        let (Some(node), true) = (node, node.is_some_and(|node| nodes.is_root_child(node))) else {
            return Ok(Some(number));
        };
        for other in 0..u32::try_from(nodes.list().len()).unwrap_or(u32::MAX) {
            if other != node && nodes.is_root_child(other) && nodes.key(other) == nodes.key(node) {
                let same = self.text(other).is_some_and(|text| match self.read(&text, other) {
                    Reading::Number(again) => again.raw == number.raw,
                    _ => text.trim().is_empty(),
                });
                if !same {
                    return Err(unreadable(UnreadableCode::DuplicateKey, field));
                }
            }
        }
        Ok(Some(number))
    }

    pub(super) fn alone(&self, value: Option<&[u8]>, field: &str) -> Result<Option<Number>, Unreadable> {
        let text = form::decode(value.unwrap_or_default(), false).map_err(|code| unreadable(code, field))?;
        Self::settle(self.read_in(&text, None), field)
    }

    pub(super) fn alone_undecoded(&self, value: Option<&[u8]>, field: &str) -> Result<Option<Number>, Unreadable> {
        let not_utf8 = |_| unreadable(UnreadableCode::NotUtf8, field);
        let text = std::str::from_utf8(value.unwrap_or_default()).map_err(not_utf8)?;
        Self::settle(self.read_in(text, None), field)
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
        Reading::Harmless | Reading::Doubtful => Err(UnreadableCode::NotAPhone),
        Reading::Several => Err(UnreadableCode::SeveralPhones),
        Reading::NoCountry => Err(UnreadableCode::NoCountry),
    }
}
