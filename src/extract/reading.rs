//! One text as a phone number, or why it is none.

use crate::domain::{Country, Validity};
use crate::numbering::{NotANumber, Number, Numbering};

/// What a text under a phone's name turned out to be.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Nothing, or a word that stands for nothing (`null`, `true`, `0`).
    Empty,
    /// A mail address.
    Mail,
    /// A number with digits hidden (`138****0000`): the app holds the number, the request doesn't.
    Masked,
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
/// Longest text that is looked at, in bytes.
const MAX_TEXT: usize = 160;

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
        let mail = !host.is_empty() && user.contains(char::is_alphabetic);
        return if mail || digits(user) < FEW_DIGITS { Reading::Mail } else { Reading::Doubtful };
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
    if text.chars().filter(|c| matches!(c, '*' | '•' | '●' | '＊' | '·' | '✱')).count() >= 2 {
        return Reading::Masked;
    }
    let list = |c: char| matches!(c, ',' | ';' | '|' | '\n' | '，' | '；' | '、');
    if text.split(list).filter(|part| digits(part) >= FEW_DIGITS).count() > 1 {
        return Reading::Several;
    }
    read_number(text, region, lost_plus, numbering)
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
        Err(_) if digits(text) < FEW_DIGITS => Reading::Harmless,
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
