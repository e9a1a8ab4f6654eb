//! Bytes of no known encoding as text, and back by the browser: in windows-1252, as the WHATWG has it, every byte is one
//! character and every such character one byte. A form whose bytes aren't UTF-8 goes through a page unchanged that way.

/// What 0x80 to 0x9F stand for; all other bytes are the character of the same number.
const HIGH: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}',
    '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}',
    '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}',
    '\u{17e}', '\u{178}',
];

/// The text that a browser sends as these bytes, in a form of `accept-charset="windows-1252"`.
pub(super) fn decode(bytes: &[u8]) -> String {
    let character = |byte: &u8| byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at))).copied();
    bytes.iter().map(|byte| character(byte).unwrap_or_else(|| char::from(*byte))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_byte_is_a_character_of_its_own() {
        let all: Vec<u8> = (0..=255).collect();
        let text = decode(&all);
        assert_eq!(text.chars().collect::<HashSet<_>>().len(), 256);
        assert_eq!(decode(b"\x80\x9f\xa0\xffA"), "\u{20ac}\u{178}\u{a0}\u{ff}A");
    }
}
