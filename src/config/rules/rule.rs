//! One `[[rule]]`.

use std::sync::Arc;

use toml::de::DeValue;

use super::endpoint;
use crate::config::reader::Section;
use crate::config::source::Fault;
use crate::config::{conditions, values};
use crate::domain::{ChallengeKind, Divert, Mode, Span, Timestamp};
use crate::gate::LONGEST_REPEAT;
use crate::rules::{Catalogue, RULES};
use crate::ruleset::{Action, Origin, Rollout, Rule};

/// What a `[[rule]]` is.
#[derive(Debug)]
pub(super) enum Written {
    /// A rule.
    Rule(Box<Rule>),
    /// How a rule of a pack is used.
    Change(Change),
}

/// What is changed of a rule of a pack.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) id: Arc<str>,
    pub(super) off: bool,
    pub(super) origin: Origin,
    mode: Option<Mode>,
    rollout: Option<Rollout>,
    priority: Option<i32>,
    endpoints: Option<Vec<Arc<str>>>,
    expires: Option<Timestamp>,
    tags: Option<Vec<Arc<str>>>,
}

impl Change {
    pub(super) fn apply(self, rule: &mut Rule) {
        rule.mode = self.mode.unwrap_or(rule.mode);
        rule.rollout = self.rollout.unwrap_or(rule.rollout);
        rule.priority = self.priority.unwrap_or(rule.priority);
        rule.endpoints = self.endpoints.unwrap_or_else(|| std::mem::take(&mut rule.endpoints));
        rule.tags = self.tags.unwrap_or_else(|| std::mem::take(&mut rule.tags));
        rule.expires = self.expires.or(rule.expires);
    }
}

const MODES: [(&str, Mode); 2] = [("enforce", Mode::Enforce), ("shadow", Mode::Monitor)];
const RUNGS: [(&str, ChallengeKind); 2] = [("pow", ChallengeKind::Pow), ("captcha", ChallengeKind::Captcha)];
/// Of rules that say nothing else.
const USUAL_PRIORITY: i32 = 500;
/// Longest wait that a rule asks for.
const LONGEST_WAIT: Span = Span::hours(24 * 31);

/// Reads every `[[rule]]`. `endpoints` are those that it may be for; `None`: any name may be one's.
pub(super) fn read(section: &mut Section<'_>, endpoints: Option<&[&str]>, catalogue: &Catalogue) -> Vec<Written> {
    section.tables("rule", |section| one(section, endpoints, catalogue))
}

fn one(section: &mut Section<'_>, endpoints: Option<&[&str]>, catalogue: &Catalogue) -> Option<Written> {
    section.require("id", "decisions, metrics and logs name a rule by it, such as id = \"no-premium\"");
    let id: Option<Arc<str>> = section.parsed("id", values::name).map(Arc::from);
    let enabled = section.bool("enabled", true);
    let when = conditions::read_with(section, "when", &RULES, catalogue);
    let action = action(section);
    let reason = section.parsed("reason", reason);
    let mode = section.choice("mode", &MODES);
    let rollout = section.number("rollout", 0.0..=100.0).map(|percent| rollout(section, percent));
    let tags = section.list("tags", |tag| values::name(tag).map(Arc::from));
    let expires = expires(section);
    let priority = section.integer("priority", 0..=1000).and_then(|priority| i32::try_from(priority).ok());
    let endpoints = section.list("endpoints", |name| match endpoints {
        Some(endpoints) => endpoint(name, endpoints),
        None => Ok(Arc::from(name)),
    });
    let origin = section.origin();
    let id = id?;
    if !section.has("when") && !section.has("then") {
        let off = !enabled;
        return Some(Written::Change(Change { id, off, origin, mode, rollout, priority, endpoints, expires, tags }));
    }
    section.require("when", "say when it speaks, such as when = 'phone.type == \"premium_rate\"'");
    section.require("then", "say what it asks for, such as then = \"block\"");
    let action = action?;
    // What is wrong with the tags that it has was told.
    if action == Action::Tag && tags.as_ref().map_or_else(|| !section.has("tags"), Vec::is_empty) {
        section.error("then", Fault::new("there is no tag to put on").hint("name it, such as tags = [\"new-market\"]"));
    }
    let rule = Rule {
        id,
        when: when?,
        action,
        reason: reason.map(Arc::from),
        mode: mode.unwrap_or(Mode::Enforce),
        rollout: rollout.unwrap_or(Rollout::ALL),
        tags: tags.unwrap_or_default(),
        expires,
        priority: priority.unwrap_or(USUAL_PRIORITY),
        endpoints: endpoints.unwrap_or_default(),
        origin,
    };
    enabled.then(|| Written::Rule(Box::new(rule)))
}

/// What would be rounded to nobody is a fault.
fn rollout(section: &Section<'_>, percent: f32) -> Rollout {
    let rollout = Rollout::percent(percent);
    if percent > 0.0 && rollout == Rollout::NONE {
        let fault = Fault::new(format!("{percent} % is nobody: shares are of 10,000"));
        section.error("rollout", fault.hint("the smallest is rollout = 0.01"));
    }
    rollout
}

fn reason(text: &str) -> Result<&str, Fault> {
    if text.chars().count() <= 200 && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    Err(Fault::new("a reason is one line of at most 200 characters"))
}

/// `then`, with the key that says more. A key that belongs to another action is a fault.
fn action(section: &mut Section<'_>) -> Option<Action> {
    let names = Action::DOCUMENTED.map(|documented| (documented.name, documented));
    let then = section.choice("then", &names);
    let rung = section.choice("rung", &RUNGS);
    let wait = section.span("wait", Span::seconds(1)..=LONGEST_WAIT);
    let weight = section.number("weight", -5.0..=5.0);
    let within = section.span("within", Span::seconds(1)..=LONGEST_REPEAT);
    let to = section.choice("to", &Divert::ALL.map(|way| (way.name(), way)));
    let then = then?;
    for (name, other) in names {
        if let Some((key, _)) = other.parameter
            && name != then.name
            && section.has(key)
        {
            section.error(key, Fault::new(format!("`{key}` belongs to then = {name:?}, this is {:?}", then.name)));
        }
    }
    if let Some((key, example)) = then.parameter
        && then.name != "challenge"
    {
        section.require(key, &format!("then = {:?} needs it, such as {key} = {example}", then.name));
    }
    match then.name {
        "allow" => Some(Action::Allow),
        "challenge" => Some(Action::Challenge(rung.unwrap_or(ChallengeKind::Pow))),
        "block" => Some(Action::Block),
        "cooldown" => wait.map(Action::Cooldown),
        "weigh" => weight.map(Action::Weigh),
        "tag" => Some(Action::Tag),
        "same_answer" => within.map(Action::SameAnswer),
        "divert" => to.map(Action::Divert),
        "alert" => Some(Action::Alert),
        _ => None,
    }
}

/// The end of the last day on which a rule holds, in UTC.
fn expires(section: &mut Section<'_>) -> Option<Timestamp> {
    let value = section.value("expires")?;
    let written = match value.get_ref() {
        DeValue::Datetime(date) => date.to_string(),
        DeValue::String(text) => text.to_string(),
        _ => String::new(),
    };
    let day = Timestamp::from_rfc3339(&format!("{written}T00:00:00Z"));
    if day.is_none() {
        let fault = Fault::new("this is not a day");
        section.error("expires", fault.hint("write the last day on which it holds, such as expires = 2026-12-31"));
    }
    Some(day? + Span::hours(24))
}
