//! The result for people: one row a scenario, within 100 columns.

use std::fmt::Write as _;

use super::changes::{Changes, Example};
use super::report::{AgainstReport, AlertsReport, BeforeFirstRefusal, Counted, LogReport, Measures, Report};
use super::show::{aligned, amount, brief, grouped, percent};
use crate::alerts::counted;
use crate::domain::Span;
use crate::trace::Label;

/// Longest name of a scenario that is shown whole.
const NAME: usize = 24;

impl Report {
    /// The table, with what was replayed above it and how it was answered below.
    pub fn to_table(&self) -> String {
        let mut text = self.heading();
        if !self.scenarios.is_empty() {
            text.push_str(&self.measures());
            text.push_str(&self.counts());
            text.push_str(&self.heard());
        }
        if let Some(against) = &self.against {
            _ = write!(text, "\nagainst {}\n\n", against.revision);
            if !self.scenarios.is_empty() {
                text.push_str(&self.compared(against));
            }
            text.push_str(&changes(&against.changes, &self.currency));
        }
        if let Some(log) = &self.log {
            text.push_str("now, against what was decided when the log was written\n\n");
            text.push_str(&changes(&log.changes, &self.currency));
            text.push_str(&imputed(log));
        }
        text.trim_end().to_owned()
    }

    fn heading(&self) -> String {
        let mode = if self.as_configured { "as configured" } else { "enforced" };
        let revision = self.revision.map(|revision| revision.to_string()).unwrap_or_default();
        let sends = grouped(self.sends);
        match (self.from, self.to) {
            (Some(from), Some(to)) => format!(
                "{sends} requests for codes and {} pages, {from} to {to}\n{revision}, {mode}\n\n",
                grouped(self.pages)
            ),
            _ => format!("nothing to replay: the trace has no event; {revision}, {mode}\n"),
        }
    }

    fn measures(&self) -> String {
        let head = ["scenario", "legit", "lost", "challenged", "attack", "leaked", "money", "before 1st refusal"];
        let mut rows = vec![head.map(str::to_owned)];
        for scenario in &self.scenarios {
            rows.push(row(&scenario.scenario, &scenario.measures, Some(&scenario.before_first_refusal)));
        }
        if self.scenarios.len() > 1 {
            rows.push(row("all", &self.total.measures, None));
        }
        aligned(&rows)
    }

    fn counts(&self) -> String {
        let mut text = String::from("\n");
        for (who, counted) in [("legit", &self.total.legit), ("attack", &self.total.attack)] {
            if counted.sends > 0 {
                _ = writeln!(text, "{who:>6}: {}", answered(counted));
            }
        }
        _ = writeln!(text, "{:>8}money in {}; before 1st refusal: SMS, money, time", "", self.currency);
        text
    }

    /// When on-call people would have heard of each attack, and of what else.
    pub(super) fn heard(&self) -> String {
        let mut text = String::new();
        for scenario in self.scenarios.iter().filter(|scenario| scenario.measures.attack_sends > 0) {
            let BeforeFirstRefusal { sms, money, ms } = &scenario.before_first_alert;
            let after = ms.map_or_else(|| "never".to_owned(), |ms| format!("after {}", brief(Span::millis(ms))));
            let (name, sms) = (shortened(&scenario.scenario), grouped(*sms));
            _ = writeln!(
                text,
                "{:>8}{name} is told {after}; {sms} SMS, {} {} by then",
                "alert: ",
                amount(*money),
                self.currency
            );
        }
        let AlertsReport { incidents, quiet, messages, .. } = &self.alerts;
        if *messages > 0 {
            let (incidents, messages) = (counted(incidents, "incident"), counted(messages, "message"));
            _ = writeln!(text, "{:>8}{incidents} in {messages}, {quiet} while no attack was under way", "");
        } else if text.is_empty() {
            _ = writeln!(text, "{:>8}nobody is told of anything", "alert: ");
        }
        text
    }

    /// Each measure as it is now, and in brackets as it is there.
    fn compared(&self, against: &AgainstReport) -> String {
        let head = ["scenario", "lost", "challenged", "leaked", "money"];
        let mut rows = vec![head.map(str::to_owned)];
        let mut push = |name: &str, now: &Measures, there: &Measures| {
            let both = |now: Option<f64>, there: Option<f64>| match (now, there) {
                (Some(now), Some(there)) => format!("{} ({})", percent(now), percent(there)),
                _ => "-".to_owned(),
            };
            rows.push([
                shortened(name),
                both(now.lost, there.lost),
                both(now.challenged, there.challenged),
                both(now.leaked, there.leaked),
                both(now.leaked_money_share, there.leaked_money_share),
            ]);
        };
        for (now, there) in self.scenarios.iter().zip(&against.scenarios) {
            push(&now.scenario, &now.measures, &there.measures);
        }
        if self.scenarios.len() > 1 {
            push("all", &self.total.measures, &against.total);
        }
        aligned(&rows) + "\n"
    }
}

fn row(name: &str, measures: &Measures, first: Option<&BeforeFirstRefusal>) -> [String; 8] {
    let nothing = || "-".to_owned();
    let shared =
        |part: String, share: Option<f64>| share.map_or_else(nothing, |share| format!("{part} {:>5}", percent(share)));
    let before = first.filter(|_| measures.attack_sends > 0).map_or_else(nothing, |first| {
        let after = first.ms.map_or_else(|| "never".to_owned(), |ms| brief(Span::millis(ms)));
        format!("{} {} {after:>5}", grouped(first.sms), amount(first.money))
    });
    [
        shortened(name),
        grouped(measures.legit_sends),
        shared(grouped(measures.lost_sends), measures.lost),
        shared(grouped(measures.challenged_sends), measures.challenged),
        grouped(measures.attack_sends),
        shared(grouped(measures.leaked_sends), measures.leaked),
        shared(amount(measures.leaked_money), measures.leaked_money_share),
        before,
    ]
}

/// First answers, then who had the last word.
fn answered(counted: &Counted) -> String {
    let named = |counts: &[(&'static str, u64)]| {
        let parts = counts.iter().filter(|(_, count)| *count > 0);
        parts.map(|(name, count)| format!("{name} {}", grouped(*count))).collect::<Vec<_>>().join(", ")
    };
    let proofs = match counted.challenged {
        0 => String::new(),
        asked => format!(" ({} of {} challenges solved)", grouped(counted.solved), grouped(asked)),
    };
    format!("{}{proofs}; by {}", named(&counted.verdicts.0), named(&counted.decided_by.0))
}

fn changes(changes: &Changes, currency: &str) -> String {
    let mut rows = vec![["", "requests", "legit", "attack", "phones", currency].map(str::to_owned)];
    for (name, change) in changes.named() {
        let [legit, attack] = change.by_label().map(|count| count.map_or_else(|| "-".to_owned(), grouped));
        rows.push([
            name.to_owned(),
            grouped(change.requests),
            legit,
            attack,
            grouped(change.phones as u64),
            amount(change.money),
        ]);
    }
    let mut text = aligned(&rows);
    _ = writeln!(text, "of {} requests that were compared", grouped(changes.compared));
    for (name, change) in changes.named() {
        if !change.examples.is_empty() {
            _ = writeln!(text, "\n{name}, the first {}:", change.examples.len());
            text.extend(change.examples.iter().map(example));
        }
    }
    text
}

fn example(example: &Example) -> String {
    let phone = example.phone.map(|phone| phone.to_string()).unwrap_or_default();
    let label = match example.label {
        Some(Label::Legit) => " legit",
        Some(Label::Attack) => " attack",
        None => "",
    };
    let reason = example.reason.as_ref().map(|reason| format!("      {reason}\n")).unwrap_or_default();
    let (id, at, scenario) = (&example.id, example.at, &example.scenario);
    format!("  {id} {at} {phone} {scenario}{label}: {} -> {}\n{reason}", example.before, example.now)
}

fn imputed(log: &LogReport) -> String {
    let mut text = format!(
        "\na log doesn't say who was real; what never happened is imputed: {}, {} to challenges\n",
        counted(grouped(log.imputed_outcomes), "outcome"),
        counted(grouped(log.imputed_solutions), "answer")
    );
    for (count, what) in [
        (log.not_sent, "left out, for the app answered without a send: requests"),
        (log.torn, "passed over, for a crash cut them off: lines"),
        (log.foreign, "passed over, for they are not lines of a log: lines"),
    ] {
        if count > 0 {
            _ = writeln!(text, "{what} {}", grouped(count));
        }
    }
    for what in &log.not_replayable {
        _ = writeln!(text, "not replayable: {what}");
    }
    text
}

/// A name of the trace: what a terminal would take for a command is not passed on.
fn shortened(name: &str) -> String {
    let shown = name.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    if name.chars().count() <= NAME {
        return shown.collect();
    }
    shown.take(NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_wide_as_their_column_and_command_no_terminal() {
        assert_eq!(shortened("mixed-week"), "mixed-week");
        assert_eq!(shortened("\u{1b}[2Jweek\n"), "\u{fffd}[2Jweek\u{fffd}");
        assert_eq!(shortened(&"\u{9b}".repeat(NAME + 1)), "\u{fffd}".repeat(NAME - 1) + "…");
    }
}
