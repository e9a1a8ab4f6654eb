//! What a number says of itself: country, type, range, price.
//!
//! The data and the rules are libphonenumber's, the machine is our own, and this is why. Measured on two shared
//! cores, a number read, judged and priced: the port `rlibphonenumber` with its default engine 0.9 us, but 27 MB after
//! 20 countries and 150 MB after all, built in milliseconds when a country first comes up, which any client can force;
//! with its lite engine 12 MB, but 25 us to parse and 3 to 9 us to judge, more than the whole decision may take. Here,
//! plans are compiled once for all countries: 0.9 MB in all, and 1 to 3 us a number with eleven processes on the two
//! cores (`benches/numbers.rs`). The test `reads_as_libphonenumber_does` holds this against that port in every country.
//!
//! # How a text is read
//!
//! 1. Only digits and what people put between them (see `digits`); letters, extensions and lists are refused.
//! 2. With `+` it is international. A calling code that does not exist is [`NotANumber::Form`].
//! 3. With a region it is read as dialled there (that region's own international prefix, and its calling code without
//!    a plus, included). If that is valid, it is the answer: the operator said where numbers are from.
//! 4. Else, with `00` in front, it is international, valid or not.
//! 5. Else, if the digits are a valid international number of a mobile phone, it is that (`447402417171`).
//! 6. Else it is what the region says, valid or not. Without a region there is no country to read it in:
//!    [`NotANumber::NoCountry`].
//!
//! So a number that is valid in both readings is national, and bare digits from abroad are only believed where they are
//! in a range that is assigned to mobile phones.
//!
//! Must not know: requests, state, time.

mod digits;
mod pattern;
mod plan;
mod prices;

pub use prices::{PriceProblem, PriceTable};

use crate::domain::{Country, Money, NumberKind, Phone, Range, Validity};
use crate::privacy::{Pseudonyms, RawPhone};
use digits::{Digits, Written};
use plan::{PLANS, Plans, Read};

/// A number that was read.
#[expect(missing_debug_implementations, reason = "holds a raw number")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The number itself.
    pub raw: RawPhone,
    /// Its country; `None` for ranges of no country (satellite, international networks).
    ///
    /// A number that fits no range of a calling code that several countries share (1, 7, 44 and others) is counted to
    /// the main one.
    pub country: Option<Country>,
    /// E.164 country calling code.
    pub calling_code: u16,
    /// What its plan says it is for; [`NumberKind::Unknown`] for every number that is not valid.
    pub kind: NumberKind,
    /// How far it fits its plan.
    pub validity: Validity,
    /// What one SMS to it costs.
    pub price: Money,
}

impl Number {
    /// What may be kept of it: a keyed name in place of the number.
    pub fn named(&self, names: &Pseudonyms) -> Phone {
        Phone {
            id: names.phone(self.raw),
            country: self.country,
            calling_code: self.calling_code,
            range: Range::new(self.raw.range()),
            last_two: self.raw.last_two(),
            kind: self.kind,
            validity: self.validity,
            price: self.price,
        }
    }
}

/// Why a text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    /// Not the form of a phone number.
    Form,
    /// In national form, and no country to read it in.
    NoCountry,
}

/// Number intelligence: the plans of the world and a price table.
#[derive(Debug)]
pub struct Numbering {
    plans: &'static Plans,
    prices: PriceTable,
}

impl Default for Numbering {
    fn default() -> Self {
        Self::new(PriceTable::default())
    }
}

/// Countries of ISO 3166 that have no numbering plan.
const WITHOUT_PLAN: [&str; 7] = ["AQ", "BV", "GS", "HM", "PN", "TF", "UM"];

impl Numbering {
    /// With these prices. The first in a process compiles the plans, which takes some milliseconds; nothing is built
    /// later, so no first number of a country is slow.
    pub fn new(prices: PriceTable) -> Self {
        Self { plans: &PLANS, prices }
    }

    /// Reads a number as submitted: international (`+44…`, `0044…`, `44…`) or, with `region`, national. See the module
    /// for the exact rule.
    pub fn read(&self, text: &str, region: Option<Country>) -> Result<Number, NotANumber> {
        let Written { plus, digits } = Written::read(text).ok_or(NotANumber::Form)?;
        if plus {
            let read = self.plans.read_international(digits).ok_or(NotANumber::Form)?;
            return self.known(&read).ok_or(NotANumber::Form);
        }
        let local = region.and_then(|region| self.plans.of(region));
        let here = local.and_then(|plan| self.plans.read_dialled(digits, plan)).and_then(|read| self.known(&read));
        if let Some(here) = here.filter(is_valid) {
            return Ok(here);
        }
        let exit = without_double_zero(digits);
        let abroad = self.plans.read_international(exit.unwrap_or(digits)).and_then(|read| self.known(&read));
        match abroad {
            Some(abroad) if exit.is_some() || is_certain(&abroad) => Ok(abroad),
            Some(_) | None if local.is_none() && exit.is_none() => Err(NotANumber::NoCountry),
            Some(_) | None => here.ok_or(NotANumber::Form),
        }
    }

    /// The country of a country code in a field of its own: a calling code (`44`, `+44`, `0044`), one with the digits
    /// that tell countries apart (`1684`, `+1-684`), or an ISO code (`GB`, `gb`; `UK` too). A calling code that several
    /// countries share gives the main one: `1` is US. `None` for what is neither and for codes of no country.
    pub fn region_of(&self, code: &str) -> Option<Country> {
        if let Some(country) = Country::new(code.trim()) {
            let country = if country.as_str() == "UK" { Country::new("GB")? } else { country };
            return self.plans.of(country).and(Some(country));
        }
        let Written { plus, digits } = Written::read(code)?;
        let digits = if plus { digits } else { without_double_zero(digits).unwrap_or(digits) };
        let (code, rest) = self.plans.split_code(digits)?;
        match rest.as_slice() {
            [] => self.plans.main(code)?.country(),
            leading => self.plans.country_leading(code, leading),
        }
    }

    /// Every country that has a numbering plan.
    pub fn countries(&self) -> impl Iterator<Item = Country> {
        self.plans.countries()
    }

    /// The country of an ISO code, where it has a numbering plan.
    pub fn country(&self, code: &str) -> Option<Country> {
        Country::new(code).filter(|country| self.plans.of(*country).is_some())
    }

    /// The same, also of one that has no numbering plan: addresses may be there.
    pub fn country_of_addresses(&self, code: &str) -> Option<Country> {
        let without = Country::new(code).filter(|country| WITHOUT_PLAN.contains(&country.as_str()));
        without.or_else(|| self.country(code))
    }

    /// The price table.
    pub fn prices(&self) -> &PriceTable {
        &self.prices
    }

    fn known(&self, read: &Read) -> Option<Number> {
        let raw = RawPhone::from_digits(read.national.behind(read.code)?)?;
        let plan::Known { country, kind, validity } = self.plans.know(read);
        Some(Number { raw, country, calling_code: read.code, kind, validity, price: self.prices.price(raw, country) })
    }
}

fn is_valid(number: &Number) -> bool {
    number.validity == Validity::Valid
}

/// Whether digits without any prefix may be believed to begin with a calling code: many national numbers of one country
/// are a fixed line of another, and codes go to mobile phones.
fn is_certain(number: &Number) -> bool {
    is_valid(number) && number.kind.is_mobile()
}

/// The international prefix of most countries, which people use everywhere.
fn without_double_zero(digits: Digits) -> Option<Digits> {
    matches!(digits.as_slice(), [0, 0, next, ..] if *next != 0).then(|| digits.without_first(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Option<Country> {
        Country::new(code)
    }

    #[test]
    fn country_codes_come_in_many_forms() {
        let numbering = Numbering::default();
        for (code, expected) in [
            ("44", country("GB")),
            ("+44", country("GB")),
            ("0044", country("GB")),
            (" +44 ", country("GB")),
            ("GB", country("GB")),
            ("gb", country("GB")),
            ("UK", country("GB")),
            ("1", country("US")),
            ("+1", country("US")),
            ("+7", country("RU")),
            ("1684", country("AS")),
            ("+1-787", country("PR")),
            ("998", country("UZ")),
            ("881", None),
            ("ZZ", None),
            ("999", None),
            ("0", None),
            ("+", None),
            ("", None),
            ("United Kingdom", None),
            ("07402417171", None),
        ] {
            assert_eq!(numbering.region_of(code), expected, "{code}");
        }
    }
}
