//! What a name stands for in one evaluation, and how two such values compare.

use std::borrow::Cow;
use std::cmp::Ordering;

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
    /// A JSON object or list: it is there, and equal to nothing that can be written.
    Composite,
}

/// Gives the values of names. `name` is one of the vocabulary's, `argument` the text between its parentheses.
pub trait Names {
    /// The value of `name`, or of `name("argument")`.
    fn value(&self, name: &'static str, argument: Option<&str>) -> Value<'_>;

    /// Whether the value of `name` is in a list; where there are no lists, it is in none.
    fn is_in(&self, _name: &'static str, _list: &str) -> bool {
        false
    }
}

impl Value<'_> {
    /// Whether it is the truth value true. Everything else is not, also what is missing.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Equality; `None` where either is missing.
    pub(super) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Missing, _) | (_, Self::Missing) => None,
            (Self::Null, Self::Null) => Some(true),
            (Self::Bool(a), Self::Bool(b)) => Some(a == b),
            _ => Some(self.order(other) == Some(Ordering::Equal)),
        }
    }

    /// Order of two numbers or two texts (by code points); `None` for anything else.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Float(b)) => int_with_float(*a, *b),
            (Self::Float(a), Self::Int(b)) => int_with_float(*b, *a).map(Ordering::reverse),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The same value, without what it borrows.
    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Missing => Value::Missing,
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(v),
            Self::Int(v) => Value::Int(v),
            Self::Float(v) => Value::Float(v),
            Self::Text(v) => Value::Text(Cow::Owned(v.into_owned())),
            Self::Composite => Value::Composite,
        }
    }
}

/// Exact for every pair: turning the whole number into a float would make `2^53 + 1` equal to `2^53`.
#[expect(clippy::cast_possible_truncation, reason = "the value was just found to be within i64")]
fn int_with_float(int: i64, float: f64) -> Option<Ordering> {
    const TWO_TO_63: f64 = 9_223_372_036_854_776_000.0; // the shortest decimal that is read as 2^63
    if float.is_nan() {
        None
    } else if float >= TWO_TO_63 {
        Some(Ordering::Less)
    } else if float < -TWO_TO_63 {
        Some(Ordering::Greater)
    } else {
        let whole = float.trunc();
        Some(int.cmp(&(whole as i64)).then_with(|| whole.total_cmp(&float)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_other_numbers_compare_exactly() {
        let cases = [
            (1, 1.0, Some(Ordering::Equal)),
            (1, 1.5, Some(Ordering::Less)),
            (2, 1.5, Some(Ordering::Greater)),
            (-1, -1.5, Some(Ordering::Greater)),
            (-2, -1.5, Some(Ordering::Less)),
            (0, -0.0, Some(Ordering::Equal)),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Some(Ordering::Greater)),
            (i64::MAX, 9_223_372_036_854_776_000.0, Some(Ordering::Less)),
            (i64::MIN, -9_223_372_036_854_776_000.0, Some(Ordering::Equal)),
            (0, f64::INFINITY, Some(Ordering::Less)),
            (0, f64::NEG_INFINITY, Some(Ordering::Greater)),
            (0, f64::NAN, None),
        ];
        for (int, float, order) in cases {
            assert_eq!(Value::Int(int).order(&Value::Float(float)), order, "{int} {float}");
            assert_eq!(Value::Float(float).order(&Value::Int(int)), order.map(Ordering::reverse), "{float} {int}");
        }
    }
}
