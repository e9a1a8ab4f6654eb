//! A text with the countries that stand around it.

use std::borrow::Cow;

use super::hints::Hint;
use super::phone::Search;
use super::reading::{self, Reading};
use crate::domain::{Country, Validity};

/// Different countries around a number at most: with more nobody knows whose it is.
const MAX_HINTS: usize = 8;

impl Search<'_, '_> {
    /// Reads a text with the countries that stand around `node`.
    pub(super) fn read(&self, text: &str, node: u32) -> Reading {
        self.read_in(text, Some(node))
    }

    pub(super) fn read_in(&self, text: &str, node: Option<u32>) -> Reading {
        let default = self.settings.default_region;
        // It is read for each country, so that blanks without end must not be trimmed each time.
        let text = &*trimmed(text);
        let plain = |region: Option<Country>| self.read_for(text, region);
        if text.len() > reading::MAX_TEXT {
            return plain(default);
        }
        if self.hints.is_empty() || reading::is_international(text) && !text.trim_start().starts_with("00") {
            return plain(default);
        }
        let hints = self.hints_for(node);
        if hints.len() > MAX_HINTS {
            let here = plain(default);
            if matches!(here, Reading::Number(_) | Reading::NoCountry) {
                self.wear_out();
            }
            return here;
        }
        let mut best: Option<Reading> = None;
        for hint in &hints {
            // The digits of an area go before the number, in the default country or in one that another field names.
            let others = hints.iter().filter(|other| other.node != hint.node).filter_map(|other| other.region);
            let in_area = hint.area.as_ref().into_iter().flat_map(|area| {
                let whole = format!("{area}{}", text.trim());
                // Of `ddi=55` and `ddd=11` the first is the country that the second is an area of.
                let is_country = |region: &Country| {
                    hint.region == Some(*region)
                        && hints.iter().any(|other| other.area.as_ref().is_some_and(|other| other != area))
                };
                let regions = default.into_iter().chain(others.clone()).filter(|region| !is_country(region));
                regions.map(move |region| self.read_for(&whole, Some(region))).collect::<Vec<_>>()
            });
            for reading in hint.region.map(|region| plain(Some(region))).into_iter().chain(in_area) {
                best = Some(match (best, reading) {
                    (Some(Reading::Number(a)), Reading::Number(b)) if a.raw != b.raw => {
                        if (a.validity, b.validity) == (Validity::Valid, Validity::Valid) {
                            return Reading::NoCountry;
                        }
                        Reading::Number(if reading::fit(&b) > reading::fit(&a) { b } else { a })
                    }
                    (None, reading) | (Some(_), reading @ Reading::Number(_)) => reading,
                    (Some(before), _) => before,
                });
            }
        }
        // Where the field beside it doesn't fit, perhaps it wasn't about the phone.
        let fit = |reading: &Reading| if let Reading::Number(number) = reading { reading::fit(number) } else { 0 };
        match best {
            Some(best) if fit(&best) == reading::VALID => best,
            best => {
                let here = plain(default);
                best.filter(|best| fit(best) > 0 && fit(best) >= fit(&here) || fit(&here) == 0).unwrap_or(here)
            }
        }
    }

    /// The nearest hints: beside the field, further out, anywhere; of those the calling codes, else the countries. Each once,
    /// and of too many one more than may be.
    fn hints_for(&self, node: Option<u32>) -> Vec<&Hint> {
        let nodes = self.document.nodes();
        let mut level = node.and_then(|node| nodes.get(node)).map(|node| node.parent);
        let mut near: Vec<&Hint> = Vec::new();
        while let Some(at) = level {
            if self.levels.contains(&at) {
                near = self.hints.iter().filter(|hint| hint.level == at && Some(hint.node) != node).collect();
            }
            if !near.is_empty() || nodes.is_root(at) {
                break;
            }
            level = nodes.get(at).map(|node| node.parent);
        }
        if near.is_empty() {
            near = self.hints.iter().collect();
        }
        if near.iter().any(|hint| hint.dials && hint.region.is_some()) {
            near.retain(|hint| hint.dials);
        } else if near.iter().any(|hint| hint.country) {
            // `region` may be a state (`DE` is Delaware); `country` is none.
            near.retain(|hint| hint.dials || hint.country);
        }
        let mut different: Vec<&Hint> = Vec::new();
        for hint in near {
            if different.len() <= MAX_HINTS && !different.iter().any(|other| other.says() == hint.says()) {
                different.push(hint);
            }
        }
        different
    }
}

/// Without blanks around it, but for the one in front that may have been a plus.
fn trimmed(text: &str) -> Cow<'_, str> {
    let bare = text.trim();
    match text.starts_with(' ') {
        true if text.len() > bare.len() + 1 => Cow::Owned(format!(" {bare}")),
        true => Cow::Borrowed(text),
        false => Cow::Borrowed(bare),
    }
}

#[cfg(test)]
mod tests {
    use super::super::phone::{self, MAX_WORK};
    use super::super::{Document, Payload, Request, Settings};
    use super::*;
    use crate::domain::UnreadableCode;
    use crate::numbering::Numbering;
    use http::{HeaderMap, HeaderValue};

    /// What a form says, and the work that it was.
    fn read(body: &str) -> (Result<Option<u64>, UnreadableCode>, u32) {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
        let request = Request {
            peer: [127, 0, 0, 1].into(),
            method: &http::Method::POST,
            path: "/",
            query: None,
            headers: &headers,
            body: Payload::Whole(body.as_bytes()),
        };
        let (settings, numbering) = (Settings::default(), Numbering::default());
        let document = Document::read(&request).map_err(|unreadable| unreadable.code).unwrap();
        let search = Search::new(&settings, &document, &numbering);
        let _read = search.auto("/");
        let found = phone::phone(&settings, &request, &document, &numbering);
        let found = found.map(|number| number.map(|number| number.raw.expose_digits()));
        (found.map_err(|unreadable| unreadable.code), MAX_WORK - search.left.get())
    }

    fn fields(count: usize, field: impl Fn(usize) -> String) -> String {
        (0..count).map(field).collect::<Vec<_>>().join("&")
    }

    #[test]
    fn a_country_said_often_is_read_as_one() {
        let phones = fields(100, |_| "phone=07700900001".to_owned());
        let (once, work) = read(&format!("cc=44&{phones}"));
        assert_eq!(once, Ok(Some(447_700_900_001)));
        assert!(work <= 1_200, "{work}");
        assert_eq!(read(&format!("{}&{phones}", fields(300, |_| "cc=44".to_owned()))), (once, work));
    }

    #[test]
    fn more_countries_and_numbers_than_anyone_means_are_refused() {
        let countries = |count| fields(count, |at| format!("cc={}", [44, 49, 33, 39, 34, 31, 32, 30, 41][at]));
        assert_ne!(read(&format!("{}&phone=07700900001", countries(8))).0, Err(UnreadableCode::Malformed));
        assert_eq!(read(&format!("{}&phone=07700900001", countries(9))).0, Err(UnreadableCode::Malformed));
        let international = read(&format!("{}&phone=%2B447700900001&user=me", countries(9)));
        assert_eq!(international.0, Ok(Some(447_700_900_001)), "its country is its own");
        for field in ["user", "phone"] {
            let numbers = fields(900, |at| format!("{field}=07700{at:06}"));
            assert_eq!(read(&format!("{}&{numbers}", countries(8))).0, Err(UnreadableCode::Malformed), "{field}");
        }
        let mails = fields(900, |at| format!("user=me{at:06}@example.com"));
        assert_eq!(read(&mails).0, Err(UnreadableCode::Malformed));
        assert_eq!(read(&fields(900, |at| format!("user=me{at}"))).0, Ok(None), "what holds no number is no work");
    }
}
