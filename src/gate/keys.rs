//! What limits count by: facts to table keys.

use crate::domain::Facts;
use crate::limits::{KeyPart, Limit, country_value, mix, network_value, text_value};

/// Where `limit` counts an attempt: the key, and for a limit on distinct values the item. `None` where the attempt
/// lacks a part of either, so that the limit doesn't apply.
pub(super) fn place(limit: &Limit, facts: &Facts) -> Option<(u64, Option<u64>)> {
    let key = limit.key.iter().try_fold(0, |hash, part| Some(mix([hash, value(*part, facts)?])))?;
    match limit.distinct {
        Some(part) => Some((key, Some(value(part, facts)?))),
        None => Some((key, None)),
    }
}

fn value(part: KeyPart, facts: &Facts) -> Option<u64> {
    match part {
        KeyPart::Phone => facts.phone().map(|phone| phone.id.short()),
        KeyPart::PhoneCountry => facts.phone()?.country.map(country_value),
        KeyPart::PhoneRange => facts.phone().map(|phone| phone.range.digits()),
        KeyPart::Ip => Some(facts.client.address.id.short()),
        KeyPart::Network => Some(network_value(facts.client.address.network.network())),
        KeyPart::IpCountry => facts.place.country.map(country_value),
        KeyPart::IpAsn => facts.place.asn.map(u64::from),
        KeyPart::Cookie => facts.client.id.as_ref().map(|id| id.id.short()),
        KeyPart::Fingerprint => Some(facts.client.fingerprint.hash),
        KeyPart::Endpoint => Some(text_value(&facts.endpoint)),
    }
}
