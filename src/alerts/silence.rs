//! Silences: messages that nobody wants for a while. Incidents go on being recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

/// Names that a matcher may ask for.
pub const MATCHED: [&str; 7] = ["rule", "kind", "severity", "endpoint", "country", "range", "part"];

/// One silence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number.
    pub id: u64,
    /// What an incident must have, all of it: names of [`MATCHED`] and their values. Empty matches everything.
    pub matches: BTreeMap<String, String>,
    /// When it began.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Who wanted it.
    pub by: String,
    /// Why.
    pub note: String,
}

impl Silence {
    /// Whether it holds at `now` for what has these names.
    pub fn holds(&self, names: &BTreeMap<String, String>, now: Timestamp) -> bool {
        now < self.until && self.matches.iter().all(|(name, value)| names.get(name) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    #[test]
    fn a_silence_holds_for_what_matches_and_as_long_as_it_was_meant() {
        let from = Timestamp::from_unix_ms(1_795_197_600_000);
        let names = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let silence = Silence {
            id: 1,
            matches: names(&[("kind", "attack"), ("country", "UZ")]),
            from,
            until: from + Span::hours(1),
            by: "ann".to_owned(),
            note: String::new(),
        };
        let attack = names(&[("kind", "attack"), ("country", "UZ"), ("endpoint", "login")]);
        assert!(silence.holds(&attack, from));
        assert!(!silence.holds(&attack, from + Span::hours(1)));
        assert!(!silence.holds(&names(&[("kind", "attack")]), from));
        assert!(!silence.holds(&names(&[("kind", "attack"), ("country", "KG")]), from));
    }
}
