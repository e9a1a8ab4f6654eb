//! What records hold, in the spellings of several makers, borrowed from the database's bytes.
//!
//! A field of an unexpected type is a missing field: makers change types between releases.
//!
//! Must not know: files.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::Country;

/// A record of a country or city database.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CountryRecord<'a> {
    #[serde(borrow)]
    country: Field<'a>,
    #[serde(borrow)]
    registered_country: Field<'a>,
    #[serde(borrow)]
    country_code: Field<'a>,
}

impl CountryRecord<'_> {
    /// Where the address is; else where its block is registered.
    pub(super) fn country(&self) -> Option<Country> {
        // Some write a name in `country` and the code beside it: the code is asked where the first is none.
        [&self.country, &self.country_code, &self.registered_country]
            .into_iter()
            .find_map(|field| field.text().and_then(Country::new))
    }
}

/// A record of an ASN database.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AsnRecord<'a> {
    #[serde(borrow)]
    autonomous_system_number: Field<'a>,
    #[serde(borrow)]
    autonomous_system_organization: Field<'a>,
    #[serde(borrow)]
    asn: Field<'a>,
    #[serde(borrow)]
    as_name: Field<'a>,
    #[serde(borrow)]
    name: Field<'a>,
    #[serde(borrow)]
    org: Field<'a>,
}

impl AsnRecord<'_> {
    /// The system's number; 0 stands for none (RFC 7607).
    pub(super) fn number(&self) -> Option<u32> {
        [&self.autonomous_system_number, &self.asn]
            .into_iter()
            .find_map(Field::number)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| *number != 0)
    }

    /// Its owner.
    pub(super) fn organization(&self) -> Option<&str> {
        [&self.autonomous_system_organization, &self.as_name, &self.name, &self.org]
            .into_iter()
            .find_map(Field::text)
            .filter(|text| !text.is_empty())
    }
}

/// A record of an anonymous-IP database.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AnonymousRecord<'a> {
    #[serde(borrow)]
    is_anonymous: Field<'a>,
    #[serde(borrow)]
    is_anonymous_vpn: Field<'a>,
    #[serde(borrow)]
    is_tor_exit_node: Field<'a>,
    #[serde(borrow)]
    is_public_proxy: Field<'a>,
    #[serde(borrow)]
    is_residential_proxy: Field<'a>,
    #[serde(borrow)]
    is_hosting_provider: Field<'a>,
}

impl AnonymousRecord<'_> {
    /// Whether the network belongs to a hosting provider.
    pub(super) fn hosting(&self) -> bool {
        // A record that says anything means by a missing flag that it is not so: writers leave out what is false.
        self.is_hosting_provider.is_true()
    }

    /// Whether it is a VPN, proxy or Tor exit. `is_anonymous` is also set for plain hosting, so there it alone says
    /// nothing.
    pub(super) fn anonymous(&self) -> bool {
        let named = [&self.is_anonymous_vpn, &self.is_tor_exit_node, &self.is_public_proxy, &self.is_residential_proxy];
        let unnamed = self.is_anonymous.is_true() && !self.is_hosting_provider.is_true();
        unnamed || named.into_iter().any(Field::is_true)
    }
}

/// A field of whatever type its maker chose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Field<'a> {
    /// Missing, or of a type that says nothing.
    #[default]
    None,
    Text(&'a str),
    Number(u64),
    Flag(bool),
}

impl<'a> Field<'a> {
    fn text(&self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::None | Self::Number(_) | Self::Flag(_) => None,
        }
    }

    /// A number, also as text: `15169`, `AS15169`.
    fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim_start_matches(['A', 'S', 'a', 's']).parse().ok(),
            Self::None | Self::Flag(_) => None,
        }
    }

    fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true) | Self::Number(1) | Self::Text("true" | "1"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of any type")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Field::Text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Field::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Field::Number(number))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Field::None, Field::Number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Field::None, Field::Number))
    }

    fn visit_str<E>(self, _text: &str) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_bytes<E>(self, _bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_f64<E>(self, _number: f64) -> Result<Self::Value, E> {
        Ok(Field::None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::None)
    }

    /// A country as a map of its own: its code is what counts.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut code = Field::None;
        while let Some(key) = entries.next_key::<&str>()? {
            if key == "iso_code" {
                code = entries.next_value()?;
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(code)
    }
}
