//! The result for people: one row a scenario, within 100 columns.

use std::fmt::Write as _;

use super::report::{BeforeFirstRefusal, Measures, Report};
use crate::domain::Span;

const HEAD: [&str; 8] = ["scenario", "legit", "lost", "challenged", "attack", "leaked", "money", "before 1st refusal"];
/// Longest name of a scenario that is shown whole.
const NAME: usize = 24;

/// The table, with what was replayed above it and what was answered below.
pub fn table(report: &Report) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for scenario in &report.scenarios {
        rows.push(row(&scenario.scenario, &scenario.measures, Some(&scenario.before_first_refusal)));
    }
    if report.scenarios.len() != 1 {
        rows.push(row("all", &report.total.measures, None));
    }
    let mut text = String::new();
    if let (Some(from), Some(to)) = (report.from, report.to) {
        let mode = if report.as_configured { "as configured" } else { "enforced" };
        _ = writeln!(
            text,
            "{} requests for codes and {} pages from {from} to {to}, {}, {mode}\n",
            grouped(report.sends),
            grouped(report.pages),
            report.revision
        );
    }
    text.push_str(&aligned(&rows));
    text.push('\n');
    let counted = &report.total.counted;
    for (what, counts) in
        [("first answer", &counted.verdicts), ("ended at", &counted.rungs), ("decided by", &counted.decided_by)]
    {
        let parts = counts.iter().filter(|(_, [legit, attack])| legit + attack > 0);
        let parts: Vec<_> =
            parts.map(|(name, [legit, attack])| format!("{name} {} + {}", grouped(*legit), grouped(*attack))).collect();
        _ = writeln!(text, "{what:>12}: {}", parts.join(", "));
    }
    _ = write!(text, "{:>12}  (legit + attack; money in {})", "", report.currency);
    text
}

fn row(name: &str, measures: &Measures, first: Option<&BeforeFirstRefusal>) -> [String; HEAD.len()] {
    let shared = |part: u64, share: Option<f64>| {
        share.map_or_else(|| "-".to_owned(), |share| format!("{} {}", grouped(part), percent(share)))
    };
    let money = measures
        .leaked_money_share
        .map_or_else(|| "-".to_owned(), |share| format!("{} {}", measures.leaked_money, percent(share)));
    let before = first.filter(|_| measures.attack_sends > 0).map_or_else(
        || "-".to_owned(),
        |first| {
            let after = first.ms.map_or_else(|| "never".to_owned(), |ms| brief(Span::millis(ms)));
            format!("{} {} {after}", grouped(first.sms), first.money)
        },
    );
    [
        shortened(name),
        grouped(measures.legit_sends),
        shared(measures.lost_sends, measures.lost),
        shared(measures.challenged_sends, measures.challenged),
        grouped(measures.attack_sends),
        shared(measures.leaked_sends, measures.leaked),
        money,
        before,
    ]
}

/// Columns under each other, the first to the left, the others to the right.
fn aligned(rows: &[[String; HEAD.len()]]) -> String {
    let mut widths = [0; HEAD.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            match index {
                0 => _ = write!(text, "{cell:<width$}"),
                _ => _ = write!(text, "  {cell:>width$}"),
            }
        }
        text.push('\n');
    }
    text
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `0.1%`, `0.004%`, `12%`: two digits that tell.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0%".to_owned(),
        _ if percent >= 10.0 => format!("{percent:.0}%"),
        _ if percent >= 1.0 => format!("{percent:.1}%"),
        _ => format!("{percent:.2}%"),
    }
}

/// A length of time, cut to what matters at its size.
fn brief(span: Span) -> String {
    let seconds = span.as_millis() / 1000;
    match seconds {
        0 => span.to_string(),
        1..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
