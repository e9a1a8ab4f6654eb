//! Why a trace can't be read: which file, line and field. Never the value, which may be a phone number.

use std::io;

/// Why a trace can't be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be opened or read.
    #[error("cannot read the trace {file}: {source}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A line that is no event.
    #[error("{file}, line {line}: {fault}")]
    Line {
        /// The file.
        file: String,
        /// 1-based.
        line: u64,
        /// What is wrong there.
        fault: Fault,
    },
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", field.map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct Fault {
    /// The field at fault, such as `outcome.solves`; `None` where the whole line is.
    pub field: Option<&'static str>,
    /// In one sentence.
    pub problem: String,
}

impl Fault {
    /// A field at fault.
    pub fn of(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field: Some(field), problem: problem.into() }
    }

    /// The whole line.
    pub fn line(problem: impl Into<String>) -> Self {
        Self { field: None, problem: problem.into() }
    }
}
