//! Reads the log back, in order, a line at a time. Lines that a crash cut off are told and passed over.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::files;
use crate::domain::{DecisionId, Span};

/// No record is longer; a longer line is torn.
const MAX_LINE: u64 = 1024 * 1024;
/// Outcomes of a decision are looked for in files that were begun up to this long after it.
const OUTCOMES_WITHIN: Span = Span::hours(24);

/// Why the log can't be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the decision log {}: {source}", path.display())]
pub struct Error {
    path: PathBuf,
    source: io::Error,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A record, as written (see [`super::record`]).
    Record(Value),
    /// A line that is no record: the process or the machine ended while it was written.
    Torn {
        /// The file.
        path: PathBuf,
        /// 1-based.
        number: u64,
    },
}

/// The lines of one file, or of a directory's files in the order of writing.
#[derive(Debug)]
pub struct Reader {
    /// Files still to be read, the next one last.
    waiting: Vec<PathBuf>,
    current: Option<Lines>,
    /// Only lines that hold this text are parsed; others are passed over.
    containing: Option<String>,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    number: u64,
    input: BufReader<File>,
}

impl Reader {
    /// Reads `path`: a directory of the log, or one file of it whatever its name.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let error = |source| Error { path: path.to_owned(), source };
        let paths = if path.metadata().map_err(error)?.is_dir() {
            files::list(path).map_err(error)?.into_iter().map(|file| file.path).collect()
        } else {
            vec![path.to_owned()]
        };
        Ok(Self::over(paths, None))
    }

    fn over(mut paths: Vec<PathBuf>, containing: Option<String>) -> Self {
        paths.reverse();
        Self { waiting: paths, current: None, containing }
    }

    fn next_line(&mut self) -> Result<Option<Line>, Error> {
        loop {
            if self.current.is_none() {
                let Some(path) = self.waiting.pop() else { return Ok(None) };
                let file = match File::open(&path) {
                    // Deleted since the directory was listed: it was too old to keep.
                    Err(gone) if gone.kind() == io::ErrorKind::NotFound => continue,
                    other => other.map_err(|source| Error { path: path.clone(), source })?,
                };
                self.current = Some(Lines { path, number: 0, input: BufReader::new(file) });
            }
            let Some(lines) = self.current.as_mut() else { continue };
            let path = lines.path.clone();
            match lines.next_line(self.containing.as_deref()) {
                Ok(Some(line)) => return Ok(Some(line)),
                Ok(None) => self.current = None,
                Err(source) => {
                    self.current = None;
                    return Err(Error { path, source });
                }
            }
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Line, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().transpose()
    }
}

impl Lines {
    fn next_line(&mut self, containing: Option<&str>) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            if self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if bytes.last() != Some(&b'\n') && bytes.len() as u64 == MAX_LINE {
                self.skip_line()?;
            }
            let text = bytes.trim_ascii();
            let wanted = containing.is_none_or(|needle| contains(text, needle.as_bytes()));
            if text.is_empty() || !wanted {
                continue;
            }
            return Ok(Some(match serde_json::from_slice(text) {
                Ok(record @ Value::Object(_)) => Line::Record(record),
                Ok(_) | Err(_) => Line::Torn { path: self.path.clone(), number: self.number },
            }));
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let available = self.input.fill_buf()?;
            let (skip, done) = match available.iter().position(|byte| *byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (available.len(), available.is_empty()),
            };
            self.input.consume(skip);
            if done {
                return Ok(());
            }
        }
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len().max(1)).any(|window| window == needle)
}

/// The log's files in a directory, in the order of writing.
pub fn files_of(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let all = files::list(directory).map_err(|source| Error { path: directory.to_owned(), source })?;
    Ok(all.into_iter().map(|file| file.path).collect())
}

/// Every record of one decision, the decision itself first: the time in its id says which files to read.
pub fn find(directory: &Path, id: DecisionId) -> Result<Vec<Value>, Error> {
    let all = files::list(directory).map_err(|source| Error { path: directory.to_owned(), source })?;
    // Names are cut to the second: a file of the same second may have been begun after the decision.
    let begun_before = all.iter().rposition(|file| file.name.start + Span::seconds(1) <= id.at()).unwrap_or(0);
    let last = id.at() + OUTCOMES_WITHIN;
    let paths =
        all.into_iter().skip(begun_before).take_while(|file| file.name.start <= last).map(|file| file.path).collect();
    let wanted = id.to_string();
    let mut found = Vec::new();
    for line in Reader::over(paths, Some(wanted.clone())) {
        if let Line::Record(record) = line?
            && record.get("decision").and_then(Value::as_str) == Some(&wanted)
        {
            found.push(record);
        }
    }
    Ok(found)
}
