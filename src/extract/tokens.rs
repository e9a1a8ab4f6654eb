//! The lexical grammar of GraphQL: names, signs, strings, numbers, and what stands between them.
//!
//! Must not know: what they mean.

use std::borrow::Cow;

use super::nodes::unreadable;
use crate::domain::{Unreadable, UnreadableCode};

/// One token.
#[derive(Clone, PartialEq)]
pub(super) enum Token<'t> {
    Name(&'t str),
    /// A string or a block string, unescaped.
    Text(Cow<'t, str>),
    /// As it is written; a zero in front, which the grammar doesn't have, is left to whoever reads it.
    Number(&'t str),
    /// `...`
    Spread,
    Sign(char),
}

/// The tokens of a text, in order.
pub(super) struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { rest: text }
    }

    /// The next one; `None` at the end, `Malformed` where no app would find one.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, Unreadable> {
        self.rest = without_ignored(self.rest);
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        Ok(Some(match first {
            '.' => {
                self.rest = self.rest.strip_prefix("...").ok_or_else(malformed)?;
                Token::Spread
            }
            '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                self.cut(1)?;
                Token::Sign(first)
            }
            '"' => Token::Text(self.text()?),
            '-' | '0'..='9' => Token::Number(self.number()?),
            _ if is_of_name(first) => {
                let end = self.rest.find(|c| !is_of_name(c)).unwrap_or(self.rest.len());
                Token::Name(self.cut(end)?)
            }
            _ => return Err(malformed()),
        }))
    }

    fn cut(&mut self, end: usize) -> Result<&'t str, Unreadable> {
        let (token, rest) = self.rest.split_at_checked(end).ok_or_else(malformed)?;
        self.rest = rest;
        Ok(token)
    }

    fn number(&mut self) -> Result<&'t str, Unreadable> {
        let mut before = '-';
        let end = self.rest.char_indices().find(|(at, c)| {
            let signed = *at == 0 || matches!(before, 'e' | 'E');
            before = *c;
            !(is_of_name(*c) || *c == '.' || (signed && matches!(c, '+' | '-')))
        });
        self.cut(end.map_or(self.rest.len(), |(end, _)| end))
    }

    fn text(&mut self) -> Result<Cow<'t, str>, Unreadable> {
        if let Some(block) = self.rest.strip_prefix("\"\"\"") {
            let ends = |(at, _): &(usize, &str)| !block.get(..*at).is_some_and(|before| before.ends_with('\\'));
            let (end, quotes) = block.match_indices("\"\"\"").find(ends).ok_or_else(malformed)?;
            self.rest = block.get(end + quotes.len()..).ok_or_else(malformed)?;
            return Ok(unindented(block.get(..end).ok_or_else(malformed)?));
        }
        self.cut(1)?;
        let mut escaped = false;
        let end = self.rest.bytes().position(|byte| {
            let ends = !escaped && byte == b'"';
            escaped = !escaped && byte == b'\\';
            ends
        });
        let text = self.cut(end.ok_or_else(malformed)?)?;
        self.cut(1)?;
        if text.contains(['\n', '\r']) {
            return Err(malformed());
        }
        if text.contains('\\') {
            unescaped(text).map(Cow::Owned).ok_or_else(malformed)
        } else {
            Ok(Cow::Borrowed(text))
        }
    }
}

/// Without what means nothing in front: blanks, commas, the byte order mark, comments.
pub(super) fn without_ignored(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\n', '\r', ',']);
        let Some(comment) = text.strip_prefix('#') else { return text };
        text = comment.find(['\n', '\r']).and_then(|end| comment.get(end..)).unwrap_or_default();
    }
}

pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

pub(super) fn malformed() -> Unreadable {
    unreadable(UnreadableCode::Malformed, "body")
}

/// What a block string says: its lines without the blanks around them, which is all but the indentation that is the
/// text's own.
fn unindented(block: &str) -> Cow<'_, str> {
    if !block.contains(['\n', '\r', '\\']) {
        return Cow::Borrowed(block);
    }
    let lines: Vec<_> = block.trim().lines().map(str::trim).collect();
    Cow::Owned(lines.join("\n").replace("\\\"\"\"", "\"\"\""))
}

/// The text that the escapes stand for; `None` where one stands for nothing.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let sign = escape.chars().next()?;
        rest = escape.get(sign.len_utf8()..)?;
        plain.push(match sign {
            '"' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (code, after) = code_point(rest)?;
                rest = after;
                code
            }
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// Reads what stands behind `\u`: four hex digits, two such halves, or any number in braces.
fn code_point(text: &str) -> Option<(char, &str)> {
    let hex = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| plain)
    };
    if let Some(braced) = text.strip_prefix('{') {
        let (digits, after) = braced.split_once('}')?;
        return Some((char::from_u32(hex(digits)?)?, after));
    }
    let (digits, after) = text.split_at_checked(4)?;
    let high = hex(digits)?;
    if let Some(code) = char::from_u32(high) {
        return Some((code, after));
    }
    let (digits, after) = after.strip_prefix("\\u")?.split_at_checked(4)?;
    let low = hex(digits).filter(|low| (0xdc00..0xe000).contains(low))?;
    let pair = 0x1_0000 + (high.checked_sub(0xd800).filter(|high| *high < 0x400)? << 10) + (low - 0xdc00);
    Some((char::from_u32(pair)?, after))
}
