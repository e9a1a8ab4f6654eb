//! The small language of conditions: text to a checked tree, evaluated over named values.
//!
//! Must not know: where the values come from.

use std::borrow::Cow;
use std::sync::Arc;

/// A condition that parsed and type-checked.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As the operator wrote it.
    pub text: Arc<str>,
}

/// What a name stands for in one evaluation.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// There is no such thing here. Comparing with it is false, never an error.
    Missing,
    /// JSON null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
}

/// Gives the values of names. `name` is one of the vocabulary's, `argument` the text between its parentheses.
pub trait Names {
    /// The value of `name`, or of `name("argument")`.
    fn value(&self, name: &'static str, argument: Option<&str>) -> Value<'_>;
}
