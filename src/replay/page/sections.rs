//! The tables of the page.

use std::fmt::Write as _;

use super::super::changes::{Change, Changes, Example};
use super::super::report::{AgainstReport, BeforeFirstRefusal, LogReport, Measures, Report};
use super::super::show::{self, amount, brief, grouped};
use crate::domain::Span;
use crate::trace::Label;

/// Text as it stands in HTML.
pub(super) fn text(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A share as it stands in HTML.
pub(super) fn percent(share: f64) -> String {
    text(&show::percent(share))
}

/// Lines without the spaces that all of them begin with.
fn outdented(lines: &str) -> String {
    let indent = lines.lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or_default();
    lines.lines().map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The measures, one row a scenario.
pub(super) fn measures(report: &Report) -> String {
    let mut html = format!(
        "<section><h2>Measures</h2><div class=\"wide\"><table><thead><tr><th>scenario<th>legit<th>lost<th>challenged\
         <th>attack<th>leaked<th>{}<th>before the first refusal</thead><tbody>",
        text(&report.currency)
    );
    for (number, scenario) in report.scenarios.iter().enumerate() {
        let name = format!("<a href=\"#s{number}\">{}</a>", text(&scenario.scenario));
        html.push_str(&row(&name, &scenario.measures, Some(&scenario.before_first_refusal)));
    }
    if report.scenarios.len() > 1 {
        html.push_str("</tbody><tbody>");
        html.push_str(&row("all", &report.total.measures, None));
    }
    html.push_str("</tbody></table></div></section>\n");
    html
}

/// When on-call people would have heard of what.
pub(super) fn alerts(report: &Report) -> String {
    let mut html = format!("<section><h2>Alerts</h2><pre>{}</pre>", text(&outdented(&report.heard())));
    html.push_str(
        "<div class=\"wide\"><table class=\"words\"><thead><tr><th>when<th>what<th>rule<th>told</thead><tbody>",
    );
    for line in &report.alerts.listed {
        let what = format!("{} {}", line.severity.name(), line.status.name());
        _ = write!(html, "<tr><th>{}<td>{what}<td>{}<td>{}", line.at, text(&line.rule), text(&line.summary));
    }
    html.push_str("</tbody></table></div></section>\n");
    html
}

fn row(name: &str, measures: &Measures, first: Option<&BeforeFirstRefusal>) -> String {
    let cell = |class: &str, share: Option<f64>, part: &str| match share {
        Some(share) => {
            let class = if share > 0.0 { class } else { "zero" };
            format!("<td class=\"{class}\"><b>{}</b> {part}", percent(share))
        }
        None => "<td class=\"none\">–".to_owned(),
    };
    let before = first.filter(|_| measures.attack_sends > 0).map_or_else(String::new, |first| {
        let after = first.ms.map_or_else(|| "never refused".to_owned(), |ms| brief(Span::millis(ms)));
        format!("{} SMS, {}, {after}", grouped(first.sms), amount(first.money))
    });
    let count = |count: u64| if count == 0 { "–".to_owned() } else { grouped(count) };
    format!(
        "<tr><th>{name}<td>{}{}{}<td>{}{}{}<td>{before}",
        count(measures.legit_sends),
        cell("warn", measures.lost, &grouped(measures.lost_sends)),
        cell("proof", measures.challenged, &grouped(measures.challenged_sends)),
        count(measures.attack_sends),
        cell("bad", measures.leaked, &grouped(measures.leaked_sends)),
        cell("bad", measures.leaked_money_share, &amount(measures.leaked_money)),
    )
}

/// Another configuration beside this one.
pub(super) fn comparison(report: &Report, against: &AgainstReport) -> String {
    let changes = changes(&format!("What changes, against {}", against.revision), &against.changes, &report.currency);
    if report.scenarios.is_empty() {
        return changes;
    }
    let mut html = format!(
        "<section><h2>Against {}</h2><div class=\"wide\"><table><thead><tr><th>scenario<th>lost<th>challenged<th>leaked\
         <th>leaked money</thead><tbody>",
        against.revision
    );
    let both = |now: Option<f64>, there: Option<f64>| match (now, there) {
        (Some(now), Some(there)) => {
            let class = match now.total_cmp(&there) {
                std::cmp::Ordering::Less => "better",
                std::cmp::Ordering::Equal => "same",
                std::cmp::Ordering::Greater => "worse",
            };
            format!("<td class=\"{class}\"><b>{}</b> was {}", percent(now), percent(there))
        }
        _ => "<td class=\"none\">–".to_owned(),
    };
    let names = report.scenarios.iter().map(|scenario| (scenario.scenario.as_str(), &scenario.measures));
    let now = names.chain([("all", &report.total.measures)]);
    let there = against.scenarios.iter().map(|scenario| &scenario.measures).chain([&against.total]);
    for ((name, now), there) in now.zip(there) {
        _ = write!(
            html,
            "<tr><th>{}{}{}{}{}",
            text(name),
            both(now.lost, there.lost),
            both(now.challenged, there.challenged),
            both(now.leaked, there.leaked),
            both(now.leaked_money_share, there.leaked_money_share)
        );
    }
    html.push_str("</tbody></table></div></section>\n");
    html + &changes
}

/// What is decided differently, with examples.
pub(super) fn changes(title: &str, changes: &Changes, currency: &str) -> String {
    let mut html = format!(
        "<section><h2>{}</h2><div class=\"wide\"><table><thead><tr><th><th>requests<th>legit<th>attack<th>phones<th>{}\
         </thead><tbody>",
        text(title),
        text(currency)
    );
    for (name, change) in changes.named() {
        let Change { requests, phones, money, .. } = change;
        let [requests, phones] = [*requests, *phones as u64].map(grouped);
        let [legit, attack] = change.by_label().map(|count| count.map_or_else(|| "–".to_owned(), grouped));
        _ = write!(html, "<tr><th>{name}<td>{requests}<td>{legit}<td>{attack}<td>{phones}<td>{}", amount(*money));
    }
    _ = write!(html, "</tbody></table></div><p>{} requests were compared.</p>", grouped(changes.compared));
    for (name, change) in changes.named().into_iter().filter(|(_, change)| !change.examples.is_empty()) {
        _ = write!(html, "<details><summary>{name}: the first {}</summary><ul>", change.examples.len());
        html.extend(change.examples.iter().map(example));
        html.push_str("</ul></details>");
    }
    html.push_str("</section>\n");
    html
}

fn example(example: &Example) -> String {
    let phone = example.phone.map(|phone| phone.to_string()).unwrap_or_default();
    let label = match example.label {
        Some(Label::Legit) => "legit",
        Some(Label::Attack) => "attack",
        None => "",
    };
    let reason = example.reason.as_deref().unwrap_or_default();
    format!(
        "<li><code>{}</code> {} {phone} {} {label}: {} → {}<br><small>{}</small>",
        text(&example.id),
        example.at,
        text(&example.scenario),
        example.before,
        example.now,
        text(reason)
    )
}

/// What a log didn't hold.
pub(super) fn imputed(log: &LogReport) -> String {
    let mut html = format!(
        "<section><p>{} outcomes and {} challenges never happened and are imputed; {} requests without a send, {} torn \
         lines and {} that are not of a log are left out.</p>",
        grouped(log.imputed_outcomes),
        grouped(log.imputed_solutions),
        grouped(log.not_sent),
        grouped(log.torn),
        grouped(log.foreign)
    );
    for what in &log.not_replayable {
        _ = write!(html, "<p>Not replayable: {}</p>", text(what));
    }
    html.push_str("</section>\n");
    html
}
