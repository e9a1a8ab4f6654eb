//! The letters of the image captcha as strokes of a pen: none of them looks like another, whatever is done to it.
//!
//! Left out are those that people confuse: 0 O Q D, 1 I, 2 Z, 5 S, 6 G, 8 B, U V.

/// The letters, each as likely.
pub(super) const ALPHABET: [char; 20] =
    ['A', 'C', 'E', 'F', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'T', 'W', 'X', 'Y', '3', '4', '7', '9'];

/// A letter's box, in units of its strokes.
pub(super) const WIDTH: f32 = 8.0;
/// Its height.
pub(super) const HEIGHT: f32 = 12.0;

/// One movement of the pen: through these points, in a curve where it is round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stroke {
    pub(super) round: bool,
    pub(super) points: &'static [(u8, u8)],
}

const fn line(points: &'static [(u8, u8)]) -> Stroke {
    Stroke { round: false, points }
}

const fn curve(points: &'static [(u8, u8)]) -> Stroke {
    Stroke { round: true, points }
}

/// The strokes of a letter of the alphabet; none for any other.
pub(super) const fn strokes(letter: char) -> &'static [Stroke] {
    match letter {
        'A' => const { &[line(&[(0, 12), (4, 0), (8, 12)]), line(&[(2, 8), (6, 8)])] },
        'C' => const { &[curve(&[(8, 2), (5, 0), (2, 1), (0, 4), (0, 8), (2, 11), (5, 12), (8, 10)])] },
        'E' => const { &[line(&[(7, 0), (0, 0), (0, 12), (7, 12)]), line(&[(0, 6), (6, 6)])] },
        'F' => const { &[line(&[(7, 0), (0, 0), (0, 12)]), line(&[(0, 6), (6, 6)])] },
        'H' => const { &[line(&[(0, 0), (0, 12)]), line(&[(8, 0), (8, 12)]), line(&[(0, 6), (8, 6)])] },
        'J' => const { &[curve(&[(6, 0), (6, 4), (6, 9), (4, 12), (1, 11), (0, 9)]), line(&[(3, 0), (8, 0)])] },
        'K' => const { &[line(&[(0, 0), (0, 12)]), line(&[(7, 0), (0, 7)]), line(&[(3, 5), (8, 12)])] },
        'L' => const { &[line(&[(0, 0), (0, 12), (7, 12)])] },
        'M' => const { &[line(&[(0, 12), (0, 0), (4, 7), (8, 0), (8, 12)])] },
        'N' => const { &[line(&[(0, 12), (0, 0), (8, 12), (8, 0)])] },
        'P' => const { &[line(&[(0, 12), (0, 0)]), curve(&[(0, 0), (5, 0), (8, 2), (8, 5), (5, 7), (0, 7)])] },
        'R' => {
            const {
                &[
                    line(&[(0, 12), (0, 0)]),
                    curve(&[(0, 0), (5, 0), (8, 2), (7, 5), (4, 6), (0, 6)]),
                    line(&[(4, 6), (8, 12)]),
                ]
            }
        }
        'T' => const { &[line(&[(0, 0), (8, 0)]), line(&[(4, 0), (4, 12)])] },
        'W' => const { &[line(&[(0, 0), (2, 12), (4, 4), (6, 12), (8, 0)])] },
        'X' => const { &[line(&[(0, 0), (8, 12)]), line(&[(8, 0), (0, 12)])] },
        'Y' => const { &[line(&[(0, 0), (4, 6), (8, 0)]), line(&[(4, 6), (4, 12)])] },
        '3' => {
            const { &[curve(&[(0, 1), (4, 0), (7, 2), (6, 5), (3, 6)]), curve(&[(3, 6), (7, 7), (8, 10), (5, 12), (0, 11)])] }
        }
        '4' => const { &[line(&[(6, 12), (6, 0), (0, 8), (8, 8)])] },
        '7' => const { &[line(&[(0, 0), (8, 0), (3, 12)])] },
        '9' => {
            const {
                &[
                    curve(&[(7, 4), (6, 1), (3, 0), (1, 2), (1, 5), (3, 7), (6, 6), (7, 4)]),
                    curve(&[(7, 4), (7, 8), (5, 12)]),
                ]
            }
        }
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_can_be_drawn_in_its_box_and_stands_once() {
        for letter in ALPHABET {
            assert!(!strokes(letter).is_empty(), "{letter}");
            for (x, y) in strokes(letter).iter().flat_map(|stroke| stroke.points) {
                assert!(f32::from(*x) <= WIDTH && f32::from(*y) <= HEIGHT, "{letter}");
            }
        }
        let distinct: std::collections::BTreeSet<_> = ALPHABET.into_iter().collect();
        assert_eq!(distinct.len(), ALPHABET.len());
    }
}
