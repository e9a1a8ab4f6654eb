//! Text to tokens.

use std::ops::Range;

use super::ExpressionError;

/// A word of the language.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// One part of a name, or a keyword.
    Word(String),
    /// A number as it was written: a minus before it belongs to its value.
    Number(String),
    Text(String),
    /// An operator or a bracket.
    Symbol(&'static str),
    End,
}

impl Token {
    /// For messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Symbol(symbol) => format!("`{symbol}`"),
            Self::End => "the end".to_owned(),
        }
    }
}

/// Longer ones first.
const SYMBOLS: [&str; 16] = ["||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-"];

/// All tokens with where they stand; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        at += rest.len() - rest.trim_ascii_start().len();
        let rest = rest.trim_ascii_start();
        let Some(first) = rest.chars().next() else { break };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = length_while(rest, |b| b.is_ascii_alphanumeric() || b == b'_');
                (Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length)
            }
            '0'..='9' => {
                let length = number_length(rest);
                (Token::Number(rest.get(..length).unwrap_or_default().to_owned()), length)
            }
            '"' | '\'' => quoted(rest, first, at)?,
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => (Token::Symbol(symbol), symbol.len()),
                None => return Err(stray(first, at)),
            },
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn stray(found: char, at: usize) -> ExpressionError {
    let error = ExpressionError::at(at, format!("{found:?} means nothing here"));
    match found {
        '=' => error.hint("write == to compare"),
        '&' => error.hint("write && for \"and\""),
        '|' => error.hint("write || for \"or\""),
        '“' | '”' | '‘' | '’' | '`' => error.hint("write text in straight quotes, \"..\" or '..'"),
        '+' | '*' | '/' | '%' => error.hint("there is no arithmetic"),
        _ => error,
    }
}

fn length_while(text: &str, accepts: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|b| accepts(*b)).count()
}

/// Digits with an optional fraction and exponent, or hexadecimal. Letters that follow are taken too, so that `12ab`
/// is one bad number and not two words.
fn number_length(text: &str) -> usize {
    let from = |at: usize| text.get(at..).unwrap_or_default();
    let word = |at: usize| length_while(from(at), |b| b.is_ascii_alphanumeric() || b == b'_');
    let mut length = word(0);
    if from(length).strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        length += 1 + word(length + 1);
    }
    let exponent = text.get(..length).is_some_and(|t| t.ends_with(['e', 'E']) && !t.starts_with("0x"));
    if exponent && from(length).starts_with(['+', '-']) {
        length += 1 + word(length + 1);
    }
    length
}

fn quoted(text: &str, quote: char, at: usize) -> Result<(Token, usize), ExpressionError> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((offset, c)) = chars.next() {
        match c {
            _ if c == quote => return Ok((Token::Text(value), offset + 1)),
            '\n' | '\r' => break,
            '\\' => {
                let bad = || {
                    ExpressionError::at(at + offset, "no such escape").hint(
                        "known are \\\\ \\\" \\' \\n \\r \\t \\xHH \\uHHHH \\UHHHHHHHH; a backslash is written \\\\",
                    )
                };
                let digits = match chars.next().ok_or_else(bad)?.1 {
                    c @ ('\\' | '"' | '\'' | '`' | '?') => Err(c),
                    'n' => Err('\n'),
                    'r' => Err('\r'),
                    't' => Err('\t'),
                    'x' | 'X' => Ok(2),
                    'u' => Ok(4),
                    'U' => Ok(8),
                    _ => return Err(bad()),
                };
                value.push(match digits {
                    Err(plain) => plain,
                    Ok(count) => code_point(chars.by_ref().take(count).map(|(_, c)| c), count).ok_or_else(bad)?,
                });
            }
            _ => value.push(c),
        }
    }
    Err(ExpressionError::at(at, "this text has no end").hint(format!("close it with {quote}")))
}

fn code_point(digits: impl Iterator<Item = char>, count: usize) -> Option<char> {
    let mut value = 0_u32;
    let mut seen = 0;
    for digit in digits {
        value = value.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
        seen += 1;
    }
    if seen == count { char::from_u32(value) } else { None }
}
