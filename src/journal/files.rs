//! The directory of the log: which files there are, and which are too old.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file_name::FileName;
use crate::domain::{Span, Timestamp};

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogFile {
    pub(super) name: FileName,
    pub(super) path: PathBuf,
}

/// The log's files in the order of writing. Other files in the directory are left out.
pub(super) fn list(directory: &Path) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().and_then(FileName::parse) {
            files.push(LogFile { name, path: entry.path() });
        }
    }
    files.sort_by_key(|file| file.name);
    Ok(files)
}

/// The files whose every record is older than `keep`. A file has no record from after the next one was begun, and
/// the newest none from after `max_age`.
pub(super) fn expired(files: &[LogFile], now: Timestamp, max_age: Span, keep: Span) -> Vec<&LogFile> {
    let ends = files.iter().skip(1).map(|next| next.name.start);
    let last = files.last().map(|newest| newest.name.start + max_age);
    files.iter().zip(ends.chain(last)).filter(|(_, end)| *end + keep < now).map(|(file, _)| file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_expires_by_its_last_record_not_by_its_first() {
        let start = Timestamp::from_rfc3339("2026-11-01T00:00:00Z").unwrap();
        let days = |days: u64| Span::hours(24 * days);
        let file = |day| LogFile { name: FileName::new(start + days(day), 0), path: PathBuf::new() };
        let files = [file(0), file(1), file(2)];
        let left = |after| 3 - expired(&files, start + after, days(1), days(30)).len();
        assert_eq!(left(days(31)), 3, "the first file has records up to the end of day 1");
        assert_eq!(left(Span::seconds(31 * 86_400 + 1)), 2);
        assert_eq!(left(days(33)), 1);
        assert_eq!(left(Span::seconds(33 * 86_400 + 1)), 0);
        assert!(expired(&[], start, days(1), days(30)).is_empty());
    }
}
