//! The result as one page that needs nothing else: measures, what happened when, what spoke. Its charts are drawn
//! here; the script only tells what stands under the pointer.

mod chart;
mod sections;

use std::fmt::Write as _;

use super::report::{Report, ScenarioReport};
use super::show::{amount, brief, grouped};
use super::timeline::Track;
use crate::domain::{Span, Timestamp};
use sections::{changes, comparison, measures, percent, text};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

impl Report {
    /// The page.
    pub fn to_page(&self) -> String {
        let mut page = String::with_capacity(64 * 1024);
        _ = write!(
            page,
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>Replay {}</title>\n<style>\n{STYLE}</style>\n",
            self.revision_text()
        );
        page.push_str(&self.head());
        if !self.scenarios.is_empty() {
            page.push_str(&measures(self));
        }
        if let Some(against) = &self.against {
            page.push_str(&comparison(self, against));
        }
        if let Some(log) = &self.log {
            page.push_str(&changes(
                "Now, against what was decided when the log was written",
                &log.changes,
                &self.currency,
            ));
            page.push_str(&sections::imputed(log));
        }
        let mut data = Vec::new();
        for (name, track) in self.tracks() {
            page.push_str(&self.track(name, track, data.len()));
            data.push(chart::data(track));
        }
        if !self.alerts.listed.is_empty() {
            page.push_str(&sections::alerts(self));
        }
        // "<" could end the script.
        let data = serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c");
        _ = write!(
            page,
            "<script type=\"application/json\" id=\"data\">{data}</script>\n<script>\n{SCRIPT}</script>\n</html>"
        );
        page
    }

    fn revision_text(&self) -> String {
        self.revision.map(|revision| revision.to_string()).unwrap_or_default()
    }

    fn head(&self) -> String {
        let mode = if self.as_configured { "modes as configured" } else { "everything enforced" };
        let when = self.from.zip(self.to).map(|(from, to)| {
            let minute = |at: Timestamp| at.to_string().get(..16).unwrap_or_default().replace('T', " ");
            format!("{} to {} UTC ({}) · ", minute(from), minute(to), brief(to.since(from)))
        });
        let mut head = format!(
            "<header><h1>Replay</h1><p>{}{} requests for codes, {} pages · {} · {mode}</p></header>\n",
            when.unwrap_or_default(),
            grouped(self.sends),
            grouped(self.pages),
            self.revision_text()
        );
        if self.scenarios.is_empty() {
            return head;
        }
        let total = &self.total.measures;
        head.push_str("<div class=\"tiles\">");
        let money = format!("{} {} of {}", amount(total.leaked_money), self.currency, amount(total.attack_money));
        for (class, name, share, detail) in [
            (
                "bad",
                "leaked",
                total.leaked,
                format!("{} of {} attack sends, {money}", grouped(total.leaked_sends), grouped(total.attack_sends)),
            ),
            (
                "warn",
                "lost",
                total.lost,
                format!("{} of {} sends of real users", grouped(total.lost_sends), grouped(total.legit_sends)),
            ),
            (
                "proof",
                "challenged",
                total.challenged,
                format!("{} of {} sends of real users", grouped(total.challenged_sends), grouped(total.legit_sends)),
            ),
        ] {
            if let Some(share) = share {
                _ = write!(
                    head,
                    "<div class=\"tile {class}\"><b>{}</b><span>{name}</span><small>{detail}</small></div>",
                    percent(share)
                );
            }
        }
        head.push_str("</div>\n");
        head
    }

    /// Scenarios in the order of their names.
    fn tracks(&self) -> Vec<(&str, &Track)> {
        let mut tracks: Vec<_> =
            self.timeline.tracks.iter().map(|(name, track)| (self.names.text(*name), track)).collect();
        tracks.sort_by_key(|(name, _)| *name);
        tracks
    }

    fn track(&self, name: &str, track: &Track, number: usize) -> String {
        let scenario = self.scenarios.iter().find(|scenario| scenario.scenario == name);
        let told = scenario.map(|scenario| self.told(scenario)).unwrap_or_default();
        format!(
            "<section id=\"s{number}\"><h2>{}</h2><p>{told}</p>\n{}</section>\n",
            text(name),
            chart::chart(track, number)
        )
    }

    /// The scenario in a sentence or two.
    fn told(&self, scenario: &ScenarioReport) -> String {
        let (measures, first) = (&scenario.measures, &scenario.before_first_refusal);
        let mut told = Vec::new();
        if let Some(leaked) = measures.leaked {
            let before = match first.ms {
                Some(_) if first.sms == 0 => "the very first was refused".to_owned(),
                Some(ms) => format!(
                    "{} SMS ({} {}) before the first refusal, after {}",
                    grouped(first.sms),
                    amount(first.money),
                    self.currency,
                    brief(Span::millis(ms))
                ),
                None => "never refused".to_owned(),
            };
            told.push(format!(
                "<b class=\"bad\">{}</b> of {} attack sends leaked ({} {}); {before}.",
                percent(leaked),
                grouped(measures.attack_sends),
                amount(measures.leaked_money),
                self.currency
            ));
        }
        if let (Some(lost), Some(challenged)) = (measures.lost, measures.challenged) {
            told.push(format!(
                "Of {} sends of real users <b class=\"warn\">{}</b> lost, <b class=\"proof\">{}</b> challenged.",
                grouped(measures.legit_sends),
                percent(lost),
                percent(challenged)
            ));
        }
        told.join(" ")
    }
}
