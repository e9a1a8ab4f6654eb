//! `[limits]` and `[[limit]]`: what may happen how often.
//!
//! The limits of the preset and the defaults are texts of the same form; a limit of the same name in the
//! configuration takes the place of one of theirs.

use std::path::Path;
use std::sync::Arc;

use toml::de::DeTable;

use super::conditions;
use super::reader::Section;
use super::source::{Fault, Source};
use super::values::{self, GIB, MIB};
use crate::domain::{Mode, Span};
use crate::gate::Endpoint;
use crate::limits::{self, KeyPart, Limit, On, Store, WhenFull};
use crate::rules::{Catalogue, FACTS, nearest};

/// Of `preset = "classic"`, and of the pack of that name.
pub(super) const CLASSIC: &str = include_str!("../../rules/classic/limits.toml");

/// Longest window: what is counted is kept in memory for as long.
const LONGEST: Span = Span::hours(24 * 400);
/// Tables that metrics show beside those of the limits.
const OWN_TABLES: [&str; 3] = ["sessions", "cells", "challenges"];
/// Highest maximum.
const MOST: u64 = 16_000_000;
/// The same for a distinct count, which keeps each item.
const MOST_DISTINCT: u64 = 1024;

/// All limits and the memory they may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes, all tables together.
    pub memory: u64,
    /// In the order in which they are judged.
    pub limits: Vec<Arc<Limit>>,
}

const WHEN_FULL: [(&str, WhenFull); 2] = [("pass", WhenFull::Pass), ("refuse", WhenFull::Refuse)];

/// Reads `[limits]`, `preset`, `default_limits` and every `[[limit]]`.
pub(super) fn read(root: &mut Section<'_>, endpoints: &[Endpoint]) -> Limits {
    let (memory, when_full) = root.table("limits", |section| {
        let memory = section.bytes("memory", MIB..=64 * GIB, 64 * MIB);
        (memory, section.choice("when_full", &WHEN_FULL).unwrap_or_default())
    });
    let mut limits = Vec::new();
    let preset = root.choice("preset", &[("classic", Some(CLASSIC)), ("none", None)]).flatten();
    let preset = preset.or_else(|| super::rules::asks_for_pack(root, "classic").then_some(CLASSIC));
    // A preset has the same measures under names of its own.
    if root.bool("default_limits", preset.is_none()) {
        let default = limits::defaults().into_iter();
        limits.extend(default.map(|limit| Arc::new(Limit { when_full, ..limit })));
    }
    if let Some(preset) = preset {
        shipped(preset, when_full, &mut limits);
    }
    let names: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_ref()).collect();
    overlay(root, &mut limits, &names, when_full);
    check_memory(root, memory, &limits);
    Limits { memory, limits }
}

fn check_memory(root: &Section<'_>, memory: u64, limits: &[Arc<Limit>]) {
    let store = Store::new(usize::try_from(memory).unwrap_or(usize::MAX));
    if let Err(error @ limits::Error::Memory { .. }) = store.check(limits) {
        root.error("limits", Fault::new(error.to_string()).hint("raise `memory` in [limits]"));
    }
}

/// The limits of a text. What is wrong with them is told where they are used.
pub(super) fn of_text(text: &str) -> Vec<Arc<Limit>> {
    let mut limits = Vec::new();
    shipped(text, WhenFull::default(), &mut limits);
    limits
}

/// Adds the limits of a text that comes with sendwall. A test holds that these have no faults.
fn shipped(text: &str, when_full: WhenFull, limits: &mut Vec<Arc<Limit>>) {
    let source = Source::of_file(Path::new("shipped"), text);
    let (table, _) = DeTable::parse_recoverable(text);
    Section::root(&source, &table, |root| overlay(root, limits, &[], when_full));
}

/// Reads every `[[limit]]` over those that are there already, for endpoints of these names.
fn overlay(root: &mut Section<'_>, limits: &mut Vec<Arc<Limit>>, endpoints: &[&str], when_full: WhenFull) {
    let mut seen: Vec<Arc<str>> = Vec::new();
    let read = root.tables("limit", |section| {
        section.require("name", "it stands in reasons, logs and metrics, such as name = \"phone-day\"");
        let name: Option<Arc<str>> = section.parsed("name", values::name).map(Arc::from);
        if let Some(name) = &name {
            if OWN_TABLES.contains(&name.as_ref()) {
                let fault = Fault::new(format!("sendwall has a table {name:?} of its own, by which metrics name it"));
                section.error("name", fault.hint(format!("take another, such as \"my-{name}\"")));
            }
            if seen.contains(name) {
                section.error("name", Fault::new(format!("two limits are named {name:?}")));
            }
            seen.push(Arc::clone(name));
        }
        let enabled = section.bool("enabled", true);
        if let Some(name) = name.as_ref().filter(|_| !enabled && !section.has("key")) {
            check_replaces(section, name, limits);
        }
        let limit = limit(section, name.clone().unwrap_or_default(), endpoints, when_full, enabled);
        Some((name?, limit.filter(|_| enabled)))
    });
    for (name, limit) in read {
        let place = limits.iter().position(|other| other.name == name);
        match (place, limit) {
            (Some(place), Some(limit)) => limits[place] = Arc::new(limit),
            (Some(place), None) => drop(limits.remove(place)),
            (None, Some(limit)) => limits.push(Arc::new(limit)),
            (None, None) => {}
        }
    }
}

/// A limit that is only switched off must be one of the preset or the defaults.
fn check_replaces(section: &Section<'_>, name: &str, limits: &[Arc<Limit>]) {
    let names = || limits.iter().map(|limit| limit.name.as_ref());
    if names().any(|known| known == name) {
        return;
    }
    let fault = Fault::new(format!("there is no limit {name:?} to switch off"));
    section.error(
        "name",
        match nearest(name, names()) {
            Some(known) => fault.hint(format!("did you mean {known:?}?")),
            None => fault.hint(format!("there are {}", values::quoted(names()))),
        },
    );
}

fn limit(
    section: &mut Section<'_>,
    name: Arc<str>,
    endpoints: &[&str],
    when_full: WhenFull,
    enabled: bool,
) -> Option<Limit> {
    let on = section.choice("on", &[("send", On::Send), ("verify", On::Verify)]).unwrap_or(On::Send);
    let of_endpoints = section.list("endpoints", |name| known_endpoint(name, endpoints)).unwrap_or_default();
    let known = endpoints.iter().map(|name| Arc::from(*name)).collect();
    let catalogue = Catalogue { endpoints: Some(known), ..Catalogue::default() };
    let when = conditions::read_with(section, "when", &FACTS, &catalogue);
    let key = section.list("key", key_part);
    let distinct = section.parsed("distinct", key_part);
    let most = if distinct.is_some() { MOST_DISTINCT } else { MOST };
    let max = section.integer("max", 0..=most).and_then(|max| u32::try_from(max).ok());
    let per = section.span("per", Span::seconds(1)..=LONGEST);
    let growing_wait = section.span("growing_wait", Span::seconds(1)..=Span::hours(24));
    let count_rejected = section.bool("count_rejected", false);
    let mode = section.choice("mode", &values::MODES).unwrap_or(Mode::Enforce);
    let when_full = section.choice("when_full", &WHEN_FULL).unwrap_or(when_full);
    if enabled {
        section.require("key", "say what it counts by, such as key = [\"phone\"]");
        section.require("max", "say how many are allowed, such as max = 5");
        section.require("per", "say in how long a time, such as per = \"24h\"");
    }
    let key = key?;
    if distinct.is_some() && growing_wait.is_some() {
        section.error("growing_wait", Fault::new("a limit with `distinct` has no waits").hint("write two limits"));
    }
    if distinct.is_some_and(|distinct| key.contains(&distinct)) {
        section.error("distinct", Fault::new("one key holds only one of these, so there is never more than 1"));
    }
    if key.is_empty() && section.has("key") {
        let fault = Fault::new("the key is empty");
        section.error("key", fault.hint("write key = [\"endpoint\"] to count all requests of an endpoint together"));
    }
    Some(Limit {
        name,
        on,
        endpoints: of_endpoints,
        when,
        key,
        distinct,
        max: max?,
        per: per?,
        count_rejected,
        growing_wait,
        mode,
        when_full,
    })
}

fn known_endpoint(name: &str, known: &[&str]) -> Result<Arc<str>, Fault> {
    if known.contains(&name) {
        return Ok(Arc::from(name));
    }
    let fault = Fault::new(format!("there is no endpoint {name:?}"));
    Err(match nearest(name, known.iter().copied()) {
        Some(known) => fault.hint(format!("did you mean {known:?}?")),
        None => fault.hint(format!("the endpoints are {}", values::quoted(known.iter().copied()))),
    })
}

fn key_part(text: &str) -> Result<KeyPart, Fault> {
    KeyPart::from_name(text).map_or_else(|| values::one_of(text, &KeyPart::ALL.map(|part| (part.name(), part))), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_preset_has_no_faults() {
        let source = Source::of_file(Path::new("classic.toml"), CLASSIC);
        let (table, syntax) = DeTable::parse_recoverable(CLASSIC);
        let mut limits = Vec::new();
        Section::root(&source, &table, |root| overlay(root, &mut limits, &[], WhenFull::Pass));
        assert!(syntax.is_empty() && source.take().0.is_empty());
        assert_eq!(limits.len(), CLASSIC.matches("\n[[limit]]").count(), "each of them is compiled");
    }
}
