//! Tokens to a tree: operator precedence (Pratt), as CEL has it.

use std::ops::Range;

use super::ExpressionError;
use super::lexer::{Token, tokens};
use super::syntax::{Comparison, Kind, Literal, Syntax};

/// Longest text, in bytes.
const MAX_LENGTH: usize = 4096;
/// Deepest nesting: recursion here, in the check, in evaluation and when a tree is dropped stays under it.
const MAX_DEPTH: usize = 64;

/// How tightly an operator binds.
const OR: u8 = 1;
const AND: u8 = 2;
const RELATION: u8 = 3;
const UNARY: u8 = 4;

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Syntax, ExpressionError> {
    if text.len() > MAX_LENGTH {
        let message = format!("this condition has {} bytes, {MAX_LENGTH} are the most", text.len());
        return Err(ExpressionError::at(0, message).hint("split it over several rules"));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let root = parser.expression(OR)?;
    match parser.peek() {
        Token::End => Ok(root),
        _ => Err(parser.unexpected("an operator or the end")),
    }
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: usize,
}

enum Operator {
    Or,
    And,
    In,
    Compare(Comparison),
}

impl Parser {
    /// An operand and every operator after it that binds at least as tightly as `power`.
    fn expression(&mut self, power: u8) -> Result<Syntax, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let mut left = self.operand()?;
        while let Some((operator, binds)) = self.operator().filter(|(_, binds)| *binds >= power) {
            self.at += 1;
            left = match operator {
                Operator::Or => self.chain(left, "||", binds, Kind::Any)?,
                Operator::And => self.chain(left, "&&", binds, Kind::All)?,
                Operator::In => {
                    let right = self.expression(binds + 1)?;
                    self.node(left.span.start, &[left.depth, right.depth], Kind::In(left.into(), right.into()))?
                }
                Operator::Compare(comparison) => {
                    let right = self.expression(binds + 1)?;
                    let depths = [left.depth, right.depth];
                    self.node(left.span.start, &depths, Kind::Compare(comparison, left.into(), right.into()))?
                }
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn chain(
        &mut self,
        first: Syntax,
        symbol: &'static str,
        binds: u8,
        kind: fn(Vec<Syntax>) -> Kind,
    ) -> Result<Syntax, ExpressionError> {
        let start = first.span.start;
        let mut parts = vec![first, self.expression(binds + 1)?];
        while self.takes(symbol) {
            parts.push(self.expression(binds + 1)?);
        }
        let depths: Vec<_> = parts.iter().map(|part| part.depth).collect();
        self.node(start, &depths, kind(parts))
    }

    fn operator(&self) -> Option<(Operator, u8)> {
        let comparison = match self.peek() {
            Token::Symbol("||") => return Some((Operator::Or, OR)),
            Token::Symbol("&&") => return Some((Operator::And, AND)),
            Token::Word(word) if word == "in" => return Some((Operator::In, RELATION)),
            Token::Symbol("==") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::NotEqual,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return None,
        };
        Some((Operator::Compare(comparison), RELATION))
    }

    /// A literal, a name, a call, something in brackets, or one of these after `!` or `-`.
    fn operand(&mut self) -> Result<Syntax, ExpressionError> {
        let start = self.start();
        let mut node = match self.next() {
            Token::Symbol("!") => {
                let inner = self.expression(UNARY)?;
                return self.node(start, &[inner.depth], Kind::Not(inner.into()));
            }
            Token::Symbol("-") => match self.next() {
                Token::Number(digits) => self.number(start, &format!("-{digits}"))?,
                _ => return Err(ExpressionError::at(start, "a minus stands before a number only")),
            },
            Token::Symbol("(") => {
                let inner = self.expression(OR)?;
                self.expects(")")?;
                inner
            }
            Token::Symbol("[") => {
                let items = self.until("]")?;
                let depths: Vec<_> = items.iter().map(|item| item.depth).collect();
                self.node(start, &depths, Kind::List(items))?
            }
            Token::Number(digits) => self.number(start, &digits)?,
            Token::Text(text) => self.node(start, &[], Kind::Literal(Literal::Text(text)))?,
            Token::Word(word) => self.word(start, word)?,
            Token::Symbol(_) | Token::End => {
                self.at = self.at.saturating_sub(1);
                return Err(self.unexpected("a value or a name"));
            }
        };
        while self.takes(".") {
            let name = self.name_part()?;
            self.expects("(")?;
            let arguments = self.until(")")?;
            let depths: Vec<_> = arguments.iter().map(|item| item.depth).chain([node.depth]).collect();
            node = self.node(start, &depths, Kind::Method(node.into(), name, arguments))?;
        }
        Ok(node)
    }

    /// `true`, `phone.country`, `json(..)`: as many parts joined by dots as are not a method's name.
    fn word(&mut self, start: usize, word: String) -> Result<Syntax, ExpressionError> {
        let literal = match word.as_str() {
            "true" => Some(Literal::Bool(true)),
            "false" => Some(Literal::Bool(false)),
            "null" => Some(Literal::Null),
            _ => None,
        };
        if let Some(literal) = literal {
            return self.node(start, &[], Kind::Literal(literal));
        }
        if self.takes("(") {
            let arguments = self.until(")")?;
            let depths: Vec<_> = arguments.iter().map(|item| item.depth).collect();
            return self.node(start, &depths, Kind::Call(word, arguments));
        }
        let mut name = word;
        while *self.peek() == Token::Symbol(".") && self.ahead(2) != &Token::Symbol("(") {
            self.at += 1;
            name.push('.');
            name.push_str(&self.name_part()?);
        }
        self.node(start, &[], Kind::Name(name))
    }

    fn number(&self, start: usize, written: &str) -> Result<Syntax, ExpressionError> {
        let hexadecimal = |text: &str| match text.strip_prefix('-') {
            Some(rest) => rest.strip_prefix("0x").map(|digits| i64::from_str_radix(&format!("-{digits}"), 16)),
            None => text.strip_prefix("0x").map(|digits| i64::from_str_radix(digits, 16)),
        };
        let whole = hexadecimal(written).unwrap_or_else(|| written.parse());
        let is_float = !written.contains("0x") && written.contains(['.', 'e', 'E']);
        let literal = match (whole, is_float) {
            (Ok(value), _) => Some(Literal::Int(value)),
            (Err(_), true) => written.parse().ok().filter(|value: &f64| value.is_finite()).map(Literal::Float),
            (Err(_), false) => None,
        };
        match literal {
            Some(literal) => self.node(start, &[], Kind::Literal(literal)),
            None => Err(ExpressionError::at(start, format!("`{written}` is not a number"))
                .hint("whole numbers have 64 bits; text stands in quotes")),
        }
    }

    fn name_part(&mut self) -> Result<String, ExpressionError> {
        let Token::Word(word) = self.peek().clone() else { return Err(self.unexpected("a name")) };
        self.at += 1;
        Ok(word)
    }

    /// Expressions with commas between them, up to `close`.
    fn until(&mut self, close: &'static str) -> Result<Vec<Syntax>, ExpressionError> {
        let mut items = Vec::new();
        while !self.takes(close) {
            if !items.is_empty() {
                self.expects(",")?;
                if self.takes(close) {
                    break;
                }
            }
            items.push(self.expression(OR)?);
        }
        Ok(items)
    }

    /// A node from `start` to the token that was read last.
    fn node(&self, start: usize, below: &[usize], kind: Kind) -> Result<Syntax, ExpressionError> {
        let depth = below.iter().max().map_or(1, |deepest| deepest + 1);
        let end = self.tokens.get(self.at.saturating_sub(1)).map_or(start, |(_, span)| span.end);
        if depth > MAX_DEPTH { Err(self.too_deep()) } else { Ok(Syntax { kind, span: start..end, depth }) }
    }

    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    fn ahead(&self, tokens: usize) -> &Token {
        self.tokens.get(self.at + tokens).map_or(&Token::End, |(token, _)| token)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn takes(&mut self, symbol: &'static str) -> bool {
        let takes = *self.peek() == Token::Symbol(symbol);
        self.at += usize::from(takes);
        takes
    }

    fn expects(&mut self, symbol: &'static str) -> Result<(), ExpressionError> {
        if self.takes(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn start(&self) -> usize {
        self.tokens.get(self.at).or_else(|| self.tokens.last()).map_or(0, |(_, span)| span.start)
    }

    fn too_deep(&self) -> ExpressionError {
        ExpressionError::at(self.start(), format!("this is nested more than {MAX_DEPTH} deep"))
    }

    fn unexpected(&self, wanted: &str) -> ExpressionError {
        let found = self.peek();
        let error = ExpressionError::at(self.start(), format!("expected {wanted}, found {}", found.describe()));
        match found {
            Token::Word(word) if word == "and" => error.hint("write && for \"and\""),
            Token::Word(word) if word == "or" => error.hint("write || for \"or\""),
            Token::Symbol("||" | "&&" | "==" | "!=" | "<" | "<=" | ">" | ">=") => {
                error.hint("an operator stands between two values")
            }
            _ => error,
        }
    }
}
