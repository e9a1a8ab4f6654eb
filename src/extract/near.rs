//! Texts that are no numbers to us and that apps read as one all the same: libphonenumber knows the digits of every script,
//! drops a stray letter or two and cuts an extension; others drop all but digits.
//!
//! Only what is clear counts, as names and ids have digits too: a mobile's valid number, with nothing beside it but what
//! parsers drop. `john07402417171` and `user_447402` are names.

use super::found::Found;
use super::names;
use super::nodes::Scalar;
use super::phone::Search;
use super::reading::{self, Reading};
use super::scripts::ascii_digit;
use crate::domain::{Unreadable, UnreadableCode};

/// Letters that such parsers drop.
const FEW_LETTERS: usize = 2;
/// Digits of an extension at most, as libphonenumber has it.
const EXTENSION_DIGITS: usize = 20;
/// Digits of a number at least that JSON holds as anything but a whole, positive number.
const MANY_DIGITS: usize = 8;

impl Search<'_, '_> {
    /// Whether an app may read a mobile's number where we read none.
    pub(super) fn is_nearly_mobile(&self, text: &str, node: Option<u32>) -> bool {
        // Ids in hex have a letter among their digits.
        let is_id = node.is_some_and(|node| names::is_id(self.document.nodes().key(node)));
        let number = text.trim_end_matches(char::is_alphabetic);
        let is_cut = is_id && number.chars().any(char::is_alphabetic);
        let [all, first] = candidates(text);
        all.filter(|_| !is_cut).into_iter().chain(first).any(|digits| self.is_mobile(&digits, node))
    }

    /// The same of a number of JSON that isn't a whole, positive one: apps print it, or make an integer of it.
    pub(super) fn is_mobile_in_json(&self, value: &Scalar<'_>, node: u32) -> bool {
        let digits = match value {
            Scalar::Int(number) if *number < 0 => number.unsigned_abs().to_string(),
            Scalar::Float(number) if number.fract() == 0.0 && number.abs() < 1e16 => format!("{:.0}", number.abs()),
            _ => return false,
        };
        digits.len() >= MANY_DIGITS && self.is_mobile(&digits, Some(node))
    }

    /// Refuses a container under a phone's name in which nothing reads as a number but some text is a mobile's: an app that
    /// takes the first of what it holds, or all the digits in it, finds one.
    pub(super) fn search_containers(&self, found: &mut Found) {
        let nodes = self.document.nodes();
        for (node, container) in self.inside_phones() {
            let Some(text) = self.text(node) else { continue };
            if self.is_mobile(&text, Some(node)) || self.is_nearly_mobile(&text, Some(node)) {
                let has_number = found.nodes().any(|node| nodes.is_inside(node, container));
                if !has_number {
                    let fault = Unreadable { code: UnreadableCode::WrongType, field: nodes.label(node) };
                    found.fault = found.fault.take().or(Some(fault));
                }
            }
        }
    }

    fn is_mobile(&self, digits: &str, node: Option<u32>) -> bool {
        match self.read_in(digits, node) {
            Reading::Number(number) => reading::is_clear(&number),
            Reading::NoCountry => reading::is_mobile_somewhere(digits, self.numbering),
            _ => false,
        }
    }
}

/// All the digits of a text, and those before an extension, where nothing else stands beside them.
fn candidates(text: &str) -> [Option<String>; 2] {
    let text = reading::without_scheme(text.trim());
    let (before, number) = text.split_at(text.find(|c| ascii_digit(c).is_some() || is_plus(c)).unwrap_or(text.len()));
    // What is written together with the number makes a name of it.
    if before.ends_with(|c: char| !c.is_whitespace() && !is_opening(c)) || text.contains(['_', '@']) {
        return [None, None];
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    let end = number.find(|c: char| c.is_alphabetic() || matches!(c, ';' | '#' | '~' | ',')).unwrap_or(number.len());
    let (whole, extension) = number.split_at(end);
    let in_front = letters(before) <= FEW_LETTERS;
    let all = (letters(text) <= FEW_LETTERS).then(|| digits(number));
    let first = (in_front && is_extension(extension)).then(|| digits(whole));
    [all, first]
}

/// Whether this is what parsers cut off behind a number: `x5`, ` ext. 5`, `;ext=5`, `#5`, or a stray letter.
fn is_extension(text: &str) -> bool {
    const WORDS: [&str; 8] = ["extension", "extn", "ext", "x", "int", "anexo", "доб", "tel"];
    if let Some(parameter) = text.strip_prefix([';', '#', '~', ',']) {
        return parameter.contains('=') || parameter.chars().all(|c| ascii_digit(c).is_some() || c.is_whitespace());
    }
    let word: String = text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase).collect();
    let digits = digits(text).len();
    digits <= EXTENSION_DIGITS && WORDS.contains(&&*word) || digits == 0 && word.chars().count() <= FEW_LETTERS
}

fn digits(text: &str) -> String {
    let plus = text.starts_with(is_plus).then_some('+');
    plus.into_iter().chain(text.chars().filter_map(ascii_digit)).collect()
}

fn is_plus(c: char) -> bool {
    matches!(c, '+' | '＋')
}

/// Brackets and marks that stand before a number, and a minus, which parsers skip.
fn is_opening(c: char) -> bool {
    matches!(c, '(' | '[' | ':' | '-' | '.' | '"' | '\'') || (!c.is_alphanumeric() && !c.is_ascii())
}
