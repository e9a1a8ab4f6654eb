//! A text with the countries that stand around it.

use super::hints::Hint;
use super::phone::Search;
use super::reading::{self, Reading};
use crate::domain::{Country, Validity};

impl Search<'_, '_> {
    /// Reads a text with the countries that stand around `node`.
    pub(super) fn read(&self, text: &str, node: u32) -> Reading {
        self.read_in(text, Some(node))
    }

    pub(super) fn read_in(&self, text: &str, node: Option<u32>) -> Reading {
        let default = self.settings.default_region;
        let plain = |region: Option<Country>| reading::read(text, region, self.numbering);
        if self.hints.is_empty() || reading::is_international(text) && !text.trim_start().starts_with("00") {
            return plain(default);
        }
        let hints = self.hints_for(node);
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
                regions.map(move |region| reading::read(&whole, Some(region), self.numbering)).collect::<Vec<_>>()
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

    /// The nearest hints: beside the field, further out, anywhere; of those the calling codes, else the countries.
    fn hints_for(&self, node: Option<u32>) -> Vec<&Hint> {
        let nodes = self.document.nodes();
        let mut level = node.and_then(|node| nodes.get(node)).map(|node| node.parent);
        let mut near: Vec<&Hint> = Vec::new();
        while let Some(at) = level {
            near = self.hints.iter().filter(|hint| hint.level == at && Some(hint.node) != node).collect();
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
        near
    }
}
