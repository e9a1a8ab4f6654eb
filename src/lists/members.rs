//! Everything of one list, found by the facts of an attempt.

use std::collections::HashMap;

use super::{Networks, Ranges, Subject};
use crate::domain::{Country, Facts};
use crate::privacy::Pseudonym;

/// Subjects with what is known of each.
#[derive(Clone, Debug)]
pub struct Members<T> {
    /// Addresses and networks.
    pub networks: Networks<T>,
    /// Ranges of numbers.
    pub ranges: Ranges<T>,
    phones: HashMap<Pseudonym, T>,
    phone_countries: HashMap<Country, T>,
    address_countries: HashMap<Country, T>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        let (phones, phone_countries, address_countries) = Default::default();
        let (networks, ranges) = (Networks::default(), Ranges::default());
        Self { networks, ranges, phones, phone_countries, address_countries }
    }
}

impl<T> Members<T> {
    /// Adds a subject, or gives it another value; what it had before comes back.
    pub fn insert(&mut self, subject: Subject, value: T) -> Option<T> {
        match subject {
            Subject::Network(network) => self.networks.insert(network, value),
            Subject::Phone { id, .. } => self.phones.insert(id, value),
            Subject::Range(range) => self.ranges.insert(range, value),
            Subject::PhoneCountry(country) => self.phone_countries.insert(country, value),
            Subject::AddressCountry(country) => self.address_countries.insert(country, value),
        }
    }

    /// Takes exactly this subject out.
    pub fn remove(&mut self, subject: Subject) -> Option<T> {
        match subject {
            Subject::Network(network) => self.networks.remove(network),
            Subject::Phone { id, .. } => self.phones.remove(&id),
            Subject::Range(range) => self.ranges.remove(range),
            Subject::PhoneCountry(country) => self.phone_countries.remove(&country),
            Subject::AddressCountry(country) => self.address_countries.remove(&country),
        }
    }

    /// Exactly this subject.
    pub fn get(&self, subject: Subject) -> Option<&T> {
        match subject {
            Subject::Network(network) => self.networks.get(network),
            Subject::Phone { id, .. } => self.phones.get(&id),
            Subject::Range(range) => self.ranges.get(range),
            Subject::PhoneCountry(country) => self.phone_countries.get(&country),
            Subject::AddressCountry(country) => self.address_countries.get(&country),
        }
    }

    /// The phone of this name.
    pub fn phone(&self, id: Pseudonym) -> Option<&T> {
        self.phones.get(&id)
    }

    /// The first value that `wanted` wants, of all subjects that an attempt falls under: its phone, its networks and
    /// ranges (those nearest to it win), the phone's country, the address's country.
    pub fn find(&self, facts: &Facts, wanted: impl Fn(&T) -> bool) -> Option<&T> {
        let by_phone = || {
            let phone = facts.phone()?;
            let itself = self.phones.get(&phone.id).filter(|value| wanted(value));
            itself.or_else(|| self.ranges.around(phone.range).find(|value| wanted(value)))
        };
        let by_network = || self.networks.around(facts.client.address.ip).filter(|value| wanted(value)).last();
        let by_phone_country = || self.phone_countries.get(&facts.phone()?.country?).filter(|value| wanted(value));
        let by_address_country = || self.address_countries.get(&facts.place.country?).filter(|value| wanted(value));
        by_phone().or_else(by_network).or_else(by_phone_country).or_else(by_address_country)
    }

    /// How many subjects.
    pub fn len(&self) -> usize {
        let named = self.phones.len() + self.phone_countries.len() + self.address_countries.len();
        self.networks.len() + self.ranges.len() + named
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
