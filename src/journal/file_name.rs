//! Names of the log's files: `decisions-20261120T181002-0.jsonl`, the time in UTC at which the file was begun.

use std::fmt;

use crate::domain::Timestamp;

/// When a file was begun, and its number among those of the same second. Sorts in the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileName {
    pub(super) start: Timestamp,
    pub(super) number: u32,
}

impl FileName {
    pub(super) fn new(now: Timestamp, number: u32) -> Self {
        Self { start: Timestamp::from_unix_ms(now.unix_ms() / 1000 * 1000), number }
    }

    /// Reads a name; `None` for files that are not the log's.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (time, number) = name.strip_prefix("decisions-")?.strip_suffix(".jsonl")?.split_once('-')?;
        let (date, clock) = time.split_once('T')?;
        if date.len() != 8 || clock.len() != 6 {
            return None;
        }
        let part = |text: &str, range| text.get(range).map(str::to_owned);
        let (year, month, day) = (part(date, 0..4)?, part(date, 4..6)?, part(date, 6..8)?);
        let (hour, minute, second) = (part(clock, 0..2)?, part(clock, 2..4)?, part(clock, 4..6)?);
        let start = Timestamp::from_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))?;
        Some(Self { start, number: number.parse().ok()? })
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time: String =
            self.start.to_string().chars().take_while(|c| *c != '.').filter(|c| !matches!(c, '-' | ':')).collect();
        write!(f, "decisions-{time}-{}.jsonl", self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_foreign_files_are_left_alone() {
        let name = FileName::new(Timestamp::from_rfc3339("2026-11-20T18:10:02.345Z").unwrap(), 3);
        assert_eq!(name.to_string(), "decisions-20261120T181002-3.jsonl");
        assert_eq!(FileName::parse(&name.to_string()), Some(name));
        for foreign in [
            "decisions.jsonl",
            "decisions-20261120T181002.jsonl",
            "decisions-20261320T181002-0.jsonl",
            "decisions-2026112ÄT181002-0.jsonl",
            "decisions-20261120T181002-0.jsonl.gz",
            "notes.txt",
        ] {
            assert_eq!(FileName::parse(foreign), None, "{foreign}");
        }
    }
}
