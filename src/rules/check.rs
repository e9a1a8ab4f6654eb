//! Names and types: what was written becomes a [`Node`], or an error that says what was probably meant.

use std::borrow::Cow;
use std::sync::Arc;

use super::possible::{possible, possible_part};
use super::suggest::nearest;
use super::syntax::{Comparison, Kind as Written, Literal, Syntax};
use super::tree::{Kind, Method, Node, Reference};
use super::vocabulary::{Argument, Entry, EntryKind, Type, Values, Vocabulary};
use super::{Catalogue, ExpressionError, ListKind, Value};

/// Checks a whole condition: it must be true or false.
pub(super) fn check(root: Syntax, vocabulary: &Vocabulary, catalogue: &Catalogue) -> Result<Node, ExpressionError> {
    Checker { vocabulary, catalogue }.truth(root)
}

struct Checker<'v> {
    vocabulary: &'v Vocabulary,
    catalogue: &'v Catalogue,
}

impl Checker<'_> {
    fn truth(&self, written: Syntax) -> Result<Node, ExpressionError> {
        let at = written.span.start;
        let (node, ty) = self.typed(written)?;
        match ty {
            Type::Bool | Type::Any => Ok(node),
            Type::Null | Type::Int | Type::Float | Type::Text | Type::Phone => {
                let error = ExpressionError::at(at, format!("this is {}, not a condition", ty.describe()));
                Err(error.hint("compare it with something, or ask has(..)"))
            }
        }
    }

    fn truths(&self, parts: Vec<Syntax>) -> Result<Vec<Node>, ExpressionError> {
        parts.into_iter().map(|part| self.truth(part)).collect()
    }

    fn typed(&self, written: Syntax) -> Result<(Node, Type), ExpressionError> {
        let span = written.span;
        let at = span.start;
        let (kind, ty) = match written.kind {
            Written::Literal(literal) => literal_value(literal),
            Written::Name(name) => {
                let reference = self.variable(&name, at)?;
                let ty = reference.entry.ty;
                (Kind::Name(reference), ty)
            }
            Written::Call(name, arguments) if name == "has" => (Kind::Has(self.asked_for(arguments, at)?), Type::Bool),
            Written::Call(name, arguments) => {
                let reference = self.function(&name, arguments, at)?;
                let ty = reference.entry.ty;
                (Kind::Name(reference), ty)
            }
            Written::Method(receiver, name, arguments) => (self.method(*receiver, &name, arguments)?, Type::Bool),
            Written::Not(inner) => (Kind::Not(self.truth(*inner)?.into()), Type::Bool),
            Written::All(parts) => (Kind::All(self.truths(parts)?), Type::Bool),
            Written::Any(parts) => (Kind::Any(self.truths(parts)?), Type::Bool),
            Written::Compare(comparison, left, right) => (self.comparison(comparison, *left, *right)?, Type::Bool),
            Written::In(left, right) => (self.membership(*left, *right)?, Type::Bool),
            Written::List(_) => {
                return Err(ExpressionError::at(at, "a list stands after `in` only").hint("x in [1, 2]"));
            }
        };
        Ok((Node { kind, span }, ty))
    }

    fn comparison(&self, comparison: Comparison, left: Syntax, right: Syntax) -> Result<Kind, ExpressionError> {
        let (at, right_at) = (left.span.start, right.span.start);
        let (left, left_ty) = self.typed(left)?;
        let (right, right_ty) = self.typed(right)?;
        comparable(left_ty, right_ty, at)?;
        possible(&left.kind, comparison, (&right.kind, right_at), self.catalogue)?;
        possible(&right.kind, comparison.turned(), (&left.kind, at), self.catalogue)?;
        if comparison.is_order()
            && let Some(unordered) =
                [left_ty, right_ty].into_iter().find(|ty| matches!(ty, Type::Bool | Type::Null | Type::Phone))
        {
            let message = format!("{} is neither smaller nor larger than anything", unordered.describe());
            return Err(ExpressionError::at(at, message).hint("use == or !="));
        }
        Ok(Kind::Compare(comparison, left.into(), right.into()))
    }

    fn membership(&self, left: Syntax, right: Syntax) -> Result<Kind, ExpressionError> {
        let at = right.span.start;
        let left_at = left.span.start;
        let (left, left_ty) = self.typed(left)?;
        let items = match right.kind {
            Written::List(items) => items,
            Written::Name(name) if name.starts_with("lists.") => {
                return self.membership_by_name((left, left_at), name.trim_start_matches("lists."), at);
            }
            _ => return Err(ExpressionError::at(at, "after `in` stands a list").hint("x in [\"GB\", \"IE\"]")),
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let at = item.span.start;
            let Written::Literal(literal) = item.kind else {
                return Err(ExpressionError::at(at, "a list holds literal values only").hint("write text in quotes"));
            };
            let (kind, ty) = literal_value(literal);
            comparable(left_ty, ty, at)?;
            possible(&left.kind, Comparison::Equal, (&kind, at), self.catalogue)?;
            if let Kind::Literal(value) = kind {
                values.push(value);
            }
        }
        Ok(Kind::In(left.into(), values))
    }

    /// `ip in lists.office`
    fn membership_by_name(
        &self,
        (left, left_at): (Node, usize),
        name: &str,
        at: usize,
    ) -> Result<Kind, ExpressionError> {
        let known = &self.catalogue.lists;
        let Some((name, kind)) = self.catalogue.list(name) else {
            let error = ExpressionError::at(at, format!("there is no list `{name}`"));
            return Err(match nearest(name, known.iter().map(|(name, _)| &**name)) {
                Some(near) => error.hint(format!("did you mean `lists.{near}`?")),
                None if known.is_empty() => error.hint("a list is made by a table [[list]]; none is here"),
                None => {
                    error.hint(format!("there are {}", joined(known.iter().map(|(name, _)| format!("lists.{name}")))))
                }
            });
        };
        let asked_by = kind.asked_by();
        let asks = |reference: &Reference| {
            let entry = reference.entry;
            let is_text = entry.ty == Type::Text && !kind_of_its_own(entry) && reference.argument.is_none();
            asked_by.contains(&entry.name) || (asked_by.is_empty() && is_text)
        };
        match left.kind {
            Kind::Name(reference) if asks(&reference) => Ok(Kind::InList(reference, Arc::clone(name))),
            left => {
                let error = ExpressionError::at(left_at, format!("`lists.{name}` holds {}", kind.name()));
                Err(error.hint(match (asked_by, left) {
                    ([], Kind::Name(Reference { entry, .. })) if kind_of_its_own(entry) => {
                        let own = ListKind::ALL.iter().find(|kind| kind.asked_by().contains(&entry.name));
                        format!(
                            "`{}` is asked of a list of kind = {:?}",
                            entry.name,
                            own.map_or("", |kind| kind.name())
                        )
                    }
                    ([], _) => format!("ask it for a text, such as agent in lists.{name}"),
                    (names, _) => format!(
                        "write {}",
                        joined_by(names.iter().map(|asks| format!("{asks} in lists.{name}")), " or ")
                    ),
                }))
            }
        }
    }

    fn method(&self, receiver: Syntax, name: &str, arguments: Vec<Syntax>) -> Result<Kind, ExpressionError> {
        let at = receiver.span.start;
        let Some((_, method)) = Method::NAMES.into_iter().find(|(known, _)| *known == name) else {
            let error = ExpressionError::at(receiver.span.end, format!("there is no `.{name}()`"));
            return Err(match nearest(name, Method::NAMES.map(|(known, _)| known)) {
                Some(known) => error.hint(format!("did you mean `.{known}()`?")),
                None => error.hint("known are .startsWith(), .endsWith() and .contains()"),
            });
        };
        let (receiver, ty) = self.typed(receiver)?;
        if !matches!(ty, Type::Text | Type::Any) {
            return Err(ExpressionError::at(at, format!("`.{name}()` asks a text, this is {}", ty.describe())));
        }
        let argument =
            single(arguments).ok_or_else(|| ExpressionError::at(at, format!("`.{name}()` takes one text")))?;
        let argument_at = argument.span.start;
        let (argument, ty) = self.typed(argument)?;
        if !matches!(ty, Type::Text | Type::Any) {
            let message = format!("`.{name}()` takes one text, this is {}", ty.describe());
            return Err(ExpressionError::at(argument_at, message));
        }
        possible_part(&receiver.kind, (&argument.kind, argument_at))?;
        Ok(Kind::Method(method, receiver.into(), argument.into()))
    }

    fn asked_for(&self, arguments: Vec<Syntax>, at: usize) -> Result<Reference, ExpressionError> {
        let argument = single(arguments);
        match argument.map(|argument| (argument.span.start, argument.kind)) {
            Some((at, Written::Name(name))) => self.variable(&name, at),
            Some((at, Written::Call(name, arguments))) if name != "has" => self.function(&name, arguments, at),
            _ => Err(ExpressionError::at(at, "has() takes one name").hint("has(phone.country), has(json(\"/id\"))")),
        }
    }

    fn variable(&self, name: &str, at: usize) -> Result<Reference, ExpressionError> {
        let entry = self.vocabulary.entry(name).ok_or_else(|| self.unknown(name, at))?;
        match entry.kind {
            EntryKind::Variable => Ok(Reference { entry, argument: None }),
            EntryKind::Function(argument) => {
                let message = format!("`{name}` needs to be told which");
                Err(ExpressionError::at(at, message).hint(example(name, argument)))
            }
        }
    }

    fn function(&self, name: &str, arguments: Vec<Syntax>, at: usize) -> Result<Reference, ExpressionError> {
        let entry = self.vocabulary.entry(name).ok_or_else(|| self.unknown(name, at))?;
        let EntryKind::Function(wanted) = entry.kind else {
            return Err(ExpressionError::at(at, format!("`{name}` takes no argument")).hint(format!("write {name}")));
        };
        let bad = || ExpressionError::at(at, format!("`{name}` takes one text in quotes")).hint(example(name, wanted));
        let Some(Written::Literal(Literal::Text(text))) = single(arguments).map(|argument| argument.kind) else {
            return Err(bad());
        };
        if wanted == Argument::Limit {
            self.limit(name, &text, at)?;
        }
        let fits = match wanted {
            Argument::Limit => true,
            Argument::Name => !text.is_empty(),
            Argument::Pointer => text.is_empty() || text.starts_with('/'),
        };
        if fits {
            return Ok(Reference { entry, argument: Some(text.into()) });
        }
        Err(match wanted {
            Argument::Name | Argument::Limit => bad(),
            Argument::Pointer => ExpressionError::at(at, format!("{text:?} is not a JSON pointer"))
                .hint(format!("did you mean {name}(\"/{}\")?", text.replace('.', "/"))),
        })
    }

    /// A name that must be a limit's.
    fn limit(&self, function: &str, name: &str, at: usize) -> Result<(), ExpressionError> {
        let Some(limits) = &self.catalogue.limits else { return Ok(()) };
        let known = || limits.iter().map(|limit| &**limit);
        if known().any(|limit| limit == name) {
            return Ok(());
        }
        let error = ExpressionError::at(at, format!("there is no limit {name:?} on sends"));
        Err(match nearest(name, known()) {
            Some(near) => error.hint(format!("did you mean {function}({near:?})?")),
            None if limits.is_empty() => error.hint("a limit is made by a table [[limit]]"),
            None => error.hint(format!("there are {}", joined(known().map(|limit| format!("{limit:?}"))))),
        })
    }

    fn unknown(&self, name: &str, at: usize) -> ExpressionError {
        let error = ExpressionError::at(at, format!("`{name}` is not known for {}", self.vocabulary.about));
        if name.starts_with("lists.") {
            return error.hint(format!("a list stands after `in`, such as ip in {name}"));
        }
        match self.vocabulary.nearest(name) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint(format!("known are {}; text stands in quotes", self.vocabulary.names())),
        }
    }
}

fn example(name: &str, argument: Argument) -> String {
    match argument {
        Argument::Name => format!("such as {name}(\"x\")"),
        Argument::Limit => format!("such as {name}(\"phone-60s\")"),
        Argument::Pointer => format!("such as {name}(\"/ok\")"),
    }
}

/// Whether lists are asked for what it is, not for how it is written.
fn kind_of_its_own(entry: &Entry) -> bool {
    matches!(entry.values, Values::Address | Values::Range)
}

fn single(mut arguments: Vec<Syntax>) -> Option<Syntax> {
    if arguments.len() == 1 { arguments.pop() } else { None }
}

fn literal_value(literal: Literal) -> (Kind, Type) {
    let (value, ty) = match literal {
        Literal::Null => (Value::Null, Type::Null),
        Literal::Bool(value) => (Value::Bool(value), Type::Bool),
        Literal::Int(value) => (Value::Int(value), Type::Int),
        Literal::Float(value) => (Value::Float(value), Type::Float),
        Literal::Text(value) => (Value::Text(Cow::Owned(value)), Type::Text),
    };
    (Kind::Literal(value), ty)
}

pub(super) fn joined(names: impl Iterator<Item = String>) -> String {
    joined_by(names, ", ")
}

fn joined_by(names: impl Iterator<Item = String>, between: &str) -> String {
    names.collect::<Vec<_>>().join(between)
}

fn comparable(left: Type, right: Type, at: usize) -> Result<(), ExpressionError> {
    if left == right || left == Type::Any || right == Type::Any || (left.is_number() && right.is_number()) {
        return Ok(());
    }
    let message = format!("{} never equals {}", left.describe(), right.describe());
    let error = ExpressionError::at(at, message);
    Err(match (left, right) {
        (Type::Phone, _) | (_, Type::Phone) => error.hint("put phones into a [[list]] of numbers: phone in lists.vip"),
        (Type::Text, Type::Int | Type::Float) => error.hint("write the number in quotes"),
        (Type::Int | Type::Float, Type::Text) => error.hint("write the number without quotes"),
        (Type::Bool, Type::Text) | (Type::Text, Type::Bool) => error.hint("true and false are written without quotes"),
        (_, Type::Null) | (Type::Null, _) => error.hint("has(..) asks whether a value is there"),
        _ => error,
    })
}
