//! Exponential fading, the same bits on every machine and in a few nanoseconds.

use std::f32::consts::LOG2_E;

use crate::domain::Span;

/// What is left after `ms`, of what halves in `half_life`.
pub(super) fn half(ms: u64, half_life: Span) -> f32 {
    let [half] = powers_of_half([ratio(ms, half_life)]);
    half
}

/// The same, and what is left of what falls to 1/e in each of these constants: side by side, for this is a good part
/// of what cells cost.
pub(super) fn half_and_fade<const N: usize>(ms: u64, half_life: Span, constants: [Span; N]) -> (f32, [f32; N]) {
    (half(ms, half_life), powers_of_half(constants.map(|constant| ratio(ms, constant) * LOG2_E)))
}

fn ratio(ms: u64, span: Span) -> f32 {
    number(ms) / number(span.as_millis().max(1))
}

/// Of signed numbers a conversion is one instruction.
#[expect(clippy::cast_precision_loss, reason = "spans of days in milliseconds, to seven digits")]
fn number(ms: u64) -> f32 {
    i64::try_from(ms).unwrap_or(i64::MAX) as f32
}

/// `2^-x` for each `x >= 0`, to one part in 10,000: the whole part goes into the exponent, the rest through a polynomial
/// that is exact at both ends of its interval, so that fading twice by half is fading once by a quarter.
///
/// Without a branch, a conversion or a call, so that it is done for four of them at once.
#[inline]
fn powers_of_half<const N: usize>(exponents: [f32; N]) -> [f32; N] {
    /// Beyond, nothing is left.
    const MOST: f32 = 100.0;
    /// 2^23: what is added to it loses its fraction, and stands in the lowest bits.
    const WHOLE: f32 = 8_388_608.0;
    exponents.map(|x| {
        let within = x.min(MOST);
        let nearest = (within + WHOLE) - WHOLE;
        let whole = nearest - f32::from_bits(mask(nearest > within) & 1.0_f32.to_bits());
        let rest = within - whole;
        let part = 1.0 - rest * (0.691_395 - rest * (0.230_509 - rest * 0.039_114));
        let power = 1.0_f32.to_bits().wrapping_sub((whole + WHOLE).to_bits() << 23);
        f32::from_bits((part * f32::from_bits(power)).to_bits() & mask(x < MOST))
    })
}

fn mask(holds: bool) -> u32 {
    u32::from(holds).wrapping_neg()
}

#[cfg(test)]
#[expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "exact at both ends")]
mod tests {
    use super::*;

    #[test]
    fn fading_follows_the_exponential_to_one_part_in_a_thousand() {
        for tenths in 0_u64..400 {
            let exact = 0.5_f64.powf(tenths as f64 / 10.0);
            let faded = f64::from(half(tenths * 100, Span::seconds(1)));
            assert!((faded / exact - 1.0).abs() < 1e-3, "{tenths}: {faded} {exact}");
        }
        let (_, fading) = half_and_fade(90_000, Span::seconds(1), [Span::seconds(60), Span::seconds(120)]);
        for (faded, constant) in fading.into_iter().zip([60.0_f64, 120.0]) {
            assert!((f64::from(faded) / (-90.0 / constant).exp() - 1.0).abs() < 1e-3, "{faded}");
        }
        assert_eq!(half(0, Span::seconds(1)), 1.0);
        assert_eq!(half(1_000_000, Span::seconds(1)), 0.0);
        assert_eq!(half(u64::MAX, Span::millis(1)), 0.0);
    }

    #[test]
    fn whole_half_lives_are_exact() {
        for times in 0..100_u16 {
            assert_eq!(half(u64::from(times) * 1000, Span::seconds(1)), 0.5_f32.powi(i32::from(times)), "{times}");
        }
    }
}
