//! Title and body of a message, as the operator words them: text with `{name}` for what an alert says.
//!
//! Names are checked when the configuration is read, so that no alert fails for a slip in its wording.

use std::fmt;

use super::super::{Alert, Status};
use super::formats::Item;
use super::text::Escape;

/// The names that stand for something. `{{` and `}}` are braces.
pub const NAMES: [&str; 16] = [
    "summary", "details", "severity", "status", "mark", "kind", "rule", "value", "labels", "started", "ended", "at",
    "incident", "id", "sequence", "link",
];

/// A text with names in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Name(&'static str),
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A name that stands for nothing.
    #[error("{{{name}}} stands for nothing")]
    Unknown {
        /// The name.
        name: String,
        /// Where it begins, in bytes.
        at: usize,
    },
    /// A brace without its partner.
    #[error("a brace has no partner; write {{{{ or }}}} for one that is meant as it is")]
    Unbalanced {
        /// Where it is, in bytes.
        at: usize,
    },
}

impl Text {
    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(place);
            let at = text.len() - from.len();
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                literal.extend(from.chars().next());
                rest = after;
                continue;
            }
            let (name, after) = from
                .strip_prefix('{')
                .and_then(|inside| inside.split_once('}'))
                .filter(|(name, _)| !name.contains('{'))
                .ok_or(TextError::Unbalanced { at })?;
            let known = NAMES.iter().find(|known| **known == name.trim());
            let known = known.ok_or_else(|| TextError::Unknown { name: name.to_owned(), at: at + 1 })?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Name(known));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    /// The text about this alert. Lines in which every name stood for nothing are left out.
    fn about(&self, alert: &Alert, link: Option<&str>, escape: Escape) -> String {
        let mut lines = Lines::default();
        for part in &self.0 {
            match part {
                Part::Literal(text) => lines.literal(text),
                Part::Name("link") => lines.value(&escape.apply(link.unwrap_or_default())),
                Part::Name(name) => lines.value(&escape.apply(&meaning(name, alert))),
            }
        }
        lines.end()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.iter().map(|part| match part {
            Part::Literal(text) => text.replace('{', "{{").replace('}', "}}"),
            Part::Name(name) => format!("{{{name}}}"),
        });
        write!(f, "{:?}", text.collect::<String>())
    }
}

/// What a name says of an alert.
fn meaning(name: &str, alert: &Alert) -> String {
    let pairs = || alert.labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
    match name {
        "summary" => alert.summary.clone(),
        "details" => alert.details.join("\n"),
        "severity" => alert.severity.name().to_owned(),
        "status" => alert.status.name().to_owned(),
        "mark" => mark(alert).to_owned(),
        "kind" => alert.kind.name().to_owned(),
        "rule" => alert.rule.clone(),
        "value" => alert.value.to_string(),
        "labels" => pairs(),
        "started" => alert.started.to_string(),
        "ended" => alert.ended.map(|ended| ended.to_string()).unwrap_or_default(),
        "at" => alert.at.to_string(),
        "incident" => alert.incident.to_string(),
        "id" => alert.id.clone(),
        "sequence" => alert.sequence.to_string(),
        _ => String::new(),
    }
}

/// The first word of a title: how bad it is, or that it is over, or that it is only a test.
fn mark(alert: &Alert) -> &'static str {
    match (alert.test, alert.status) {
        (true, _) => "TEST",
        (false, Status::Resolved) => "RESOLVED",
        (false, Status::Firing | Status::Updated) => match alert.severity {
            super::super::Severity::Critical => "CRITICAL",
            super::super::Severity::Warn => "WARN",
        },
    }
}

/// Title and body of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// One line.
    pub title: Text,
    /// Any number.
    pub body: Text,
}

/// Title and body about one alert, harmless for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) title: String,
    pub(super) body: String,
}

impl Template {
    /// The default title.
    pub const TITLE: &str = "[{mark}] {summary}";
    /// The default body.
    pub const BODY: &str = "{details}\n{value}\n{labels}\nsince {started}, incident {incident}\nended {ended}\n{link}";

    /// The words about this alert. A repeat says so, and names the alert, so that nobody takes it for another.
    pub(super) fn words(&self, item: &Item<'_>, link: Option<&str>, escape: Escape) -> Words {
        let Item { alert, repeat } = *item;
        let mut body = self.body.about(alert, link, escape);
        if repeat {
            body = format!("{body}\nSent again, as it may not have arrived: {}", escape.apply(&alert.id));
        }
        Words { title: super::text::one_line(&self.title.about(alert, link, escape)), body: body.trim().to_owned() }
    }
}

impl Default for Template {
    fn default() -> Self {
        let parse = |text| Text::parse(text).unwrap_or_else(|_impossible| Text(Vec::new()));
        Self { title: parse(Self::TITLE), body: parse(Self::BODY) }
    }
}

/// Text that grows line by line.
#[derive(Default)]
struct Lines {
    done: String,
    line: String,
    names: u32,
    meant: u32,
}

impl Lines {
    fn literal(&mut self, text: &str) {
        for (index, part) in text.split('\n').enumerate() {
            if index > 0 {
                self.feed();
            }
            self.line.push_str(part);
        }
    }

    fn value(&mut self, value: &str) {
        self.names += 1;
        self.meant += u32::from(!value.is_empty());
        self.line.push_str(value);
    }

    fn feed(&mut self) {
        if self.names == 0 || self.meant > 0 {
            self.done.push_str(&self.line);
            self.done.push('\n');
        }
        self.line.clear();
        (self.names, self.meant) = (0, 0);
    }

    fn end(mut self) -> String {
        self.feed();
        self.done.trim_end_matches('\n').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;

    fn said(template: &Template, alert: &Alert, repeat: bool) -> Words {
        template.words(&Item { alert, repeat }, None, Escape::None)
    }

    #[test]
    fn the_default_words_say_what_is_known() {
        let words = said(&Template::default(), &sample::alert(), false);
        assert_eq!(words.title, "[CRITICAL] 142 SMS in 5m to UZ (limit 40)");
        assert_eq!(
            words.body,
            "+99899394: 142 SMS\n142 messages in 5m (limit 40)\ncountry=UZ endpoint=login\n\
             since 2026-11-20T18:10:02.000Z, incident inc-1-1",
            "it has not ended, so that line is left out"
        );
        let words = said(&Template::default(), &sample::resolved(), true);
        assert!(words.title.starts_with("[RESOLVED] "), "{words:?}");
        assert!(
            words.body.ends_with("ended 2026-11-20T18:40:02.000Z\nSent again, as it may not have arrived: inc-1-1.2")
        );
        let item = Item { alert: &sample::alert(), repeat: false };
        let words = Template::default().words(&item, Some("https://sendwall.example/i"), Escape::None);
        assert!(words.body.ends_with("incident inc-1-1\nhttps://sendwall.example/i"), "{words:?}");
    }

    #[test]
    fn faults_are_found_with_their_place() {
        for (text, error) in [
            ("{summry}", TextError::Unknown { name: "summry".to_owned(), at: 1 }),
            ("ä {x} {summary}", TextError::Unknown { name: "x".to_owned(), at: 4 }),
            ("{summary", TextError::Unbalanced { at: 0 }),
            ("a } b", TextError::Unbalanced { at: 2 }),
            ("{a {summary}}", TextError::Unbalanced { at: 0 }),
        ] {
            assert_eq!(Text::parse(text), Err(error), "{text}");
        }
        for name in NAMES {
            assert!(Text::parse(&format!("{{{name}}}")).is_ok());
        }
        let text = Text::parse("{{{severity}}} {{}}").unwrap();
        assert_eq!(text.about(&sample::alert(), None, Escape::None), "{critical} {}");
        assert_eq!(format!("{text:?}"), "\"{{{severity}}} {{}}\"", "shows what it was read from");
    }

    #[test]
    fn the_operators_markup_stays_and_a_clients_does_not() {
        let mut alert = sample::alert();
        alert.summary = "<!channel> & \"x\"\nsecond".to_owned();
        let template =
            Template { title: Text::parse("*{summary}* <!here>").unwrap(), body: Text::parse("{id}").unwrap() };
        let words = template.words(&Item { alert: &alert, repeat: false }, None, Escape::Entities);
        assert_eq!(
            words.title, "*&lt;!channel&gt; &amp; \"x\" second* <!here>",
            "one line, whatever the summary holds"
        );
    }
}
