//! What is wrong with a configuration, and where.
//!
//! Must not know: what the keys mean.

use std::fmt;

use serde::Serialize;

/// One fault, or one thing worth knowing, of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Whether it keeps the configuration from being used.
    pub severity: Severity,
    /// The file as it was named, or "command line".
    pub file: String,
    /// Line and column; missing for what came from the command line.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// The key, such as `endpoint[0].send`, or the argument; empty for the whole file.
    pub path: String,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line of the file, to be shown with a mark under the fault; missing where it may hold a secret.
    #[serde(skip)]
    pub excerpt: Option<Excerpt>,
}

/// Whether a problem keeps the configuration from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can't be used.
    Error,
    /// It can, and does something that may not be meant.
    Warning,
    /// A process does without something that it names. Whoever asks beforehand takes it for an error.
    #[serde(rename = "warning")]
    Lack,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// A line of the file with the part that is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The line.
    pub line: String,
    /// How many characters are at fault, from the problem's column on; at least 1.
    pub width: usize,
}

impl Problem {
    /// An error about a file as a whole.
    pub fn of_file(file: String, message: String) -> Self {
        let (severity, path) = (Severity::Error, String::new());
        Self { severity, file, position: None, path, message, hint: None, excerpt: None }
    }

    /// Whether it keeps the configuration from being used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    /// As a compiler shows it: one line of what and where, then the line with a mark, where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning | Severity::Lack => "warning",
        };
        write!(f, "{severity}: {}", self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.path.is_empty() {
            write!(f, " [{}]", self.path)?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        match (&self.excerpt, self.position) {
            (Some(excerpt), Some(position)) => write_excerpt(f, excerpt, position),
            _ => Ok(()),
        }
    }
}

fn write_excerpt(f: &mut fmt::Formatter<'_>, excerpt: &Excerpt, position: Position) -> fmt::Result {
    let number = position.line.to_string();
    let gutter = " ".repeat(number.len());
    // A tab keeps its width under the mark.
    let indent: String =
        excerpt.line.chars().take(position.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let mark = "^".repeat(excerpt.width);
    write!(f, "\n{gutter} |\n{number} | {}\n{gutter} | {indent}{mark}", excerpt.line)
}
