//! What a count, an alert or an incident is of, and its labels.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::settings::By;
use crate::domain::{Country, Phone, Range};

/// What is measured: everything, an endpoint, a country, a range, or a part of sendwall.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub(super) struct Key {
    /// The endpoint.
    pub(super) endpoint: Option<Arc<str>>,
    /// The country of phones.
    pub(super) country: Option<Country>,
    /// The range of phones.
    pub(super) range: Option<Range>,
    /// The part of sendwall, or of what it leans on.
    pub(super) part: Option<Arc<str>>,
}

impl Key {
    /// Of an endpoint.
    pub(super) fn endpoint(name: &Arc<str>) -> Self {
        Self { endpoint: Some(Arc::clone(name)), ..Self::default() }
    }

    /// Of a country.
    pub(super) fn country(country: Country) -> Self {
        Self { country: Some(country), ..Self::default() }
    }

    /// Of a range, with its country.
    pub(super) fn range(phone: &Phone) -> Self {
        Self { country: phone.country, range: Some(phone.range), ..Self::default() }
    }

    /// Of a part.
    pub(super) fn part(name: &str) -> Self {
        Self { part: Some(name.into()), ..Self::default() }
    }

    /// What it is of.
    pub(super) fn by(&self) -> By {
        match self {
            Self { range: Some(_), .. } => By::Range,
            Self { country: Some(_), .. } => By::Country,
            Self { endpoint: Some(_), .. } => By::Endpoint,
            _ => By::All,
        }
    }

    /// Whether everything of `other` is part of this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(mine: Option<&T>, other: Option<&T>) -> bool {
            mine.is_none() || mine == other
        }
        fits(self.endpoint.as_ref(), other.endpoint.as_ref())
            && fits(self.country.as_ref(), other.country.as_ref())
            && fits(self.range.as_ref(), other.range.as_ref())
            && fits(self.part.as_ref(), other.part.as_ref())
    }

    /// Whether all attempts at an endpoint for phones of a country are part of this.
    pub(super) fn covers_place(&self, endpoint: &Arc<str>, country: Option<Country>) -> bool {
        let Self { endpoint: of_endpoint, country: of_country, range, part } = self;
        of_endpoint.as_ref().is_none_or(|mine| mine == endpoint)
            && (of_country.is_none() || *of_country == country)
            && range.is_none()
            && part.is_none()
    }

    /// What they have in common: of each label the one value that any of them names. One that names none is wider, and
    /// may be about the same; two that differ leave nothing.
    pub(super) fn common<'k>(keys: impl Iterator<Item = &'k Self> + Clone) -> Self {
        fn only<T: PartialEq>(mut named: impl Iterator<Item = T>) -> Option<T> {
            let first = named.next()?;
            named.all(|other| other == first).then_some(first)
        }
        Self {
            endpoint: only(keys.clone().filter_map(|key| key.endpoint.as_ref())).cloned(),
            country: only(keys.clone().filter_map(|key| key.country)),
            range: only(keys.clone().filter_map(|key| key.range)),
            part: only(keys.filter_map(|key| key.part.as_ref())).cloned(),
        }
    }

    /// How many labels it has.
    pub(super) fn depth(&self) -> usize {
        let Self { endpoint, country, range, part } = self;
        let known = [endpoint.is_some(), country.is_some(), range.is_some(), part.is_some()];
        known.into_iter().map(usize::from).sum()
    }

    /// As labels.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let part = |name: &str, value: Option<String>| value.map(|value| (name.to_owned(), value));
        let parts = [
            part("endpoint", self.endpoint.as_ref().map(ToString::to_string)),
            part("country", self.country.map(|country| country.to_string())),
            part("range", self.range.map(|range| range.to_string())),
            part("part", self.part.as_ref().map(ToString::to_string)),
        ];
        parts.into_iter().flatten().collect()
    }
}

impl Hash for Key {
    /// By the narrowest label, which few keys have in common: each message is counted by four keys, again and again.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self { range: Some(range), .. } => range.hash(state),
            Self { country: Some(country), .. } => country.hash(state),
            Self { endpoint, part, .. } => (endpoint, part).hash(state),
        }
    }
}

impl From<Key> for BTreeMap<String, String> {
    fn from(key: Key) -> Self {
        key.labels()
    }
}

impl From<BTreeMap<String, String>> for Key {
    fn from(labels: BTreeMap<String, String>) -> Self {
        let text = |name: &str| labels.get(name).map(|value| Arc::from(value.as_str()));
        let range = labels.get("range").and_then(|range| range.strip_prefix('+')?.parse().ok());
        Self {
            endpoint: text("endpoint"),
            country: labels.get("country").and_then(|country| Country::new(country)),
            range: range.map(Range::new),
            part: text("part"),
        }
    }
}

impl fmt::Display for Key {
    /// `login, UZ`; `everything` of all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = self.labels();
        if labels.is_empty() {
            return f.write_str("everything");
        }
        f.write_str(&labels.into_values().collect::<Vec<_>>().join(", "))
    }
}
