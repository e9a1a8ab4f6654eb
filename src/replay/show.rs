//! Numbers for people.

use crate::domain::{Money, Span};

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12%`, `1.2%`, `0.12%`, `<0.01%` for anything smaller that isn't nothing.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent <= 0.0 {
        "0%".to_owned()
    } else if percent >= 9.95 {
        format!("{percent:.0}%")
    } else if percent >= 0.995 {
        format!("{percent:.1}%")
    } else if percent >= 0.005 {
        format!("{percent:.2}%")
    } else {
        "<0.01%".to_owned()
    }
}

/// A length of time, cut to what matters at its size.
pub(super) fn brief(span: Span) -> String {
    let seconds = span.as_millis() / 1000;
    match seconds {
        0 => span.to_string(),
        1..120 => format!("{seconds}s"),
        120..7170 => format!("{}m", rounded(seconds, 60)),
        7170..171_000 => format!("{}h", rounded(seconds, 3600)),
        _ => format!("{}d", rounded(seconds, 86_400)),
    }
}

const fn rounded(seconds: u64, unit: u64) -> u64 {
    (seconds + unit / 2) / unit
}

/// An amount; nothing is no `0.0000`.
pub(super) fn amount(money: Money) -> String {
    if money == Money::default() { "0".to_owned() } else { money.to_string() }
}

/// Columns under each other, the first to the left, the others to the right.
pub(super) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = if index == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            line.push_str(&cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_cut_to_what_matters() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        for (share, text) in [
            (0.0, "0%"),
            (0.000_001, "<0.01%"),
            (0.000_06, "0.01%"),
            (0.0012, "0.12%"),
            (0.009_96, "1.0%"),
            (0.0996, "10%"),
            (0.5, "50%"),
            (1.0, "100%"),
        ] {
            assert_eq!(percent(share), text);
        }
        for (ms, text) in [(0, "0s"), (250, "250ms"), (61_000, "61s"), (600_000, "10m"), (86_400_000, "24h")] {
            assert_eq!(brief(Span::millis(ms)), text);
        }
    }
}
