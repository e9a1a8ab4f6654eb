//! The reference page of rules, from the code: what can be asked, and what follows.

use std::fmt::Write as _;

use super::Action;
use crate::rules::{EntryKind, ListKind, RULES, Type, Values};

const BEFORE: &str = include_str!("reference.md");

/// The page: its text by hand, with the tables from the code in it.
pub fn reference() -> String {
    BEFORE.replace("{{actions}}", &actions()).replace("{{lists}}", &lists()).replace("{{names}}", &names())
}

fn actions() -> String {
    let mut table = "| `then` | with | ends | does |\n|---|---|---|---|\n".to_owned();
    for action in Action::DOCUMENTED {
        let with = action.parameter.map(|(key, example)| format!("`{key} = {example}`")).unwrap_or_default();
        let ends = if action.ends { "yes" } else { "" };
        _ = writeln!(table, "| `{}` | {with} | {ends} | {} |", action.name, action.doc);
    }
    table
}

fn lists() -> String {
    let mut table = "| `kind` | asked | holds |\n|---|---|---|\n".to_owned();
    for kind in ListKind::ALL {
        let asked = match kind.asked_by() {
            [] => "any text: `agent in lists.x`".to_owned(),
            names => names.iter().map(|name| format!("`{name} in lists.x`")).collect::<Vec<_>>().join(", "),
        };
        _ = writeln!(table, "| `{}` | {asked} | {} |", kind.name(), kind.doc());
    }
    table
}

fn names() -> String {
    let mut table = "| name | is | says |\n|---|---|---|\n".to_owned();
    for entry in RULES.entries {
        let name = match entry.kind {
            EntryKind::Variable => entry.name.to_owned(),
            EntryKind::Function(_) => format!("{}(\"..\")", entry.name),
        };
        let ty = match (entry.ty, entry.values) {
            (_, Values::Country) => "country",
            (Type::Text, Values::OneOf(_)) => "one of",
            (ty, _) => ty.describe(),
        };
        let said = match entry.values {
            Values::OneOf(values) => {
                let values = values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
                format!("{} {values}", entry.doc)
            }
            _ => entry.doc.to_owned(),
        };
        _ = writeln!(table, "| `{name}` | {ty} | {said} |");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_complete_and_current() {
        let page = reference();
        for entry in RULES.entries {
            assert!(page.contains(&format!("| `{}", entry.name)), "{}", entry.name);
        }
        expect_test::expect_file!["../../rules/README.md"].assert_eq(&page);
    }

    #[test]
    fn every_example_on_the_page_compiles() {
        let examples = BEFORE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let mut rules = 0;
        for example in examples {
            let parsed: toml::Table = example.parse().unwrap_or_else(|error| panic!("{error}\n{example}"));
            let Some(toml::Value::Array(of_example)) = parsed.get("rule") else { continue };
            for rule in of_example.iter().filter_map(|rule| rule.get("when")?.as_str()) {
                let lists = [("office", ListKind::Networks), ("served", ListKind::Countries)];
                let lists = lists.map(|(name, kind)| (name.into(), kind)).to_vec();
                let catalogue = crate::rules::Catalogue { lists, limits: None, endpoints: None };
                crate::rules::Expression::parse_with(rule, &RULES, &catalogue)
                    .unwrap_or_else(|error| panic!("{rule}: {error}"));
                rules += 1;
            }
        }
        assert!(rules >= 1, "{rules}");
    }
}
