//! One text as a phone number, or why it is none.

use std::net::Ipv4Addr;

use super::scripts::ascii_digit;
use crate::domain::{Country, Validity};
use crate::numbering::{NotANumber, Number, Numbering};

/// What a text under a phone's name turned out to be.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Nothing, or a word that stands for nothing (`null`, `true`, `0`).
    Empty,
    /// A mail address.
    Mail,
    /// A mail address whose digits alone are a mobile's number: what people log in with, and a number to apps that drop all
    /// else of what they take for one.
    NumberedMail,
    /// A number with digits hidden (`138****0000`): the app holds the number, the request doesn't.
    Masked,
    /// A whole number with something around it (`+44…**`, `a@+44…`, `x+44…`), which many parsers drop: the app may read it.
    Disguised,
    /// A mail address or a masked number to people, and a number to some parser (`a@0740bbbbb.cc`, `424242****4242`).
    Lookalike,
    /// No number, and too few digits for anyone to make one of it.
    Harmless,
    /// No number to us, but digits enough that an app may make one of it.
    Doubtful,
    /// A list of numbers.
    Several,
    /// A national number without a country.
    NoCountry,
    /// A number.
    Number(Number),
}

/// Fewest digits that an app may take for a number.
const FEW_DIGITS: usize = 5;
/// Digits that no masked number shows and no mail address has behind its `@`.
const MANY_DIGITS: usize = 10;
/// Longest text that is looked at, in bytes.
pub(super) const MAX_TEXT: usize = 160;
/// Digits that libphonenumber wants before it takes letters for keys, and letters that it wants for that.
const KEYPAD_DIGITS: usize = 3;
const KEYPAD_LETTERS: usize = 3;
const PLUS: [char; 2] = ['+', '＋'];

/// How much work it is to read a text, at most: a plain number is 4, some 10 us.
pub(super) fn work(text: &str) -> u32 {
    if text.len() > MAX_TEXT || digits(text) < FEW_DIGITS {
        return 1;
    }
    // Each part of a mail address is tried in several ways, and each of those in several countries.
    if text.contains('@') {
        return 32;
    }
    if text.starts_with(' ') || text.contains(|c| PLUS.contains(&c) || is_mask(c)) { 8 } else { 4 }
}

/// Reads a text.
pub(super) fn read(text: &str, region: Option<Country>, numbering: &Numbering) -> Reading {
    // A plus that was not escaped arrives as a space.
    let lost_plus = text.starts_with(' ');
    let text = text.trim();
    if text.is_empty() || stands_for_nothing(text) {
        return Reading::Empty;
    }
    if text.len() > MAX_TEXT {
        return if digits(text) < FEW_DIGITS { Reading::Harmless } else { Reading::Doubtful };
    }
    if let Some((user, host)) = text.rsplit_once('@') {
        return read_mail(user, host, region, numbering);
    }
    // An input mask that nobody filled in: `+7 (___) ___-__-__`, `+44`, `--`.
    let masked = text.contains("__");
    let code_alone = text.starts_with('+') && text.len() <= 4;
    if code_alone || (masked && digits(text) < FEW_DIGITS) || !text.contains(char::is_alphanumeric) {
        return Reading::Empty;
    }
    if masked {
        return Reading::Doubtful;
    }
    if text.chars().filter(|c| is_mask(*c)).count() >= 2 {
        return read_masked(text, region, numbering);
    }
    let list = |c: char| matches!(c, ',' | ';' | '|' | '\n' | '，' | '；' | '、');
    if text.split(list).filter(|part| digits(part) >= FEW_DIGITS).count() > 1 {
        return Reading::Several;
    }
    read_number(text, region, lost_plus, numbering)
}

/// What has signs that hide digits. What is left of a card's or an account's number is as long as a phone's; a whole one is
/// sure where it stands together or says that it is international.
fn read_masked(text: &str, region: Option<Country>, numbering: &Numbering) -> Reading {
    if digits(text) < MANY_DIGITS && !holds_number(text, region, numbering) {
        return Reading::Masked;
    }
    // All the digits, and of letters no more than parsers drop, or only behind the number.
    let is_whole = |part: &str| {
        let number = from_number(part);
        let few = letters(number) < KEYPAD_LETTERS;
        let number = if few { Some(number) } else { number.split(char::is_alphabetic).next() };
        digits(part) == digits(text)
            && number.is_some_and(|number| reads(number, ascii_digit, is_clear, region, numbering))
    };
    let together = is_international(from_number(text)) || text.split(is_mask).any(is_whole);
    if together { Reading::Disguised } else { Reading::Lookalike }
}

fn is_mask(c: char) -> bool {
    matches!(c, '*' | '•' | '●' | '＊' | '·' | '✱')
}

/// What has an `@`. Users of mail often have a phone's digits in their name, which no parser reads as a number as long as
/// a host stands behind; a plus before the digits, a number in the host's place and what ends a number for parsers
/// (`/x`, `;ext=`) make one of it.
fn read_mail(user: &str, host: &str, region: Option<Country>, numbering: &Numbering) -> Reading {
    let is_host = host.contains(char::is_alphabetic);
    let is_name = is_host_name(host);
    // Before a real host a plus begins what sorts mail, and that may be a date: it must be a number that gets SMS.
    let fits = if is_name { is_clear } else { is_valid };
    let plus = if is_host { user.find(PLUS).and_then(|at| user.get(at..)) } else { Some(user) };
    let ended = user.rsplit_once(['/', '\\', ';']).map(|(before, _)| before);
    let disguised = plus.is_some_and(|text| holds(text, fits, region, numbering))
        || ended.is_some_and(|text| digits(text) >= FEW_DIGITS || holds_number(text, region, numbering))
        || if is_name { is_number_as_host(host, region, numbering) } else { holds_host(host, region, numbering) };
    if disguised {
        return Reading::Disguised;
    }
    if is_name && spells(from_number(host), is_valid, region, numbering) {
        return Reading::Lookalike;
    }
    let is_mail = is_host && user.contains(char::is_alphabetic);
    if !is_mail && digits(user) >= FEW_DIGITS {
        return Reading::Doubtful;
    }
    let is_numbered = reads(&format!("{user}{host}"), ascii_digit, is_clear, region, numbering);
    if is_numbered { Reading::NumberedMail } else { Reading::Mail }
}

/// Whether this is the form of a host's name: labels, of which the last has letters alone, as every top level does.
fn is_host_name(host: &str) -> bool {
    let mut labels = host.split('.').rev();
    let last = labels.next().unwrap_or_default();
    let is_top = last.starts_with("xn--") || (last.len() >= 2 && last.chars().all(char::is_alphabetic));
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    is_top && host.contains('.') && labels.all(is_label)
}

/// Whether a host's name is a number to parsers that know no letters. Names of hosts that begin with digits are many
/// (`163.com`), so short numbers must be those of mobiles.
fn is_number_as_host(host: &str, region: Option<Country>, numbering: &Numbering) -> bool {
    let is_mobile = |text: &str| reads(text, ascii_digit, is_clear, region, numbering);
    let begin = host.split(char::is_alphabetic).next().unwrap_or_default();
    let number = from_number(host);
    digits(begin) >= MANY_DIGITS
        || (letters(number) < KEYPAD_LETTERS && is_mobile(number))
        || host.split('.').any(|label| label.chars().all(char::is_numeric) && is_mobile(label))
}

/// Whether what stands where a host should holds a number; an address of the network only where it is a mobile's.
fn holds_host(host: &str, region: Option<Country>, numbering: &Numbering) -> bool {
    if host.trim_matches(['[', ']']).parse::<Ipv4Addr>().is_ok() {
        return reads(host, ascii_digit, is_clear, region, numbering);
    }
    digits(host) >= MANY_DIGITS || holds_number(host, region, numbering)
}

/// Whether a parser that begins at the first digit or plus, and drops what it doesn't know, reads a valid number here. What
/// has more letters than digits is no number with something in it: ids and tokens in base64 often have a plus.
fn holds_number(text: &str, region: Option<Country>, numbering: &Numbering) -> bool {
    holds(text, is_valid, region, numbering)
}

/// As [`holds_number`], for numbers that fit.
fn holds(text: &str, fits: fn(&Number) -> bool, region: Option<Country>, numbering: &Numbering) -> bool {
    let text = from_number(text);
    // What stands behind a letter or one of these signs may be an extension or a parameter.
    let sign = |c: char| matches!(c, ';' | '#' | '~' | ',' | '|' | '/' | '\\');
    let parts = [Some(text), text.split(sign).next(), text.split(char::is_alphabetic).next()];
    parts.into_iter().flatten().any(|part| {
        (letters(part) <= digits(part) && reads(part, ascii_digit, fits, region, numbering))
            || spells(part, fits, region, numbering)
    })
}

/// Whether a parser that knows the letters of a telephone's keys reads a number here. Like libphonenumber, it wants three
/// digits first (an `x` is a sign to it there) and three letters at least.
fn spells(text: &str, fits: fn(&Number) -> bool, region: Option<Country>, numbering: &Numbering) -> bool {
    let first = text.split(|c: char| c.is_ascii_alphabetic() && !c.eq_ignore_ascii_case(&'x')).next();
    first.is_some_and(|first| digits(first) >= KEYPAD_DIGITS)
        && letters(text) >= KEYPAD_LETTERS
        && reads(text, keypad, fits, region, numbering)
}

/// Whether what `key` keeps of a text is a number that fits.
fn reads(
    text: &str,
    key: fn(char) -> Option<char>,
    fits: fn(&Number) -> bool,
    region: Option<Country>,
    numbering: &Numbering,
) -> bool {
    let plus = if text.starts_with(PLUS) { "+" } else { "" };
    let text = format!("{plus}{}", text.chars().filter_map(key).collect::<String>());
    match numbering.read(&text, region) {
        Ok(number) => fits(&number),
        Err(NotANumber::NoCountry) => is_mobile_somewhere(&text, numbering),
        Err(NotANumber::Form) => false,
    }
}

/// The text from its first digit or plus on.
fn from_number(text: &str) -> &str {
    text.find(|c: char| c.is_numeric() || PLUS.contains(&c)).and_then(|start| text.get(start..)).unwrap_or_default()
}

fn letters(text: &str) -> usize {
    text.chars().filter(char::is_ascii_alphabetic).count()
}

/// The digit of a telephone's key.
fn keypad(c: char) -> Option<char> {
    match c.to_ascii_lowercase() {
        'a'..='c' => Some('2'),
        'd'..='f' => Some('3'),
        'g'..='i' => Some('4'),
        'j'..='l' => Some('5'),
        'm'..='o' => Some('6'),
        'p'..='s' => Some('7'),
        't'..='v' => Some('8'),
        'w'..='z' => Some('9'),
        c => ascii_digit(c),
    }
}

fn read_number(text: &str, region: Option<Country>, lost_plus: bool, numbering: &Numbering) -> Reading {
    let text = without_scheme(text);
    let underscored;
    let text = if text.contains('_') {
        underscored = text.replace('_', "-");
        &underscored
    } else {
        text
    };
    let read = numbering.read(text, region);
    if lost_plus && let Some(reading) = with_plus(text, region, read.ok(), numbering) {
        return reading;
    }
    match read {
        Ok(number) if region.is_none() && may_be_national(text, &number, numbering) => Reading::NoCountry,
        Ok(number) => Reading::Number(number),
        Err(_)
            if text
                .find(PLUS)
                .is_some_and(|at| holds_number(text.get(at..).unwrap_or_default(), region, numbering)) =>
        {
            Reading::Disguised
        }
        Err(_) if digits(text) < FEW_DIGITS && !holds_number(text, region, numbering) => Reading::Harmless,
        Err(NotANumber::NoCountry) if (6..=15).contains(&digits(text)) => Reading::NoCountry,
        Err(NotANumber::NoCountry | NotANumber::Form) => Reading::Doubtful,
    }
}

/// Digits that a space stands before, read as if it had been a plus; `None` where they are to be read as they stand.
fn with_plus(text: &str, region: Option<Country>, plain: Option<Number>, numbering: &Numbering) -> Option<Reading> {
    let abroad = text.starts_with(|c: char| c.is_ascii_digit() && c != '0').then(|| format!("+{text}"))?;
    let abroad = numbering.read(&abroad, None).ok()?;
    let plain = plain.filter(|_| region.is_some());
    if plain.is_some_and(|plain| plain.raw == abroad.raw) {
        return Some(Reading::Number(abroad));
    }
    match (plain.as_ref().map_or(0, fit), fit(&abroad)) {
        // Both can be meant, and both can be sent a code.
        (VALID, VALID) if is_clear(&abroad) => Some(Reading::NoCountry),
        (here, there) if there <= here || there == fit_of(Validity::Impossible) => None,
        (_, VALID) => Some(Reading::Number(abroad)),
        _ if is_mobile_somewhere(text, numbering) => None,
        _ => Some(Reading::Number(abroad)),
    }
}

/// What [`fit`] says of a valid number.
pub(super) const VALID: u8 = fit_of(Validity::Valid);

/// How well a number fits its plan: the higher, the better.
pub(super) const fn fit(number: &Number) -> u8 {
    fit_of(number.validity)
}

const fn fit_of(validity: Validity) -> u8 {
    match validity {
        Validity::Valid => 3,
        Validity::Possible => 2,
        Validity::Impossible => 1,
    }
}

/// Whether the text says by itself that it is international.
pub(super) fn is_international(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| {
        c == '(' || c == '[' || c.is_whitespace() || !c.is_alphanumeric() && c > '\u{7f}' && c != '＋'
    });
    text.starts_with(['+', '＋']) || text.starts_with("00")
}

fn is_valid(number: &Number) -> bool {
    number.validity == Validity::Valid
}

/// Whether a number that nothing calls a phone may all the same be counted as one: valid, and for a mobile.
pub(super) fn is_clear(number: &Number) -> bool {
    number.validity == Validity::Valid && number.kind.is_mobile()
}

/// Whether bare digits that are valid as an international number are as well a mobile of a large country in national
/// form: `15012345678` is China's or, with its 1, America's. Then nobody but the app knows.
fn may_be_national(text: &str, number: &Number, numbering: &Numbering) -> bool {
    if is_international(text) {
        return false;
    }
    let regions: &[&str] = match digits(text) {
        10 => &["US", "IN"],
        11 => &["CN"],
        _ => &[],
    };
    regions.iter().filter_map(|region| Country::new(region)).any(|region| {
        numbering
            .read(text, Some(region))
            .is_ok_and(|other| other.country == Some(region) && other.raw != number.raw && is_clear(&other))
    })
}

/// Whether digits without any country are a mobile of a large country: then they are a phone, it is only unclear which.
pub(super) fn is_mobile_somewhere(text: &str, numbering: &Numbering) -> bool {
    let count = digits(text);
    (10..=11).contains(&count)
        && ["CN", "IN", "RU", "GB", "DE", "FR", "BR", "ID", "JP"].iter().filter_map(|code| Country::new(code)).any(
            |region| {
                let has_trunk = text.starts_with('0') || matches!(region.as_str(), "CN" | "IN" | "RU" | "BR");
                has_trunk
                    && numbering
                        .read(text, Some(region))
                        .is_ok_and(|number| number.country == Some(region) && is_clear(&number))
            },
        )
}

pub(super) fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

pub(super) fn without_scheme(text: &str) -> &str {
    const SCHEMES: [&str; 4] = ["tel:", "sms:", "whatsapp:", "callto:"];
    let scheme =
        SCHEMES.iter().find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    scheme.and_then(|scheme| text.get(scheme.len()..)).unwrap_or(text)
}

fn stands_for_nothing(text: &str) -> bool {
    const WORDS: [&str; 12] =
        ["null", "undefined", "none", "nil", "nan", "true", "false", "yes", "no", "on", "off", "n/a"];
    text.len() == 1 || (text.len() <= 9 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)))
}
