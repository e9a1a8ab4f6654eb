//! Random conditions over random facts: the lowered tree agrees with the checked one.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::rules::{Catalogue, ListKind, Members};

/// A fact that is there or isn't.
#[derive(Clone, Debug)]
pub(super) struct Facts(pub(super) Vec<(&'static str, Value<'static>)>);

const TEXTS: [&str; 4] = ["phone.country", "ip.country", "agent", "endpoint"];
const INTS: [&str; 3] = ["ip.asn", "visit.age", "client.major"];
const FLOATS: [&str; 3] = ["heat", "phone.price", "pressure"];
const BOOLS: [&str; 3] = ["phone.valid", "ip.hosting", "client.origin"];
const COUNTRIES: [&str; 4] = ["GB", "UZ", "IE", "DE"];

pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let texts =
        TEXTS.map(|name| maybe(name, prop::sample::select(&COUNTRIES[..]).prop_map(|text| Value::Text(text.into()))));
    let ints = INTS.map(|name| maybe(name, (-2_i64..4).prop_map(Value::Int)));
    let floats = FLOATS.map(|name| maybe(name, (-2_i32..4).prop_map(|half| Value::Float(f64::from(half) / 2.0))));
    let bools = BOOLS.map(|name| maybe(name, any::<bool>().prop_map(Value::Bool)));
    (texts, ints, floats, bools).prop_map(|(texts, ints, floats, bools)| {
        let all = texts.into_iter().chain(ints).chain(floats).chain(bools);
        Facts(all.flatten().collect())
    })
}

fn maybe(
    name: &'static str,
    value: impl Strategy<Value = Value<'static>>,
) -> impl Strategy<Value = Option<(&'static str, Value<'static>)>> {
    prop::option::weighted(0.7, value.prop_map(move |value| (name, value)))
}

/// A condition in our language, and the same in CEL, where `f` is a map of the facts that are there.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) ours: String,
    pub(super) cel: String,
}

fn asked(name: &str) -> String {
    format!("f.{}", name.replace('.', "_"))
}

/// A relation that reads these names: in CEL what isn't there has to be asked for.
fn relation(names: &[&str], ours: String, cel: &str) -> Written {
    let there: Vec<_> = names.iter().map(|name| format!("has({})", asked(name))).collect();
    Written { ours, cel: format!("({} && {cel})", there.join(" && ")) }
}

fn leaf() -> impl Strategy<Value = Written> {
    let operator = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let equality = || prop::sample::select(vec!["==", "!="]);
    let compared = |name: &'static str, operator: &str, literal: String, turned: bool| {
        let (ours, cel) = (name.to_owned(), asked(name));
        let write = |name: String| {
            if turned { format!("{literal} {operator} {name}") } else { format!("{name} {operator} {literal}") }
        };
        relation(&[name], write(ours), &write(cel))
    };
    let text = || prop::sample::select(&COUNTRIES[..]);
    prop_oneof![
        (prop::sample::select(&TEXTS[..]), operator(), text(), any::<bool>())
            .prop_map(move |(name, operator, text, turned)| compared(name, operator, format!("\"{text}\""), turned)),
        (prop::sample::select(&INTS[..]), operator(), -2_i64..4, any::<bool>())
            .prop_map(move |(name, operator, number, turned)| compared(name, operator, number.to_string(), turned)),
        (prop::sample::select(&FLOATS[..]), operator(), -2_i32..4, any::<bool>()).prop_map(
            move |(name, operator, half, turned)| {
                compared(name, operator, format!("{:.1}", f64::from(half) / 2.0), turned)
            }
        ),
        (prop::sample::select(&BOOLS[..]), equality(), any::<bool>(), any::<bool>())
            .prop_map(move |(name, operator, value, turned)| compared(name, operator, value.to_string(), turned)),
        (prop::sample::select(&TEXTS[..]), prop::sample::select(&TEXTS[..]), operator()).prop_map(
            |(one, other, operator)| {
                let cel = format!("{} {operator} {}", asked(one), asked(other));
                relation(&[one, other], format!("{one} {operator} {other}"), &cel)
            }
        ),
        (prop::sample::select(&TEXTS[..]), prop::collection::vec(text(), 0..3)).prop_map(|(name, items)| {
            let items: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
            let list = items.join(", ");
            relation(&[name], format!("{name} in [{list}]"), &format!("{} in [{list}]", asked(name)))
        }),
        (prop::sample::select(&INTS[..]), prop::collection::vec(-2_i64..4, 0..3)).prop_map(|(name, items)| {
            let list = items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            relation(&[name], format!("{name} in [{list}]"), &format!("{} in [{list}]", asked(name)))
        }),
        (
            prop::sample::select(&TEXTS[..]),
            prop::sample::select(vec!["startsWith", "endsWith", "contains"]),
            prop::sample::select(vec!["", "G", "B", "GB", "E", "Z"])
        )
            .prop_map(|(name, method, part)| {
                let cel = format!("{}.{method}(\"{part}\")", asked(name));
                relation(&[name], format!("{name}.{method}(\"{part}\")"), &cel)
            }),
        prop::sample::select(&BOOLS[..]).prop_map(|name| relation(&[name], name.to_owned(), &asked(name))),
        prop::sample::select([&TEXTS[..], &INTS[..], &FLOATS[..], &BOOLS[..]].concat())
            .prop_map(|name| Written { ours: format!("has({name})"), cel: format!("has({})", asked(name)) }),
        any::<bool>().prop_map(|value| Written { ours: value.to_string(), cel: value.to_string() }),
    ]
}

pub(super) fn condition() -> impl Strategy<Value = Written> {
    leaf().prop_recursive(4, 30, 4, |inner| {
        let joined = |operator: &'static str| {
            move |parts: Vec<Written>| {
                let join = |of: fn(&Written) -> &str| {
                    parts.iter().map(|part| format!("({})", of(part))).collect::<Vec<_>>().join(operator)
                };
                Written { ours: join(|part| &part.ours), cel: join(|part| &part.cel) }
            }
        };
        prop_oneof![
            inner
                .clone()
                .prop_map(|part| Written { ours: format!("!({})", part.ours), cel: format!("!({})", part.cel) }),
            prop::collection::vec(inner.clone(), 2..4).prop_map(joined(" && ")),
            prop::collection::vec(inner, 2..4).prop_map(joined(" || ")),
        ]
    })
}

fn frame(facts: &Facts) -> Frame<'static> {
    let mut frame = Frame::given();
    for (name, value) in &facts.0 {
        assert!(frame.give(name, value.clone()), "{name}");
    }
    frame
}

fn lists() -> (Catalogue, Vec<List>) {
    let lists = vec![
        List { name: "near".into(), members: Members::Countries(vec!["GB".parse().unwrap(), "IE".parse().unwrap()]) },
        List { name: "systems".into(), members: Members::Asns(vec![1, 3]) },
        List {
            name: "ranges".into(),
            members: Members::Ranges([(44, ()), (99_899, ())].into_iter().fold(
                crate::lists::Ranges::default(),
                |mut ranges, (digits, ())| {
                    ranges.insert(crate::domain::Range::new(digits), ());
                    ranges
                },
            )),
        },
        List { name: "tools".into(), members: Members::Agents(vec!["python-requests".into()]) },
    ];
    let named = lists.iter().map(|list| (Arc::clone(&list.name), list.kind())).collect();
    (Catalogue { lists: named, limits: None, endpoints: None }, lists)
}

fn holds(text: &str, frame: Frame<'_>, counts: &[(&str, u32)]) -> bool {
    let (catalogue, lists) = lists();
    let expression = Expression::parse_with(text, &RULES, &catalogue).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shared = Conditions::new([&expression], lists);
    let condition = shared.lower(&expression);
    let mut frame = shared.numbered(frame);
    for (limit, count) in counts {
        let place = shared.counts().iter().position(|known| **known == **limit).unwrap();
        frame.give_count(place, *count);
    }
    let native = condition.holds(&shared, &frame);
    assert_eq!(native, condition.holds_as_written(&shared, &frame), "{text}");
    native
}

#[test]
fn lists_and_counts_have_their_say() {
    let with = |facts: &[(&'static str, Value<'static>)]| frame(&Facts(facts.to_vec()));
    let country = |text: &'static str| with(&[("phone.country", Value::Text(text.into()))]);
    assert!(holds("phone.country in lists.near", country("IE"), &[]));
    assert!(!holds("phone.country in lists.near", country("UZ"), &[]));
    assert!(!holds("phone.country in lists.near", with(&[]), &[]), "what is missing is in no list");
    assert!(holds("!(phone.country in lists.near)", with(&[]), &[]));
    assert!(holds("ip.asn in lists.systems", with(&[("ip.asn", Value::Int(3))]), &[]));
    assert!(!holds("ip.asn in lists.systems", with(&[("ip.asn", Value::Int(-1))]), &[]));
    let range = |text: &'static str| with(&[("phone.range", Value::Text(text.into()))]);
    assert!(holds("phone.range in lists.ranges", range("+44740241"), &[]));
    assert!(!holds("phone.range in lists.ranges", range("+4974"), &[]));
    assert!(holds("agent in lists.tools", with(&[("agent", Value::Text("python-requests urllib".into()))]), &[]));
    for (text, counts, wanted) in [
        ("count(\"a\") >= 2", &[("a", 2)][..], true),
        ("count(\"a\") >= 2", &[], false),
        ("!has(count(\"a\"))", &[], true),
        ("count(\"a\") > count(\"b\")", &[("a", 2), ("b", 1)], true),
        ("count(\"a\") in [1, 2]", &[], false),
    ] {
        let text = text.to_owned();
        assert_eq!(holds(&text, with(&[]), counts), wanted, "{text}");
    }
}

#[test]
fn every_kind_of_list_is_asked_by_names_that_there_are() {
    for kind in ListKind::ALL {
        assert!(kind.asked_by().iter().all(|name| RULES.entry(name).is_some()), "{}", kind.name());
        assert!(kind.doc().ends_with('.'));
    }
}

proptest! {
    #[test]
    fn the_lowered_condition_agrees_with_the_checked_one(facts in facts(), written in condition()) {
        holds(&written.ours, frame(&facts), &[]);
    }
}

/// What the `cel` crate makes of a condition over the facts that are there.
fn by_cel(text: &str, facts: &Facts) -> bool {
    let there = facts.0.iter().map(|(name, value)| {
        let value = match value {
            Value::Bool(value) => cel::Value::Bool(*value),
            Value::Int(value) => cel::Value::Int(*value),
            Value::Float(value) => cel::Value::Float(*value),
            Value::Text(value) => cel::Value::String(Arc::new(value.to_string())),
            other => panic!("{other:?}"),
        };
        (name.replace('.', "_"), value)
    });
    let there: std::collections::HashMap<String, cel::Value> = there.collect();
    let mut context = cel::Context::default();
    context.add_variable_from_value("f", cel::Value::Map(there.into()));
    let program = cel::Program::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    match program.execute(&context) {
        Ok(cel::Value::Bool(value)) => value,
        other => panic!("{text}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
    /// A relation that reads what isn't there is false with us; CEL, where that is an error, is asked with `has()`.
    #[test]
    fn conditions_mean_what_they_mean_in_cel(facts in facts(), written in condition()) {
        prop_assert_eq!(holds(&written.ours, frame(&facts), &[]), by_cel(&written.cel, &facts), "{:?}", written);
    }
}
