//! What each rule came to, as `explain` prints it.

use serde_json::{Value as Json, json};

use crate::rules::Value;
use crate::ruleset::{Told, ToldState};

/// A rule that wasn't asked is named; one that was has every part of its condition.
pub(super) fn shown(told: &Told) -> Json {
    let mut shown = json!({ "rule": told.rule, "then": told.action, "at": told.origin, "state": told.state.name() });
    if !matches!(told.state, ToldState::NotAsked | ToldState::Expired)
        && let Some(fields) = shown.as_object_mut()
    {
        let steps = told.steps.iter().map(|(text, value)| json!({ "part": text, "value": plain(value) }));
        fields.insert("when".to_owned(), steps.collect());
    }
    shown
}

fn plain(value: &Value<'_>) -> Json {
    match value {
        Value::Missing => json!("(missing)"),
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!((value * 1000.0).round() / 1000.0),
        Value::Text(value) => json!(value),
        Value::Composite => json!("(object or list)"),
    }
}
