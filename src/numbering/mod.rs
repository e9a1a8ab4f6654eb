//! What a number says of itself: country, type, range, price.
//!
//! Must not know: requests, state, time.

use crate::domain::{Country, Money, NumberKind, Validity};
use crate::privacy::RawPhone;

/// A number that was read.
#[expect(missing_debug_implementations, reason = "holds a raw number")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The number itself.
    pub raw: RawPhone,
    /// Its country; `None` for ranges of no country.
    pub country: Option<Country>,
    /// E.164 country calling code.
    pub calling_code: u16,
    /// What its plan says it is for.
    pub kind: NumberKind,
    /// How far it fits its plan.
    pub validity: Validity,
    /// What one SMS to it costs.
    pub price: Money,
}

/// Why a text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotANumber {
    /// Not the form of a phone number.
    Form,
    /// In national form, and no country to read it in.
    NoCountry,
}

/// Number intelligence: parser, metadata and price table.
#[derive(Debug, Default)]
pub struct Numbering {}

impl Numbering {
    /// Reads a number as submitted: international (`+44…`, `0044…`) or, with `region`, national.
    pub fn read(&self, text: &str, region: Option<Country>) -> Result<Number, NotANumber> {
        let _ = (text, region);
        Err(NotANumber::Form)
    }

    /// The region whose calling code this is (`44` or `+44`), or the country of that ISO code (`GB`).
    pub fn region_of(&self, code: &str) -> Option<Country> {
        Country::new(code)
    }
}
