//! Arguments that stand inside a GraphQL text: `mutation { sendCode(phone: "+44…", country: GB) }`, with the values of the
//! variables that fill them.
//!
//! Not a parser of the whole grammar: it takes every list of arguments, whatever surrounds it, which is more than an app
//! would read and never less. The arguments of each field stand under its name, so that of one field's that stands there
//! more than once, each counts: the app sends a code for each.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::nodes::{MAX_FIELDS, Name, Node, Nodes, Origin, Scalar};
use super::tokens::{Token, Tokens, is_of_name, malformed, without_ignored};
use crate::domain::Unreadable;

/// Deepest nesting of lists and objects that is read.
const MAX_DEPTH: u8 = 64;

/// Whether a value under this key may be a GraphQL document. (Go's apps take the key in any case.)
pub(super) fn is_one(key: &str, text: &str) -> bool {
    const KEYWORDS: [&str; 4] = ["query", "mutation", "subscription", "fragment"];
    let begins = |text: &str| {
        let word = text.split(|c| !is_of_name(c)).next().unwrap_or_default();
        text.starts_with(['{', '"']) || KEYWORDS.contains(&word)
    };
    let named =
        key.eq_ignore_ascii_case("mutation") || (key.eq_ignore_ascii_case("query") && begins(without_ignored(text)));
    named && text.contains('{') && text.contains('(') && text.contains(':')
}

/// Adds the arguments under the node that holds the text; `Malformed` where it isn't GraphQL.
pub(super) fn read(text: &str, under: u32, nodes: &mut Nodes<'_>) -> Result<(), Unreadable> {
    let beside = nodes.get(under).map(|node| node.parent);
    // An app may take the variables from beside the query, or from the top of the request's URL or body.
    let variables = (0..u32::try_from(nodes.list().len()).unwrap_or(u32::MAX)).filter(|node| {
        let parent = nodes.get(*node).filter(|inner| inner.parent != *node).map(|node| node.parent);
        parent.is_some_and(|parent| Some(parent) == beside || nodes.is_root(parent))
            && matches!(nodes.get(*node).map(|node| &node.name), Some(Name::Key(key)) if key.eq_ignore_ascii_case("variables"))
    });
    let variables = variables.collect();
    let reader =
        Reader { tokens: Tokens::new(text), ahead: None, nodes, under, variables, defaults: Vec::new(), uses: 0 };
    reader.document()
}

struct Reader<'t, 'n, 'a> {
    tokens: Tokens<'t>,
    /// A token that was looked at and not taken.
    ahead: Option<Token<'t>>,
    nodes: &'n mut Nodes<'a>,
    under: u32,
    /// The objects that may hold the variables' values.
    variables: Vec<u32>,
    defaults: Vec<(&'t str, u32)>,
    /// How often a variable was used or given a default.
    uses: usize,
}

impl<'t, 'a> Reader<'t, '_, 'a> {
    fn document(mut self) -> Result<(), Unreadable> {
        let (mut field, mut depth, mut in_fragment) = ("", 0_usize, false);
        let (mut spread, mut repeated, mut of_fragments) = (BTreeSet::new(), false, Vec::new());
        while let Some(token) = self.take()? {
            match token {
                Token::Name(name) => {
                    in_fragment |= depth == 0 && name == "fragment";
                    field = name;
                }
                Token::Spread => {
                    if let Some(Token::Name(name)) = self.peek()? {
                        repeated |= *name != "on" && !spread.insert(*name);
                    }
                }
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth = depth.checked_sub(1).ok_or_else(malformed)?;
                    in_fragment &= depth > 0;
                }
                Token::Sign('(') => {
                    let list = self.arguments(field, 0)?;
                    of_fragments.extend(list.filter(|_| in_fragment));
                }
                // A description, of which only a whole operation has one.
                Token::Text(_) if depth == 0 => {}
                Token::Text(_) | Token::Number(_) => return Err(malformed()),
                Token::Sign(_) => {}
            }
        }
        // A field in a fragment is asked for wherever that is spread.
        for list in of_fragments.into_iter().filter(|_| repeated) {
            if let Some(node) = self.nodes.get(list).cloned() {
                self.nodes.copy(list, node.parent, node.name)?;
            }
        }
        if depth == 0 { Ok(()) } else { Err(malformed()) }
    }

    /// Reads `name: value …)`, or the variables of an operation; gives the node of the list, if it has any values.
    fn arguments(&mut self, field: &str, depth: u8) -> Result<Option<u32>, Unreadable> {
        if depth >= MAX_DEPTH {
            return Err(malformed());
        }
        // With the bracket it is no name that says anything of what stands there.
        let name = Name::Key(Cow::Owned(format!("{field}()")));
        let list = self.push(self.under, name, Scalar::Object)?;
        loop {
            match self.need()? {
                Token::Sign(')') => break,
                Token::Sign('$') => self.definition(list, depth)?,
                Token::Sign('@') => {
                    let name = self.name()?;
                    if self.skip('(')? {
                        self.arguments(name, depth + 1)?;
                    }
                }
                Token::Name(name) => self.member(list, name, depth)?,
                _ => return Err(malformed()),
            }
        }
        let is_empty = self.nodes.list().len() <= list as usize + 1;
        if is_empty {
            self.nodes.truncate(list as usize);
        }
        Ok((!is_empty).then_some(list))
    }

    /// Reads `name: Type = default`. A default counts where the app may find no value.
    fn definition(&mut self, list: u32, depth: u8) -> Result<(), Unreadable> {
        let name = self.name()?;
        self.expect(':')?;
        while self.skip('[')? {}
        self.name()?;
        while self.skip(']')? || self.skip('!')? {}
        if !self.skip('=')? {
            return Ok(());
        }
        self.bound_uses()?;
        let before = self.nodes.list().len();
        self.value(list, Name::Key(Cow::Owned(name.to_owned())), depth + 1)?;
        let given = |variables: &u32| self.nodes.child(*variables, name).is_some();
        if !self.variables.is_empty() && self.variables.iter().all(given) {
            self.nodes.truncate(before);
        } else if self.nodes.list().len() > before {
            self.defaults.push((name, u32::try_from(before).unwrap_or(u32::MAX)));
        }
        Ok(())
    }

    fn member(&mut self, parent: u32, name: &str, depth: u8) -> Result<(), Unreadable> {
        self.expect(':')?;
        self.value(parent, Name::Key(Cow::Owned(name.to_owned())), depth + 1)
    }

    /// Reads a value to where it stands. Of words only those of two letters are kept, which may be a country.
    fn value(&mut self, parent: u32, name: Name<'a>, depth: u8) -> Result<(), Unreadable> {
        if depth >= MAX_DEPTH {
            return Err(malformed());
        }
        let scalar = match self.need()? {
            Token::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Token::Number(number) => number_of(number)?,
            Token::Name(word) if word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Scalar::Text(Cow::Owned(word.to_owned()))
            }
            Token::Name(_) => return Ok(()),
            Token::Sign('$') => return self.variable(parent, &name),
            Token::Sign('[') => {
                let array = self.push(parent, name, Scalar::Array)?;
                let mut index = 0;
                while !self.skip(']')? {
                    self.value(array, Name::Index(index), depth + 1)?;
                    index += 1;
                }
                return Ok(());
            }
            Token::Sign('{') => {
                let object = self.push(parent, name, Scalar::Object)?;
                while !self.skip('}')? {
                    let name = self.name()?;
                    self.member(object, name, depth)?;
                }
                return Ok(());
            }
            Token::Sign(_) | Token::Spread => return Err(malformed()),
        };
        self.push(parent, name, scalar).map(|_node| ())
    }

    /// Reads the name of a variable, and adds what it stands for.
    fn variable(&mut self, parent: u32, name: &Name<'a>) -> Result<(), Unreadable> {
        let variable = self.name()?;
        self.bound_uses()?;
        let mut given: Vec<_> = self.variables.iter().map(|variables| self.nodes.child(*variables, variable)).collect();
        // A form may hold it as `variables[x]`.
        let beside = self.nodes.get(self.under).map(|node| node.parent);
        let in_form = beside.and_then(|beside| self.nodes.child(beside, &format!("variables[{variable}]")));
        given.extend(in_form.map(Some));
        let default = self.defaults.iter().find(|(name, _)| *name == variable).map(|(_, node)| *node);
        let default = default.filter(|_| given.is_empty() || given.contains(&None));
        for node in given.into_iter().flatten().chain(default) {
            self.nodes.copy(node, parent, name.clone())?;
        }
        Ok(())
    }

    /// Each variable is looked for among all nodes, so there must not be too many.
    fn bound_uses(&mut self) -> Result<(), Unreadable> {
        self.uses += 1;
        if self.uses > MAX_FIELDS { Err(malformed()) } else { Ok(()) }
    }

    fn push(&mut self, parent: u32, name: Name<'a>, value: Scalar<'a>) -> Result<u32, Unreadable> {
        self.nodes.push(Node { parent, origin: Origin::Json, name, value })
    }

    fn take(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        match self.ahead.take() {
            Some(token) => Ok(Some(token)),
            None => self.tokens.next(),
        }
    }

    fn peek(&mut self) -> Result<Option<&Token<'t>>, Unreadable> {
        if self.ahead.is_none() {
            self.ahead = self.tokens.next()?;
        }
        Ok(self.ahead.as_ref())
    }

    fn need(&mut self) -> Result<Token<'t>, Unreadable> {
        self.take()?.ok_or_else(malformed)
    }

    fn name(&mut self) -> Result<&'t str, Unreadable> {
        if let Token::Name(name) = self.need()? { Ok(name) } else { Err(malformed()) }
    }

    fn expect(&mut self, sign: char) -> Result<(), Unreadable> {
        if self.skip(sign)? { Ok(()) } else { Err(malformed()) }
    }

    /// Takes this sign, if it is the next.
    fn skip(&mut self, sign: char) -> Result<bool, Unreadable> {
        let is_next = self.peek()? == Some(&Token::Sign(sign));
        if is_next {
            self.ahead = None;
        }
        Ok(is_next)
    }
}

/// Digits stay text: they may be a phone, with a zero in front.
fn number_of(number: &str) -> Result<Scalar<'static>, Unreadable> {
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Scalar::Text(Cow::Owned(number.to_owned())));
    }
    let whole = number.parse().map(Scalar::Int);
    whole.or_else(|_| number.parse().map(Scalar::Float)).map_err(|_no_number| malformed())
}
