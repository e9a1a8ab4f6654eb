//! The spoken alternative: digits, for people who can't see the picture.
//!
//! The voice is eSpeak NG's, which those who use a screen reader know; `make.py` beside this file made the sounds. Each
//! digit is spoken at another pitch and pace, after another pause, over a murmur of other digits played backwards. That
//! keeps off a program that compares sounds, and no program that recognises speech.

use crate::random::Random;

/// A language that the digits are spoken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Language(u8);

/// Samples a second.
const RATE: u32 = 8_000;
/// How loud the murmur is, next to the voice.
const MURMUR: f64 = 0.16;
/// How loud the hiss is.
const HISS: f64 = 0.03;

const SOUNDS: [(&str, &[u8]); 7] = [
    ("en", include_bytes!("en.pcm")),
    ("zh", include_bytes!("zh.pcm")),
    ("ru", include_bytes!("ru.pcm")),
    ("es", include_bytes!("es.pcm")),
    ("it", include_bytes!("it.pcm")),
    ("fr", include_bytes!("fr.pcm")),
    ("de", include_bytes!("de.pcm")),
];

impl Language {
    /// The first of an `Accept-Language` that is spoken here, else English.
    pub fn accepted(header: &str) -> Self {
        let mut wanted = header.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        let spoken = |tag: &str| {
            let language = tag.split('-').next().unwrap_or_default();
            SOUNDS.iter().position(|(name, _)| name.eq_ignore_ascii_case(language))
        };
        Self(wanted.find_map(spoken).and_then(|index| u8::try_from(index).ok()).unwrap_or(0))
    }

    /// Its two letters.
    pub fn name(self) -> &'static str {
        self.sounds().0
    }

    fn sounds(self) -> (&'static str, &'static [u8]) {
        SOUNDS.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    /// The sound of a digit.
    fn digit(self, digit: usize) -> &'static [u8] {
        let (_, bytes) = self.sounds();
        let length = |index: usize| {
            bytes.get(index * 2..index * 2 + 2).and_then(<[u8]>::first_chunk).map_or(0, |two| u16::from_le_bytes(*two))
        };
        let before: usize = (0..digit).map(|index| usize::from(length(index))).sum();
        let start = 20 + before;
        bytes.get(start..start + usize::from(length(digit))).unwrap_or_default()
    }
}

/// The digits of `text`, spoken, as a WAV file; the same seed gives the same one.
pub(super) fn speak(text: &str, language: Language, seed: u64) -> Vec<u8> {
    let mut random = Random::seeded(seed);
    let mut sound = silence(&mut random);
    for digit in text.chars().filter_map(|c| c.to_digit(10)) {
        sound.extend(at_pace(language.digit(digit as usize), random.uniform(0.88, 1.14), random.uniform(0.8, 1.0)));
        sound.extend(silence(&mut random));
    }
    murmur(&mut sound, language, &mut random);
    wav(&sound)
}

fn silence(random: &mut Random) -> Vec<f64> {
    vec![0.0; random.index(RATE as usize / 2) + RATE as usize * 2 / 5]
}

/// A sound played faster or slower, which moves its pitch too.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths of sounds"
)]
fn at_pace(sound: &[u8], pace: f64, loudness: f64) -> Vec<f64> {
    let sample = |index: usize| f64::from(sound.get(index).copied().unwrap_or(128)) - 128.0;
    let length = (sound.len() as f64 / pace) as usize;
    let at = |index: usize| {
        let place = index as f64 * pace;
        let (whole, part) = (place as usize, place.fract());
        (sample(whole) * (1.0 - part) + sample(whole + 1) * part) / 128.0 * loudness
    };
    (0..length).map(at).collect()
}

/// Adds other digits, backwards and softly, and a hiss.
fn murmur(sound: &mut [f64], language: Language, random: &mut Random) {
    let mut start = random.index(RATE as usize / 2);
    while start < sound.len() {
        let other = at_pace(language.digit(random.index(10)), random.uniform(0.8, 1.3), MURMUR);
        for (sample, soft) in sound.iter_mut().skip(start).zip(other.iter().rev()) {
            *sample += soft;
        }
        start += other.len() + random.index(RATE as usize / 4);
    }
    for sample in sound {
        *sample += random.uniform(-HISS, HISS);
    }
}

/// 8 bits, one channel.
fn wav(sound: &[f64]) -> Vec<u8> {
    let length = u32::try_from(sound.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(44 + sound.len());
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(RATE.to_le_bytes());
    bytes.extend(RATE.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(length.to_le_bytes());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
    bytes.extend(sound.iter().map(|sample| (128.0 + sample * 110.0).clamp(0.0, 255.0) as u8));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_every_digit() {
        for (name, bytes) in SOUNDS {
            let language = Language::accepted(name);
            assert_eq!(language.name(), name);
            let lengths: Vec<usize> = (0..10).map(|digit| language.digit(digit).len()).collect();
            assert_eq!(lengths.iter().sum::<usize>() + 20, bytes.len(), "{name}");
            assert!(lengths.iter().all(|length| (1_500..6_500).contains(length)), "{name}: {lengths:?}");
        }
    }

    #[test]
    fn the_language_is_the_first_that_is_spoken() {
        for (header, language) in [
            ("pt-BR,es;q=0.8,en;q=0.5", "es"),
            ("zh-Hans-CN", "zh"),
            ("", "en"),
            ("*", "en"),
            ("DE", "de"),
            ("xx", "en"),
        ] {
            assert_eq!(Language::accepted(header).name(), language, "{header}");
        }
    }

    #[test]
    fn what_is_spoken_is_a_sound_file_and_no_two_are_alike() {
        let speak = |seed| speak("314159", Language::accepted("en"), seed);
        let one = speak(1);
        assert_eq!(one, speak(1));
        let length = u32::from_le_bytes(*one[40..].first_chunk().unwrap()) as usize;
        assert_eq!((&one[..4], &one[8..16], 44 + length), (b"RIFF".as_slice(), b"WAVEfmt ".as_slice(), one.len()));
        assert!((30_000..90_000).contains(&one.len()), "{}", one.len());
        let same = one.iter().zip(&speak(2)).skip(44).filter(|(a, b)| a == b).count();
        assert!(same * 4 < one.len(), "{same} samples are the same");
    }
}
