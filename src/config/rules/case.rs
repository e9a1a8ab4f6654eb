//! One `[[case]]` of a `cases.toml`.

use std::borrow::Cow;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::endpoint;
use crate::config::conditions;
use crate::config::reader::Section;
use crate::config::source::Fault;
use crate::numbering::Numbering;
use crate::privacy::RawPhone;
use crate::rules::{Catalogue, Entry, EntryKind, RULES, Type, Value, nearest, possible_value};
use crate::ruleset::{Case, CaseVerdict};

/// The key of a case, and the fact.
const ENDPOINT: &str = "endpoint";

/// Reads every `[[case]]`.
pub(super) fn read(section: &mut Section<'_>, catalogue: &Catalogue) -> Vec<Case> {
    section.tables("case", |section| one(section, catalogue))
}

fn one(section: &mut Section<'_>, catalogue: &Catalogue) -> Option<Case> {
    section.require("name", "say what it shows, such as name = \"a premium number is refused\"");
    let name = section.text("name").map(Arc::from);
    let endpoint = section.parsed(ENDPOINT, |name| match &catalogue.endpoints {
        Some(known) => endpoint(name, &known.iter().map(|known| &**known).collect::<Vec<_>>()),
        None => Ok(Arc::from(name)),
    });
    let mut given = Given::default();
    if let Some(value) = section.value("facts") {
        match value.get_ref().as_table() {
            Some(table) => given.read(section, table, "", catalogue),
            None => {
                section.error("facts", Fault::new("facts are a table").hint("facts = { \"phone.country\" = \"GB\" }"));
            }
        }
    }
    let counts = counts(section, catalogue);
    let answered = section.bool("answered", false);
    let verdict = section.choice("verdict", &CaseVerdict::ALL);
    let rules = section.list("rules", |id| Ok(Arc::from(id)));
    if verdict.is_none() && rules.is_none() && !section.has("verdict") && !section.has("rules") {
        let fault = Fault::new("this case wants nothing, so it can't fail");
        section.error("", fault.hint("say verdict = \"block\", or rules = [\"id\"] for those that must speak"));
    }
    let endpoint = given.endpoint(section, endpoint);
    let (facts, phone) = (given.facts, given.phone);
    let origin = section.origin();
    Some(Case { name: name?, endpoint, facts, phone, counts, answered, verdict, rules, origin })
}

fn counts(section: &mut Section<'_>, catalogue: &Catalogue) -> Vec<(Arc<str>, u32)> {
    let Some(value) = section.value("counts") else { return Vec::new() };
    let Some(table) = value.get_ref().as_table() else {
        section.error("counts", Fault::new("counts are a table").hint("counts = { \"phone-60s\" = 3 }"));
        return Vec::new();
    };
    let mut counts = Vec::new();
    for (limit, count) in table {
        let name = limit.get_ref().as_ref();
        if catalogue.limits.as_ref().is_some_and(|limits| limits.iter().all(|known| **known != *name)) {
            section.error_at(limit.span(), "counts", Fault::new(format!("there is no limit {name:?} on sends")));
        }
        match count.get_ref().as_integer().and_then(|count| count.as_str().parse().ok()) {
            Some(count) => counts.push((Arc::from(name), count)),
            None => section.error_at(count.span(), "counts", Fault::new("a count is a whole number")),
        }
    }
    counts
}

#[derive(Default)]
struct Given {
    facts: Vec<(Arc<str>, Value<'static>)>,
    phone: Option<RawPhone>,
}

impl Given {
    /// The endpoint that a case says, as its key or as the fact; either stands for both.
    fn endpoint(&mut self, section: &Section<'_>, key: Option<Arc<str>>) -> Option<Arc<str>> {
        let fact = self.facts.iter().find_map(|(name, value)| match value {
            Value::Text(text) if **name == *ENDPOINT => Some(Arc::from(&**text)),
            _ => None,
        });
        match (key, fact) {
            (Some(key), Some(fact)) if key != fact => {
                let fault = Fault::new(format!("the case is for endpoint {key:?}, and its facts say {fact:?}"));
                section.error(ENDPOINT, fault.hint("say it once"));
                None
            }
            (Some(key), None) => {
                self.facts.push((Arc::from(ENDPOINT), Value::Text(Cow::Owned(key.to_string()))));
                Some(key)
            }
            (_, fact) => fact,
        }
    }

    /// `phone.country = "GB"` and `"phone.country" = "GB"` are the same.
    fn read(&mut self, section: &Section<'_>, table: &DeTable<'_>, before: &str, catalogue: &Catalogue) {
        for (name, value) in table {
            let whole =
                if before.is_empty() { name.get_ref().to_string() } else { format!("{before}.{}", name.get_ref()) };
            if let Some(table) = value.get_ref().as_table() {
                self.read(section, table, &whole, catalogue);
                continue;
            }
            let entry = RULES.entry(&whole).filter(|entry| entry.kind == EntryKind::Variable);
            let Some(entry) = entry else {
                let fault = Fault::new(format!("`{whole}` is no fact"));
                let names = RULES.entries.iter().map(|entry| entry.name);
                section.error_at(
                    name.span(),
                    "facts",
                    match nearest(&whole, names) {
                        Some(near) => fault.hint(format!("did you mean `{near}`?")),
                        None => fault.hint("rules/README.md lists them all"),
                    },
                );
                continue;
            };
            match self.take(entry, value, catalogue) {
                Ok(()) => {}
                Err(fault) => section.error_at(value.span(), "facts", fault),
            }
        }
    }

    fn take(&mut self, entry: &Entry, value: &Spanned<DeValue<'_>>, catalogue: &Catalogue) -> Result<(), Fault> {
        let wrong = || Err(Fault::new(format!("`{}` is {}", entry.name, entry.ty.describe())));
        let value = match (entry.ty, value.get_ref()) {
            (Type::Phone, DeValue::String(text)) => {
                let number = Numbering::default().read(text, None);
                let number =
                    number.map_err(|_not_a_number| Fault::new("this is not a phone number in international form"))?;
                self.phone = Some(number.raw);
                return Ok(());
            }
            (Type::Text, DeValue::String(text)) => Value::Text(Cow::Owned(text.to_string())),
            (Type::Bool, DeValue::Boolean(value)) => Value::Bool(*value),
            (Type::Int, DeValue::Integer(value)) => match value.as_str().parse() {
                Ok(value) => Value::Int(value),
                Err(_) => return wrong(),
            },
            (Type::Float, DeValue::Integer(value)) => float(value.as_str())?,
            (Type::Float, DeValue::Float(value)) => float(value.as_str())?,
            _ => return wrong(),
        };
        possible_value(entry, &value, catalogue).map_err(conditions::fault)?;
        self.facts.push((Arc::from(entry.name), value));
        Ok(())
    }
}

fn float(text: &str) -> Result<Value<'static>, Fault> {
    text.parse().map(Value::Float).map_err(|_not_a_number| Fault::new("this is not a number"))
}
