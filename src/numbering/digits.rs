//! The text of a number as its digits, without any allocation.
//!
//! Must not know: plans, countries.

/// Texts with more characters are no numbers.
pub(super) const MAX_CHARS: usize = 40;

/// Up to [`MAX_CHARS`] digits, as values 0 to 9.
#[derive(Clone, Copy)]
pub(super) struct Digits {
    values: [u8; MAX_CHARS],
    count: usize,
}

/// A text of the form of a number.
#[derive(Clone, Copy)]
pub(super) struct Written {
    /// Whether it begins with `+`.
    pub(super) plus: bool,
    /// Its digits.
    pub(super) digits: Digits,
}

impl Written {
    /// Reads digits, ASCII, full-width and Arabic, with whatever people and programs put between them. `None` for
    /// letters, a second plus, signs of extensions or lists, and anything that is too long.
    pub(super) fn read(text: &str) -> Option<Self> {
        // Four bytes are the longest character: the cheap check comes first.
        if text.len() > 4 * MAX_CHARS || (text.len() > MAX_CHARS && text.chars().nth(MAX_CHARS).is_some()) {
            return None;
        }
        let text = text.trim();
        let text = match text.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text.get(4..)?,
            _ => text,
        };
        let mut written = Self { plus: false, digits: Digits::default() };
        let mut script = None;
        for char in text.chars() {
            match char {
                // Of digits in two scripts some apps keep one: nobody types that.
                '0'..='9' | '０'..='９' | '٠'..='٩' | '۰'..='۹' => {
                    if script.replace(zero(char)).is_some_and(|before| before != zero(char)) {
                        return None;
                    }
                    written.digits.push(value(char));
                }
                '+' | '＋' if !written.plus && written.digits.len() == 0 => written.plus = true,
                _ if is_separator(char) => {}
                _ => return None,
            }
        }
        (written.digits.len() > 0).then_some(written)
    }
}

fn zero(digit: char) -> char {
    match digit {
        '０'..='９' => '０',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        _ => '0',
    }
}

fn value(digit: char) -> u8 {
    u8::try_from(u32::from(digit) - u32::from(zero(digit))).unwrap_or(0)
}

/// Spaces, hyphens, dots, slashes, brackets, tildes, and the invisible marks that a copied number brings along.
fn is_separator(char: char) -> bool {
    matches!(
        char,
        ' ' | '\t' | '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~'
        | '\u{a0}' | '\u{ad}' | '\u{2000}'..='\u{2015}' | '\u{202a}'..='\u{202f}' | '\u{2053}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{2212}' | '\u{223c}' | '\u{3000}' | '\u{30fc}' | '\u{feff}'
        | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}' | '\u{ff3b}' | '\u{ff3d}' | '\u{ff5e}'
    )
}

impl Default for Digits {
    fn default() -> Self {
        Self { values: [0; MAX_CHARS], count: 0 }
    }
}

impl PartialEq for Digits {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Digits {}

impl std::fmt::Debug for Digits {
    /// Their number only: they are a phone's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digits({})", self.count)
    }
}

impl Digits {
    /// All of them.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.values.get(..self.count).unwrap_or_default()
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// One more; beyond the bound it is dropped, which a text within [`MAX_CHARS`] never reaches.
    fn push(&mut self, value: u8) {
        if let Some(place) = self.values.get_mut(self.count) {
            *place = value;
            self.count += 1;
        }
    }

    fn extend(&mut self, values: &[u8]) {
        for value in values {
            self.push(*value);
        }
    }

    /// Without the first `count`.
    pub(super) fn without_first(&self, count: usize) -> Self {
        let mut rest = Self::default();
        rest.extend(self.as_slice().get(count..).unwrap_or_default());
        rest
    }

    /// Without a number that they begin with, and how many digits that took.
    pub(super) fn strip_number(&self, number: u16) -> Option<(Self, usize)> {
        let count = number.checked_ilog10()? as usize + 1;
        (self.first(count)? == u64::from(number)).then(|| (self.without_first(count), count))
    }

    /// The first `count` as a number.
    pub(super) fn first(&self, count: usize) -> Option<u64> {
        self.as_slice().get(..count)?.iter().copied().try_fold(0, append)
    }

    /// `number` with these behind it; `None` beyond 64 bits.
    pub(super) fn behind(&self, number: u16) -> Option<u64> {
        self.as_slice().iter().copied().try_fold(u64::from(number), append)
    }

    /// With the first `end` replaced by `rule`, in which `$1` and `$2` stand for those `groups`. `None` beyond
    /// [`MAX_CHARS`].
    pub(super) fn replaced(&self, end: usize, rule: &str, groups: [Option<(usize, usize)>; 2]) -> Option<Self> {
        let mut all = Self::default();
        let mut signs = rule.bytes();
        while let Some(sign) = signs.next() {
            if sign == b'$' {
                let group = usize::from(signs.next()?.checked_sub(b'1')?);
                if let Some((from, to)) = *groups.get(group)? {
                    all.extend(self.as_slice().get(from..to)?);
                }
            } else {
                all.push(sign.checked_sub(b'0')?);
            }
        }
        let rest = self.as_slice().get(end..)?;
        all.extend(rest);
        Some(all)
    }
}

fn append(number: u64, digit: u8) -> Option<u64> {
    number.checked_mul(10)?.checked_add(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(bool, u64)> {
        Written::read(text).map(|written| (written.plus, written.digits.behind(0).unwrap()))
    }

    #[test]
    fn people_and_programs_write_numbers_in_many_ways() {
        for text in [
            "+447402417171",
            " +44 7402 417171 ",
            "+44-7402-417171",
            "+44\u{a0}7402\u{202f}417171",
            "(+44) 7402.417171",
            "tel:+447402417171",
            "TEL:+44-7402-417171",
            "＋４４７４０２４１７１７１",
            "+٤٤٧٤٠٢٤١٧١٧١",
            "\u{202a}+44 7402 417171\u{202c}",
        ] {
            assert_eq!(read(text), Some((true, 447_402_417_171)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "+", "abc", "+44 7402 417171 x12", "+44+7402", "44+7402", "1,2", "*123#", "12;ext=3", "0x12"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"1".repeat(41)), None);
        assert_eq!(read(&"\u{ff11}".repeat(41)), None);
        assert!(Written::read(&"1".repeat(40)).is_some());
    }
}
