//! What a name can ever be: a comparison with anything else is a slip, and one that never holds may switch a protection
//! off without a word.

use std::cmp::Ordering;
use std::net::IpAddr;

use ipnet::IpNet;

use super::check::joined;
use super::suggest::nearest;
use super::syntax::Comparison;
use super::tree::Kind;
use super::vocabulary::{Entry, Type, Values};
use super::{Catalogue, ExpressionError, Value};
use crate::numbering::Numbering;

/// Whether a comparison of a name with a literal, which stands at a byte, can ever hold; `!=` with what it never is says
/// nothing either.
pub(super) fn possible(
    name: &Kind,
    comparison: Comparison,
    (literal, at): (&Kind, usize),
    catalogue: &Catalogue,
) -> Result<(), ExpressionError> {
    match (name, literal) {
        (Kind::Name(reference), Kind::Literal(literal)) => {
            compared(reference.entry, comparison, (literal, at), catalogue)
        }
        _ => Ok(()),
    }
}

/// Whether the text of a name can have a literal in it, at its beginning or at its end.
pub(super) fn possible_part(name: &Kind, (literal, at): (&Kind, usize)) -> Result<(), ExpressionError> {
    match (name, literal) {
        (Kind::Name(reference), Kind::Literal(Value::Text(text))) if reference.entry.values == Values::Agent => {
            agent(text, at)
        }
        _ => Ok(()),
    }
}

/// Whether a name can ever have a value. An error says what was probably meant; its column says nothing.
pub fn possible_value(entry: &Entry, value: &Value<'_>, catalogue: &Catalogue) -> Result<(), ExpressionError> {
    compared(entry, Comparison::Equal, (value, 0), catalogue)
}

/// Whether a text can be a part of a user agent as it is kept; its column says nothing.
pub fn possible_agent(part: &str) -> Result<(), ExpressionError> {
    agent(part, 0)
}

fn compared(
    entry: &Entry,
    comparison: Comparison,
    (literal, at): (&Value<'_>, usize),
    catalogue: &Catalogue,
) -> Result<(), ExpressionError> {
    match (entry.values, literal) {
        (Values::Within(from, to), Value::Int(_) | Value::Float(_)) => {
            number(entry, (from, to), comparison, literal, at)
        }
        (_, Value::Text(text)) if !comparison.is_order() => self::text(entry, text, at, catalogue),
        _ => Ok(()),
    }
}

fn number(
    entry: &Entry,
    (from, to): (i64, i64),
    comparison: Comparison,
    literal: &Value<'_>,
    at: usize,
) -> Result<(), ExpressionError> {
    let (Some(least), Some(most)) = (literal.order(&Value::Int(from)), literal.order(&Value::Int(to))) else {
        return Ok(());
    };
    let (said, number) = match literal {
        Value::Float(number) => (number.to_string(), *number),
        Value::Int(number) => (number.to_string(), 0.0),
        _ => return Ok(()),
    };
    let is_whole = entry.ty != Type::Int || number.fract() == 0.0;
    let (holds, said) = match comparison {
        Comparison::Equal | Comparison::NotEqual => {
            (least != Ordering::Less && most != Ordering::Greater && is_whole, said)
        }
        Comparison::Less => (least == Ordering::Greater, format!("less than {said}")),
        Comparison::LessOrEqual => (least != Ordering::Less, format!("{said} or less")),
        Comparison::Greater => (most == Ordering::Less, format!("more than {said}")),
        Comparison::GreaterOrEqual => (most != Ordering::Greater, format!("{said} or more")),
    };
    if holds {
        return Ok(());
    }
    let error = ExpressionError::at(at, format!("`{}` is never {said}", entry.name));
    Err(error.hint(format!("it is {} from {from} to {to}", entry.ty.describe())))
}

fn text(entry: &Entry, text: &str, at: usize, catalogue: &Catalogue) -> Result<(), ExpressionError> {
    let error = ExpressionError::at(at, format!("`{}` is never {text:?}", entry.name));
    let meant = |near: String| format!("did you mean {near:?}?");
    match entry.values {
        Values::Any | Values::Within(..) => Ok(()),
        Values::Address => match (text.parse::<IpAddr>(), text.contains('/')) {
            (Ok(address), _) if address.to_canonical().to_string() == text => Ok(()),
            (Ok(address), _) => Err(error.hint(meant(address.to_canonical().to_string()))),
            (Err(_), true) => Err(error.hint("that is a network; put it into a [[list]]: ip in lists.office")),
            (Err(_), false) => Err(error.hint("write an address, such as \"203.0.113.9\" or \"2001:db8::9\"")),
        },
        Values::Network => match network_around(text) {
            Some(network) if network.to_string() == text => Ok(()),
            Some(network) => Err(error.hint(meant(network.to_string()))),
            None => Err(error.hint("it is an IPv4 /24 or an IPv6 /48; put others into a [[list]]: ip in lists.office")),
        },
        Values::Country => {
            let numbering = Numbering::default();
            let of_addresses = numbering.country_of_addresses(text);
            let known = if entry.name == "ip.country" { of_addresses } else { numbering.country(text) };
            match known {
                Some(country) if country.as_str() == text => Ok(()),
                Some(country) => Err(error.hint(meant(country.to_string()))),
                None if text.eq_ignore_ascii_case("UK") => Err(error.hint("the United Kingdom is \"GB\"")),
                None if of_addresses.is_some_and(|country| country.as_str() == text) => {
                    Err(error.hint("nobody has a number of that country"))
                }
                None => Err(error.hint("a country is two capital letters of ISO 3166, such as \"GB\"")),
            }
        }
        Values::Endpoint => {
            let Some(known) = &catalogue.endpoints else { return Ok(()) };
            let known = || known.iter().map(|name| &**name);
            if known().any(|name| name == text) {
                return Ok(());
            }
            Err(match nearest(text, known()) {
                Some(near) => error.hint(meant(near.to_owned())),
                None => error.hint(format!("the endpoints are {}", joined(known().map(|name| format!("{name:?}"))))),
            })
        }
        Values::Range => range(text, at),
        Values::Agent => agent(text, at),
        Values::OneOf(known) if known.contains(&text) => Ok(()),
        Values::OneOf(known) => Err(match (begun(text, known), nearest(text, known.iter().copied())) {
            (begun, _) if !begun.is_empty() => error.hint(format!("did you mean {begun}?")),
            (_, Some(near)) => error.hint(meant(near.to_owned())),
            (_, None) => error.hint(format!("it is one of {}", joined(known.iter().map(|value| format!("{value:?}"))))),
        }),
    }
}

/// The values of which a text is the first word.
fn begun(text: &str, known: &[&str]) -> String {
    let is_begun = |value: &&&str| value.strip_prefix(text).is_some_and(|rest| rest.starts_with('_'));
    joined(known.iter().filter(is_begun).map(|value| format!("{value:?}")))
}

/// E.164 has at most 15 digits, four of which a range lacks. What may be somebody's whole number isn't repeated.
fn range(text: &str, at: usize) -> Result<(), ExpressionError> {
    let digits = text.strip_prefix('+').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match digits {
        Some(digits) if (1..=11).contains(&digits.len()) && !digits.starts_with('0') => Ok(()),
        Some(digits) if digits.len() > 11 => {
            let error = ExpressionError::at(at, "`phone.range` is never a whole number").private();
            Err(error.hint("it lacks the last four digits; put whole ones into a [[list]]: phone in lists.vip"))
        }
        _ => {
            let error = ExpressionError::at(at, format!("`phone.range` is never {text:?}"));
            Err(error.hint("it is + and a number less its last four digits, such as \"+44740241\""))
        }
    }
}

/// What follows a slash, digits, and what isn't printable ASCII are left out of agents.
fn agent(text: &str, at: usize) -> Result<(), ExpressionError> {
    let is_left_out = |c: char| c == '/' || c.is_ascii_digit() || !(c.is_ascii_graphic() || c == ' ');
    let Some(first) = text.find(is_left_out) else { return Ok(()) };
    let error = ExpressionError::at(at, format!("no agent has {text:?} in it: they are kept without versions"));
    Err(match text.split_at(first).0.trim() {
        "" => error.hint("write the program's name alone, without digits and slashes"),
        rest => error.hint(format!("did you mean {rest:?}?")),
    })
}

/// The network, as `network` is one, that an address or a network lies in.
fn network_around(text: &str) -> Option<IpNet> {
    let written = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    let length = if written.addr().is_ipv4() { 24 } else { 48 };
    let network = IpNet::new(written.addr(), length).ok().filter(|_| written.prefix_len() >= length)?;
    Some(network.trunc())
}
