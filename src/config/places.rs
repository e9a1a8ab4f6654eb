//! What asks for the place of an address that no database tells: it can never speak, and nothing else would say so.

use super::limits::Limits;
use super::reader::Section;
use super::rules::Rules;
use super::source::Fault;
use crate::geo;

/// Warns of limits and rules that ask for what `[geo]` names no database of.
pub(super) fn check(root: &Section<'_>, geo: &geo::Settings, limits: &Limits, rules: &Rules) {
    let (country, asn) = (geo.country.is_some(), geo.asn.is_some());
    let anonymous = geo.anonymous.is_some();
    for (fact, is_known, key) in [
        ("ip.country", country, "country"),
        ("ip.asn", asn, "asn"),
        ("ip.org", asn, "asn"),
        // Of well-known providers by their systems.
        ("ip.hosting", anonymous || asn, "anonymous"),
        ("ip.anonymous", anonymous, "anonymous"),
    ] {
        let limits =
            limits.limits.iter().filter(|limit| limit.asks_for(fact)).map(|limit| format!("limit {:?}", limit.name));
        let rules = rules.rules.iter().filter(|rule| rule.when.uses(fact)).map(|rule| format!("rule {:?}", rule.id));
        let silent: Vec<_> = limits.chain(rules).filter(|_| !is_known).collect();
        if !silent.is_empty() {
            let fault = Fault::new(format!("no database tells `{fact}`, which is asked for by {}", silent.join(", ")));
            root.warning("geo", fault.hint(format!("name one, such as [geo] {key} = \"{key}.mmdb\"")));
        }
    }
}
