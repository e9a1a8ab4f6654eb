//! What a picture shows, what a voice says, and which word a user texts: drawn from the challenge's nonce under our key,
//! so that nothing has to be remembered, and read back as people type it.

use super::glyphs::ALPHABET;
use crate::challenge::seal::{Part, Seals};

/// Letters of a picture; 64 million answers.
pub(super) const LETTERS: usize = 6;
/// Digits of a voice.
pub(super) const DIGITS: usize = 6;
/// Letters of a word to be texted.
pub(super) const WORD: usize = 7;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Letters,
    Digits,
    Word,
}

/// The text of a challenge in its `round`, a new one after each wrong answer: under the current key first, and under each
/// older one.
pub(super) fn texts(seals: &Seals, nonce: u128, what: What, round: u8) -> Vec<String> {
    let (label, length) = match what {
        What::Letters => (1, LETTERS),
        What::Digits => (2, DIGITS),
        What::Word => (3, WORD),
    };
    seals.blind(nonce, Part::Answer, &[label, round]).map(|bits| spell(bits, what, length)).collect()
}

/// The current one.
pub(super) fn text(seals: &Seals, nonce: u128, what: What, round: u8) -> String {
    texts(seals, nonce, what, round).into_iter().next().unwrap_or_default()
}

/// 64 bits are many more than any text needs, so each letter is as likely as the others to one part in 10^9.
fn spell(mut bits: u64, what: What, length: usize) -> String {
    let mut digit = |base: u64| {
        let value = usize::try_from(bits % base).unwrap_or(0);
        bits /= base;
        value
    };
    let letter = |_| match what {
        What::Digits => char::from(b'0' + u8::try_from(digit(10)).unwrap_or(0)),
        What::Letters | What::Word => ALPHABET.get(digit(ALPHABET.len() as u64)).copied().unwrap_or('A'),
    };
    (0..length).map(letter).collect()
}

/// Whether a person who typed this meant that: case, spaces and hyphens don't matter, nor that a keyboard is set to
/// Cyrillic or to full width.
pub(super) fn is_meant(typed: &str, text: &str) -> bool {
    // Nothing secret is compared that a client could learn by timing: each try is counted, and few are.
    typed.len() <= 64 && normal(typed).eq(text.chars())
}

fn normal(typed: &str) -> impl Iterator<Item = char> {
    typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '_'))
        .flat_map(char::to_uppercase)
        .map(latin)
}

/// The letter of the alphabet that looks the same.
const fn latin(letter: char) -> char {
    match letter {
        'А' => 'A',
        'С' => 'C',
        'Е' => 'E',
        'Н' => 'H',
        'К' => 'K',
        'М' => 'M',
        'Р' => 'P',
        'Т' => 'T',
        'Х' => 'X',
        'У' => 'Y',
        'З' => '3',
        '\u{ff01}'..='\u{ff5e}' => match char::from_u32(letter as u32 - 0xfee0) {
            Some(ascii) => ascii,
            None => letter,
        },
        _ => letter,
    }
}

/// The texts in an SMS that could be its word.
pub(super) fn words(sms: &str) -> impl Iterator<Item = String> {
    let pieces = sms.split(|c: char| !c.is_alphanumeric()).take(64);
    pieces.map(|piece| normal(piece).collect::<String>()).filter(|word| word.len() == WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_type_as_they_do() {
        for typed in ["KX7ERM", "kx7erm", " k x7-erm ", "КХ7ЕRМ", "кх7еrм", "ＫＸ７ＥＲＭ"] {
            assert!(is_meant(typed, "KX7ERM"), "{typed}");
        }
        for typed in ["", "KX7ER", "KX7ERMM", "KX7ERN", "kx7erm?"] {
            assert!(!is_meant(typed, "KX7ERM"), "{typed}");
        }
        assert!(!is_meant(&" ".repeat(100), ""));
    }

    #[test]
    fn texts_differ_by_nonce_round_kind_and_key() {
        let seals = Seals::new(&[[1; 32], [2; 32]]);
        let text = |nonce, what, round| text(&seals, nonce, what, round);
        assert_eq!(text(1, What::Letters, 0), text(1, What::Letters, 0));
        assert_ne!(text(1, What::Letters, 0), text(2, What::Letters, 0));
        assert_ne!(text(1, What::Letters, 0), text(1, What::Letters, 1));
        assert!(text(1, What::Digits, 0).chars().all(|c| c.is_ascii_digit()));
        let older = texts(&Seals::new(&[[9; 32], [1; 32]]), 1, What::Letters, 0);
        assert_eq!(older.len(), 2);
        assert_eq!(older[1], text(1, What::Letters, 0), "what was asked before the keys turned is still right");
    }

    #[test]
    fn every_letter_comes() {
        let seals = Seals::new(&[[1; 32]]);
        let drawn: String = (0..200).map(|nonce| text(&seals, nonce, What::Letters, 0)).collect();
        assert!(ALPHABET.iter().all(|letter| drawn.contains(*letter)), "{drawn}");
    }

    #[test]
    fn a_word_is_found_among_others() {
        let found = |sms| words(sms).collect::<Vec<_>>();
        assert_eq!(found("My word is kx7-erma: KX7ERMA. Thanks!"), ["KX7ERMA"]);
        assert_eq!(found("hello"), Vec::<String>::new());
    }
}
