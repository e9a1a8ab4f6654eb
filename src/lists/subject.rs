//! What a list may hold, as people write it and as it is kept.

use std::fmt;

use ipnet::IpNet;

use super::networks::network_of;
use super::ranges::MAX_DIGITS;
use crate::domain::{Country, MaskedPhone, Range, Validity};
use crate::numbering::{Number, Numbering};
use crate::privacy::{Pseudonym, Pseudonyms};

/// What somebody wrote. It holds a raw number where that is a phone, so it can't be printed.
#[expect(missing_debug_implementations, reason = "holds a raw number")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// An address (IPv6: its /64) or a network.
    Network(IpNet),
    /// One phone.
    Phone(Number),
    /// All phones that begin so.
    Range(Range),
    /// Phones of a country.
    PhoneCountry(Country),
    /// Addresses of a country.
    AddressCountry(Country),
}

/// What is kept: the same, a phone by its keyed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An address or a network.
    Network(IpNet),
    /// One phone.
    Phone {
        /// Its keyed name.
        id: Pseudonym,
        /// What may be shown of it.
        shown: MaskedPhone,
    },
    /// All phones that begin so.
    Range(Range),
    /// Phones of a country.
    PhoneCountry(Country),
    /// Addresses of a country.
    AddressCountry(Country),
}

/// Why a text can't stand in a list. It never repeats the text, which may be a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says what is wrong")]
pub enum NotListable {
    #[error(
        "this is no address, network, phone, range or country; write 192.0.2.7, 192.0.2.0/24, +447402417171, \
         +44740241*, GB (phones) or ip:GB (addresses)"
    )]
    Form,
    #[error("no such country is known; write its two letters of ISO 3166, such as DE, or GB for the United Kingdom")]
    NoSuchCountry,
    #[error("a network's address has no bits behind its length: write 192.0.2.0/24, not 192.0.2.7/24")]
    HostBits,
    #[error("a phone is written in international form, with + and its country's code")]
    NotInternational,
    #[error("this is no possible phone number, and no range: no numbers begin so")]
    NoSuchNumber,
    #[error("this may be a whole number or a range: write phone:+49151... for the one, +49151...* for the other")]
    PhoneOrRange,
    #[error("a range is at most a number less its last four digits; write the whole number for one phone")]
    RangeTooLong,
    #[error("a range ends in one *, behind its digits: +44740241*")]
    Star,
}

impl Given {
    /// Reads `192.0.2.7`, `192.0.2.0/24`, `+447402417171`, `+44740241*`, `GB` (phones of it), `ip:GB` (addresses of it).
    pub fn parse(text: &str, numbering: &Numbering) -> Result<Self, NotListable> {
        let text = text.trim();
        if let Some(network) = network_of(text) {
            return Ok(Self::Network(network));
        }
        if text.parse::<IpNet>().is_ok() {
            return Err(NotListable::HostBits);
        }
        if let Some(code) = text.strip_prefix("ip:") {
            Country::new(code).ok_or(NotListable::Form)?;
            let country = numbering.country_of_addresses(code);
            return country.map(Self::AddressCountry).ok_or(NotListable::NoSuchCountry);
        }
        if Country::new(text).is_some() {
            return numbering.country(text).map(Self::PhoneCountry).ok_or(NotListable::NoSuchCountry);
        }
        if let Some(phone) = text.strip_prefix("phone:") {
            let number = phone_of(phone, numbering)?;
            return if number.validity == Validity::Impossible {
                Err(NotListable::NoSuchNumber)
            } else {
                Ok(Self::Phone(number))
            };
        }
        match text.strip_suffix('*') {
            Some(prefix) => range_of(prefix, numbering).map(Self::Range),
            None if text.contains('*') => Err(NotListable::Star),
            None => phone_without_star(text, numbering),
        }
    }

    /// What is kept of it.
    pub fn named(self, names: &Pseudonyms) -> Subject {
        match self {
            Self::Network(network) => Subject::Network(network),
            Self::Phone(number) => {
                let phone = number.named(names);
                Subject::Phone { id: phone.id, shown: phone.masked() }
            }
            Self::Range(range) => Subject::Range(range),
            Self::PhoneCountry(country) => Subject::PhoneCountry(country),
            Self::AddressCountry(country) => Subject::AddressCountry(country),
        }
    }
}

fn phone_of(text: &str, numbering: &Numbering) -> Result<Number, NotListable> {
    let text = text.trim();
    if !text.starts_with('+') {
        let is_number = text.starts_with(|c: char| c.is_ascii_digit()) && numbering.read(text, None).is_ok();
        let national = text.len() > 4 && text.chars().all(|c| c.is_ascii_digit() || " -()".contains(c));
        return Err(if is_number || national { NotListable::NotInternational } else { NotListable::Form });
    }
    numbering.read(text, None).map_err(|_no_such_code| NotListable::NoSuchNumber)
}

fn phone_without_star(text: &str, numbering: &Numbering) -> Result<Given, NotListable> {
    match (phone_of(text, numbering), range_of(text, numbering)) {
        (Ok(number), Ok(_)) => match number.validity {
            Validity::Valid => Ok(Given::Phone(number)),
            Validity::Possible => Err(NotListable::PhoneOrRange),
            Validity::Impossible => Err(NotListable::Star),
        },
        (Ok(number), Err(_)) if number.validity != Validity::Impossible => Ok(Given::Phone(number)),
        (Ok(_), Err(_)) => Err(NotListable::NoSuchNumber),
        (Err(NotListable::NoSuchNumber), Ok(_)) => Err(NotListable::Star),
        (Err(fault), _) => Err(fault),
    }
}

/// The digits of a prefix that numbers with at least four digits more can have.
fn range_of(text: &str, numbering: &Numbering) -> Result<Range, NotListable> {
    let digits = text.trim().strip_prefix('+').ok_or(NotListable::NotInternational)?;
    let digits: String = digits.chars().filter(|c| !" -".contains(*c)).collect();
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotListable::Form);
    }
    if digits.len() > MAX_DIGITS as usize {
        return Err(NotListable::RangeTooLong);
    }
    let fits = |more: usize| {
        let number = numbering.read(&format!("+{digits}{}", "1".repeat(more)), None);
        number.is_ok_and(|number| number.validity != Validity::Impossible)
    };
    let most = 15 - digits.len();
    let number: u64 = digits.parse().map_err(|_not_digits| NotListable::Form)?;
    if (4..=most).any(fits) {
        Ok(Range::new(number))
    } else if (0..4).any(fits) {
        Err(NotListable::RangeTooLong)
    } else {
        Err(NotListable::NoSuchNumber)
    }
}

impl Subject {
    /// Stable, for programs: `network`, `phone`, `range`, `country`, `address_country`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "network",
            Self::Phone { .. } => "phone",
            Self::Range(_) => "range",
            Self::PhoneCountry(_) => "country",
            Self::AddressCountry(_) => "address_country",
        }
    }

    /// As it may be shown; what [`Given::parse`] reads, but for phones, which are masked.
    pub fn value(&self) -> String {
        match self {
            Self::Network(IpNet::V4(network)) if network.prefix_len() == 32 => network.addr().to_string(),
            Self::Network(network) => network.to_string(),
            Self::Phone { shown, .. } => shown.to_string(),
            Self::Range(range) => format!("{range}*"),
            Self::PhoneCountry(country) => country.to_string(),
            Self::AddressCountry(country) => format!("ip:{country}"),
        }
    }
}

impl fmt::Display for Subject {
    /// `network 192.0.2.0/24`, `phones of GB`: for sentences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(IpNet::V4(network)) if network.prefix_len() == 32 => write!(f, "address {}", network.addr()),
            Self::Network(_) | Self::Phone { .. } | Self::Range(_) => write!(f, "{} {}", self.kind(), self.value()),
            Self::PhoneCountry(country) => write!(f, "phones of {country}"),
            Self::AddressCountry(country) => write!(f, "addresses of {country}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, NotListable> {
        let given = Given::parse(text, &Numbering::default())?;
        Ok(given.named(&Pseudonyms::new(&[7; 32])).to_string())
    }

    #[test]
    fn people_write_what_they_copy_from_elsewhere() {
        for (text, shown) in [
            ("192.0.2.7", "address 192.0.2.7"),
            (" 192.0.2.0/24 ", "network 192.0.2.0/24"),
            ("2001:db8::7", "network 2001:db8::/64"),
            ("2001:db8::7/128", "network 2001:db8::7/128"),
            ("+447402417171", "phone +44 7402 41••71"),
            ("+44 7402 417171", "phone +44 7402 41••71"),
            ("+44740241*", "range +44740241*"),
            ("+44 7402 41*", "range +44740241*"),
            ("+44*", "range +44*"),
            ("+1*", "range +1*"),
            ("+998*", "range +998*"),
            ("+881*", "range +881*"),
            ("+49151*", "range +49151*"),
            ("phone:+4915112345678", "phone +49 1511 234••78"),
            ("+4915112345678", "phone +49 1511 234••78"),
            ("gb", "phones of GB"),
            ("ip:ru", "addresses of RU"),
            ("ip:AQ", "addresses of AQ"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn what_could_be_something_else_is_refused_and_says_how_it_is_right() {
        for (text, fault) in [
            ("", NotListable::Form),
            ("example.com", NotListable::Form),
            ("GBR", NotListable::Form),
            ("ip:192.0.2.1", NotListable::Form),
            ("UK", NotListable::NoSuchCountry),
            ("xx", NotListable::NoSuchCountry),
            ("AQ", NotListable::NoSuchCountry),
            ("ip:UK", NotListable::NoSuchCountry),
            ("ip:XX", NotListable::NoSuchCountry),
            ("192.0.2.7/24", NotListable::HostBits),
            ("447402417171", NotListable::NotInternational),
            ("07402 417171", NotListable::NotInternational),
            ("44740241*", NotListable::NotInternational),
            ("+4474*241", NotListable::Star),
            ("+44740241**", NotListable::Form),
            ("+4474024171*", NotListable::RangeTooLong),
            ("+447402417171*", NotListable::RangeTooLong),
            ("+4474024171712", NotListable::NoSuchNumber),
            ("+4474024171712345", NotListable::NoSuchNumber),
            ("+999*", NotListable::NoSuchNumber),
            ("+0*", NotListable::Form),
            ("phone:+447", NotListable::NoSuchNumber),
            ("+44740241", NotListable::PhoneOrRange),
            ("+4474024", NotListable::PhoneOrRange),
            ("+447400", NotListable::PhoneOrRange),
            ("+1", NotListable::Star),
            ("+7", NotListable::Star),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_and_what_is_shown_reads_back(text in "[+0-9*:. /a-zA-Z•-]{0,24}|\\PC{0,40}") {
            if let Ok(given) = Given::parse(&text, &Numbering::default()) {
                let subject = given.named(&Pseudonyms::new(&[7; 32]));
                if !matches!(subject, Subject::Phone { .. }) {
                    prop_assert_eq!(read(&subject.value()), Ok(subject.to_string()), "{}", text);
                }
            }
        }
    }

    #[test]
    fn a_fault_never_repeats_a_number() {
        for text in ["+4474024171712", "447402417171", "+447402417171*", "+4474024171*", "+447402417171x"] {
            let fault = read(text).unwrap_err().to_string();
            assert!(!fault.contains(text.trim_start_matches('+').get(..9).unwrap()), "{fault}");
        }
    }
}
