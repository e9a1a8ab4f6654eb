//! The language as a whole: values and messages as data, and nothing that panics or recurses without bound.

use std::fmt::Write as _;

use expect_test::expect_file;
use proptest::prelude::*;

use super::super::{EXCHANGE, Entry, FACTS, REQUEST, RULES};
use super::*;

/// The exchange that `values.txt` is about.
struct Sample(serde_json::Value);

impl Sample {
    fn new() -> Self {
        Self(
            serde_json::from_str(
                r#"{"ok": true, "code": 0, "ratio": 0.5, "big": 9007199254740993, "channel": "sms", "gone": null,
                    "list": [1], "no": false, "empty": "", "deep": {"a b": "x"}}"#,
            )
            .unwrap(),
        )
    }
}

impl Names for Sample {
    fn value(&self, name: &'static str, argument: Option<&str>) -> Value<'_> {
        match (name, argument) {
            ("status", None) => Value::Int(200),
            ("header", Some("x-app")) => Value::Text("Shop/2.1".into()),
            ("json", Some(pointer)) => match self.0.pointer(pointer) {
                None => Value::Missing,
                Some(serde_json::Value::Null) => Value::Null,
                Some(serde_json::Value::Bool(v)) => Value::Bool(*v),
                Some(serde_json::Value::String(v)) => Value::Text(v.into()),
                Some(serde_json::Value::Number(v)) => {
                    v.as_i64().map_or_else(|| Value::Float(v.as_f64().unwrap()), Value::Int)
                }
                Some(_) => Value::Composite,
            },
            _ => Value::Missing,
        }
    }
}

fn cases(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("    "))
}

#[test]
fn conditions_have_the_values_of_the_table() {
    let mut count = 0;
    for line in cases(include_str!("../../tests/cases/rules/values.txt")) {
        let (wanted, text) = line.split_once("  ").unwrap();
        let expression = Expression::parse(text, &EXCHANGE).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(expression.holds(&Sample::new()).to_string(), wanted, "{text}");
        count += 1;
    }
    assert!(count > 80, "{count}");
}

#[test]
fn what_hangs_on_an_unknown_value_is_undecided() {
    for (text, wanted) in [
        ("status < 400", Some(true)),
        ("json(\"/ok\") == true", None),
        ("json(\"/ok\") == json(\"/ok\")", None),
        ("!(json(\"/ok\") == true)", None),
        ("json(\"/ok\") in [true, 1]", None),
        ("json(\"/channel\").contains(\"s\")", None),
        ("has(json(\"/none\"))", None),
        ("json(\"/ok\")", None),
        ("status == 200 && json(\"/ok\") == false", None),
        ("json(\"/ok\") == false && status == 201", Some(false)),
        ("json(\"/ok\") == false || status == 200", Some(true)),
        ("status == 201 || json(\"/ok\") == false", None),
        ("!(status == 200 && json(\"/ok\") == false) && status == 200", None),
        ("!(status == 201 && json(\"/ok\") == false)", Some(true)),
        ("header(\"x-app\").contains(\"Shop\") && !has(header(\"x-none\"))", Some(true)),
    ] {
        let expression = Expression::parse(text, &EXCHANGE).unwrap();
        assert_eq!(expression.holds_whatever(&Sample::new(), &|name, _| name == "json"), wanted, "{text}");
    }
}

#[test]
fn faults_are_told_as_in_the_table() {
    let table = include_str!("../../tests/cases/rules/errors.txt");
    let mut told = String::new();
    for line in table.lines().filter(|line| !line.starts_with("    ")) {
        writeln!(told, "{line}").unwrap();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (vocabulary, text) = match line.split_once(": ") {
            Some(("facts", text)) => (&FACTS, text),
            Some(("request", text)) => (&REQUEST, text),
            Some(("rule", text)) => (&RULES, text),
            _ => (&EXCHANGE, line),
        };
        match Expression::parse(text, vocabulary) {
            Err(error) => writeln!(told, "    {error}").unwrap(),
            Ok(_) => writeln!(told, "    (no fault)").unwrap(),
        }
    }
    expect_file!["../../tests/cases/rules/errors.txt"].assert_eq(&told);
}

#[test]
fn nesting_and_length_have_a_cap() {
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}status == 200{}", open.repeat(depth), close.repeat(depth));
    assert!(Expression::parse(&nested("(", ")", 60), &EXCHANGE).is_ok());
    for text in [
        nested("(", ")", 65),
        nested("(", ")", 2_000),
        nested("!(", ")", 1_300),
        "!".repeat(4_000),
        "[".repeat(4_000),
        format!("status{}", " == 1".repeat(800)),
        format!("json(\"/a\"){}", ".contains(\"\")".repeat(300)),
        "has(".repeat(1_000),
        format!("{}status == 1", " ".repeat(5_000)),
    ] {
        assert!(Expression::parse(&text, &EXCHANGE).is_err(), "{text}");
    }
    let long = format!("status == 201{}", " || status == 201".repeat(240));
    assert!(!Expression::parse(&long, &EXCHANGE).unwrap().holds(&Sample::new()), "a long chain is not deep");
}

#[test]
fn uses_and_text_and_explain() {
    let text = r#"status < 400 && (json("/ok") == true || !has(header("x-app"))) && header("x-app").contains("Shop")"#;
    let expression = Expression::parse(text, &EXCHANGE).unwrap();
    assert_eq!((expression.text(), expression.to_string().as_str()), (text, text));
    assert!(expression.uses("json") && expression.uses("header") && expression.uses("status"));
    assert!(!expression.uses("form"));
    let steps: String = expression.explain(&Sample::new()).iter().fold(String::new(), |mut all, step| {
        writeln!(all, "{} -> {:?}", step.text, step.value).unwrap();
        all
    });
    expect_test::expect![[r#"
        status < 400 && (json("/ok") == true || !has(header("x-app"))) && header("x-app").contains("Shop") -> Bool(true)
        status < 400 -> Bool(true)
        status -> Int(200)
        json("/ok") == true || !has(header("x-app")) -> Bool(true)
        json("/ok") == true -> Bool(true)
        json("/ok") -> Bool(true)
        !has(header("x-app")) -> Bool(false)
        has(header("x-app")) -> Bool(true)
        header("x-app").contains("Shop") -> Bool(true)
        header("x-app") -> Text("(8 bytes)")
    "#]]
    .assert_eq(&steps);
}

#[test]
fn every_name_is_documented_and_no_name_twice() {
    for vocabulary in [&REQUEST, &EXCHANGE, &FACTS] {
        for (index, Entry { name, doc, .. }) in vocabulary.entries.iter().enumerate() {
            assert!(doc.ends_with('.') && doc.len() < 120, "{name}");
            assert!(vocabulary.entries.iter().skip(index + 1).all(|other| other.name != *name), "{name}");
        }
    }
}

/// Pieces that make texts near to real ones; random characters alone seldom get past the lexer.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "status",
        "json(\"/ok\")",
        "header(\"a\")",
        "has(",
        "(",
        ")",
        "[",
        "]",
        ",",
        ".",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        "!",
        "-",
        "in",
        "1",
        "0x1f",
        "1.5e3",
        "true",
        "null",
        "'x'",
        "\"\\u00e9\"",
        ".startsWith(",
        "é",
        "\\",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

/// Well-typed conditions, with what they must come to.
fn truths() -> impl Strategy<Value = (String, bool)> {
    let leaf = prop_oneof![
        Just(("status == 200".to_owned(), true)),
        Just(("status < 200".to_owned(), false)),
        Just(("json(\"/none\") != 1".to_owned(), false)),
        Just(("json('/channel') in ['sms', \"voice\"]".to_owned(), true)),
        Just(("true".to_owned(), true)),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(text, value)| (format!("!({text})"), !value)),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| join(&parts, " && ", true)),
            prop::collection::vec(inner, 2..4).prop_map(|parts| join(&parts, "||", false)),
        ]
    })
}

fn join(parts: &[(String, bool)], operator: &str, all: bool) -> (String, bool) {
    let texts: Vec<_> = parts.iter().map(|(text, _)| format!("({text})")).collect();
    let value = if all { parts.iter().all(|(_, value)| *value) } else { parts.iter().any(|(_, value)| *value) };
    (texts.join(operator), value)
}

proptest! {
    #[test]
    fn no_text_panics(text in prop_oneof![any::<String>(), pieces()]) {
        match Expression::parse(&text, &EXCHANGE) {
            Ok(expression) => drop((expression.holds(&Sample::new()), expression.explain(&Sample::new()))),
            Err(error) => prop_assert!(error.column >= 1 && error.column <= text.len() + 1, "{error}"),
        }
    }

    #[test]
    fn random_trees_have_their_value((text, value) in truths()) {
        match Expression::parse(&text, &EXCHANGE) {
            Ok(expression) => prop_assert_eq!(expression.holds(&Sample::new()), value),
            Err(error) => prop_assert!(error.message.contains("deep") || text.len() > 4096, "{}: {}", text, error),
        }
    }
}
