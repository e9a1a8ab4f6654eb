//! A condition, from its text to its answer.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::check::check;
use super::parser::parse;
use super::tree::{Kind, Node};
use super::{Catalogue, ExpressionError, Names, Value, Vocabulary};

/// A condition that parsed and type-checked. Cheap to clone.
///
/// ```
/// use sendwall::rules::{EXCHANGE, Expression};
///
/// let sent_if = Expression::parse("status < 400", &EXCHANGE)?;
/// assert!(sent_if.uses("status"));
/// let misspelt = Expression::parse("stauts < 400", &EXCHANGE).unwrap_err();
/// assert!(misspelt.to_string().ends_with("did you mean `status`?"));
/// # Ok::<(), sendwall::rules::ExpressionError>(())
/// ```
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    root: Arc<Node>,
}

/// One part of a condition with what it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step<'a> {
    /// The part as it is written.
    pub text: &'a str,
    /// Its value; a text that may identify a person is replaced by its length.
    pub value: Value<'static>,
}

impl Expression {
    /// Reads and checks a text of at most 4 KiB. The error is the first fault.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, ExpressionError> {
        Self::parse_with(text, vocabulary, &Catalogue::default())
    }

    /// [`Self::parse`] for a text that may name lists and limits.
    pub fn parse_with(text: &str, vocabulary: &Vocabulary, catalogue: &Catalogue) -> Result<Self, ExpressionError> {
        let root = check(parse(text)?, vocabulary, catalogue)?;
        Ok(Self { text: text.into(), root: Arc::new(root) })
    }

    /// As the operator wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is true for these values.
    pub fn holds(&self, names: &dyn Names) -> bool {
        self.root.holds(names)
    }

    /// Whether it is true whatever a name is, with its argument, that `doubtful` says yes to; `None` where it hangs on that.
    pub fn holds_whatever(&self, names: &dyn Names, doubtful: &dyn Fn(&str, Option<&str>) -> bool) -> Option<bool> {
        self.root.holds_whatever(doubtful, names)
    }

    /// Whether it reads that name, be it a function's: `uses("json")`.
    pub fn uses(&self, name: &str) -> bool {
        self.reads(|read, _| read == name)
    }

    /// Whether it reads a name, with its argument, that `wanted` says yes to.
    pub fn reads(&self, wanted: impl Fn(&str, Option<&str>) -> bool) -> bool {
        self.root.reads(&wanted)
    }

    /// Whether it asks whether `name` is in a list that has a name.
    pub fn asks_list(&self, name: &str) -> bool {
        self.root.asks_list(name)
    }

    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// Every part that isn't a literal with its value, outermost first. Unlike `holds` it looks at all of them.
    pub fn explain(&self, names: &dyn Names) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        self.explain_node(&self.root, names, &mut steps);
        steps
    }

    fn explain_node<'a>(&'a self, node: &'a Node, names: &dyn Names, steps: &mut Vec<Step<'a>>) {
        let text = self.text.get(node.span.clone()).unwrap_or_default();
        let value = match (&node.kind, node.value(names)) {
            (Kind::Literal(_), _) => return,
            (Kind::Name(reference), Value::Text(value)) if reference.entry.private => {
                Value::Text(Cow::Owned(format!("({} bytes)", value.len())))
            }
            (_, value) => value.into_owned(),
        };
        steps.push(Step { text, value });
        match &node.kind {
            Kind::Literal(_) | Kind::Name(_) | Kind::Has(_) | Kind::InList(..) => {}
            Kind::Not(inner) | Kind::In(inner, _) => self.explain_node(inner, names, steps),
            Kind::All(parts) | Kind::Any(parts) => {
                for part in parts {
                    self.explain_node(part, names, steps);
                }
            }
            Kind::Compare(_, left, right) | Kind::Method(_, left, right) => {
                self.explain_node(left, names, steps);
                self.explain_node(right, names, steps);
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
