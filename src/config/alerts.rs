//! `[alerts]` and `[[alert]]`: what on-call people are told of.
//!
//! A rule with the name of a default one takes its place.

use std::sync::Arc;

use super::reader::Section;
use super::source::Fault;
use super::values;
use crate::alerts::{Against, AlertKind, By, Rule, Settings, defaults};
use crate::domain::Span;
use crate::rules::nearest;

/// Kinds that a rule can watch; budgets and troubles are told without one.
const KINDS: [(&str, AlertKind); 6] = [
    ("attack", AlertKind::Attack),
    ("messages", AlertKind::Messages),
    ("money", AlertKind::Money),
    ("conversion", AlertKind::Conversion),
    ("undelivered", AlertKind::Undelivered),
    ("refused", AlertKind::Refused),
];
const BY: [(&str, By); 4] =
    [("all", By::All), ("endpoint", By::Endpoint), ("country", By::Country), ("range", By::Range)];
const AGAINST: [(&str, Against); 2] = [("fixed", Against::Fixed), ("usual", Against::Usual)];

/// Reads `[alerts]`'s own keys.
pub(super) fn table(section: &mut Section<'_>, currency: &str) -> Settings {
    let default = Settings::default();
    let rules = if section.bool("default_rules", true) { default.rules } else { Vec::new() };
    let grow = section.number("grow", 1.1..=1000.0).and_then(|grow| grow.to_string().parse().ok());
    Settings {
        enabled: section.bool("enabled", default.enabled),
        rules,
        grow: grow.unwrap_or(default.grow),
        incidents: section.count("incidents", 10..=10_000, default.incidents),
        currency: currency.to_owned(),
    }
}

/// Lays every `[[alert]]` over the rules that are there.
pub(super) fn rules(root: &mut Section<'_>, settings: &mut Settings) {
    let mut seen: Vec<Arc<str>> = Vec::new();
    let known: Vec<Arc<str>> = settings.rules.iter().map(|rule| Arc::clone(&rule.name)).collect();
    let read = root.tables("alert", |section| {
        section.require("name", "it stands in messages and incidents, such as name = \"money-day\"");
        let name: Option<Arc<str>> = section.parsed("name", values::name).map(Arc::from);
        if let Some(name) = &name {
            if seen.contains(name) {
                section.error("name", Fault::new(format!("two alerts are named {name:?}")));
            }
            seen.push(Arc::clone(name));
        }
        let enabled = section.bool("enabled", true);
        if let Some(name) = name.as_ref().filter(|name| !enabled && !section.has("kind") && !known.contains(name)) {
            let fault = Fault::new(format!("there is no alert {name:?} to switch off"));
            let like = nearest(name, known.iter().map(AsRef::as_ref));
            section.error(
                "name",
                like.map_or_else(
                    || Fault::new("no such alert"),
                    |known| fault.hint(format!("did you mean {known:?}?")),
                ),
            );
        }
        let rule = rule(section, name.clone().unwrap_or_default(), enabled);
        Some((name?, rule.filter(|_| enabled)))
    });
    for (name, rule) in read {
        settings.rules.retain(|known| known.name != name);
        settings.rules.extend(rule);
    }
}

fn rule(section: &mut Section<'_>, name: Arc<str>, enabled: bool) -> Option<Rule> {
    let like = defaults().into_iter().find(|rule| rule.name == name);
    let kind = section.choice("kind", &KINDS);
    let by = section.choice("by", &BY).unwrap_or(By::All);
    let per = section.span("per", Span::minutes(1)..=Span::hours(24));
    let against = section.choice("against", &AGAINST).unwrap_or(Against::Fixed);
    let mut threshold = |key| section.number(key, 0.0..=1e9).and_then(|value| value.to_string().parse::<f64>().ok());
    let (warn, critical) = (threshold("warn"), threshold("critical"));
    let min = section.integer("min", 0..=1_000_000_000);
    let sustain = section.span("for", Span::default()..=Span::hours(24));
    let keep = section.span("keep_firing_for", Span::default()..=Span::hours(24));
    if enabled {
        section.require("kind", "say what it watches, such as kind = \"money\"");
        section.require("per", "say over what time, such as per = \"1h\"");
        if !section.has("warn") && !section.has("critical") {
            let fault = Fault::new("it has no threshold, so it never says anything");
            section.error("", fault.hint("set `warn`, `critical` or both"));
        }
    }
    let (kind, per) = (kind?, per?);
    let falls = kind == AlertKind::Conversion;
    if warn.zip(critical).is_some_and(|(warn, critical)| if falls { warn < critical } else { warn > critical }) {
        let fault = Fault::new("critical comes before warn, so warn never speaks");
        section.warning("critical", fault);
    }
    if against == Against::Usual && !matches!(kind, AlertKind::Messages | AlertKind::Money) {
        section.error("against", Fault::new("only messages and money are held against what is usual"));
    }
    if against == Against::Usual && by == By::Range {
        section.error("against", Fault::new("nothing is remembered of single ranges").hint("take by = \"country\""));
    }
    let share = matches!(kind, AlertKind::Conversion | AlertKind::Undelivered | AlertKind::Refused);
    if share && [warn, critical].into_iter().flatten().any(|value| value > 1.0) {
        section.error("warn", Fault::new("a share is at most 1").hint("write 0.3 for 30 %"));
    }
    Some(Rule {
        name,
        kind,
        by,
        per,
        against,
        warn,
        critical,
        min: min.or_else(|| like.as_ref().map(|rule| rule.min)).unwrap_or(0),
        sustain: sustain.unwrap_or_default(),
        keep_firing_for: keep.unwrap_or(Span::minutes(15)),
    })
}
