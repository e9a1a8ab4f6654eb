//! What a configuration does, in a few lines for people.

use std::sync::Arc;

use super::Config;
use crate::alerts::deliver::Channel;
use crate::budget::{Caps, Measure, Policy};
use crate::domain::Mode;
use crate::gate::Endpoint;
use crate::limits::{Limit, On};

impl Config {
    /// A short description: listeners, upstream, endpoints with their mode, limits, and what is missing. Without a
    /// final line feed.
    pub fn summary(&self) -> String {
        let upstream = &self.http.upstream;
        let (tls, scheme) = (self.http.tls.is_some(), if upstream.tls { "https" } else { "http" });
        let host = if upstream.host.contains(':') { format!("[{}]", upstream.host) } else { upstream.host.to_string() };
        let mut rows = vec![
            ("listen", format!("{}{}", self.http.listen, if tls { " with TLS" } else { "" })),
            ("upstream", format!("{scheme}://{host}:{}", upstream.port)),
            ("admin", self.admin.as_ref().map_or_else(|| "off".to_owned(), |admin| admin.listen.to_string())),
        ];
        let log = self.journal.as_ref().map(|journal| journal.directory.display().to_string());
        rows.push(("log", log.unwrap_or_else(|| "no decision log".to_owned())));
        rows.push(("counters", self.describe_snapshot()));
        rows.extend(self.endpoints.iter().map(|endpoint| ("endpoint", describe_endpoint(endpoint))));
        rows.extend(self.limits.limits.iter().map(|limit| ("limit", describe_limit(limit))));
        rows.extend(self.describe_budgets().map(|budgets| ("budget", budgets)));
        let channel = |channel: &Arc<Channel>| ("alerts", format!("{} ({})", channel.name, channel.target.kind()));
        rows.extend(self.deliver.channels.iter().map(channel));
        let missing = self.missing();
        if !missing.is_empty() {
            rows.push(("missing", missing.join(", ")));
        }
        rows.iter().map(|(name, value)| format!("{name:<9} {value}")).collect::<Vec<_>>().join("\n")
    }

    fn describe_snapshot(&self) -> String {
        match &self.snapshot {
            Some(snapshot) => format!("on disk every {}: {}", snapshot.interval, snapshot.file().display()),
            None => "lost at a restart".to_owned(),
        }
    }

    fn describe_budgets(&self) -> Option<String> {
        let of = |caps: &Caps, place: &str| {
            let cap = |measure: Measure| {
                let cap = measure.units(caps.of(measure)?);
                Some(format!("{cap} {}{place}", measure.name().replace('_', " ")))
            };
            Measure::ALL.into_iter().filter_map(cap).collect::<Vec<_>>()
        };
        let Policy { all, each_country, countries, .. } = &self.budgets;
        let mut told = of(all, "");
        told.extend(of(each_country, " to each country"));
        told.extend(countries.iter().flat_map(|(country, caps)| of(caps, &format!(" to {country}"))));
        (!told.is_empty()).then(|| format!("at most {}", told.join(", ")))
    }

    fn missing(&self) -> Vec<&'static str> {
        let blind = |endpoint: &Endpoint| !endpoint.has_verify;
        [
            (self.geo.country.is_none(), "the country of addresses (geo.country)"),
            (self.geo.asn.is_none(), "their networks (geo.asn)"),
            (self.endpoints.iter().any(blind), "outcomes of some endpoints (verify)"),
            (self.state.is_none(), "a state directory (state)"),
        ]
        .into_iter()
        .filter_map(|(is_missing, what)| is_missing.then_some(what))
        .collect()
    }
}

fn describe_endpoint(endpoint: &Endpoint) -> String {
    let does = match endpoint.policy.mode {
        Mode::Monitor => "monitor: only tells what it would refuse",
        Mode::Enforce => "enforce: refuses",
    };
    format!("{} ({does})", endpoint.name)
}

/// `phone-day: at most 5 codes by phone in 24h`.
fn describe_limit(limit: &Limit) -> String {
    let key = limit.key.iter().map(|part| part.name()).collect::<Vec<_>>().join(" and ");
    let what = match (limit.distinct, limit.on) {
        (Some(part), _) => format!("different {}", part.name()),
        (None, On::Send) if limit.max == 1 => "code".to_owned(),
        (None, On::Send) => "codes".to_owned(),
        (None, On::Verify) => "wrong tries".to_owned(),
    };
    let mode = if limit.mode == Mode::Monitor { ", only told" } else { "" };
    format!("{}: at most {} {what} by {key} in {}{mode}", limit.name, limit.max, limit.per)
}
