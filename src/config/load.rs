//! Reading a configuration file, with the process's environment.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::rules::Cases;
use super::source::Source;
use super::{Config, Problem, compile_source};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file can't be read.
    #[error("cannot read the configuration {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was read, and has faults.
    #[error("the configuration can't be used: {}\n\n{}", counted(&.0.problems), listed(&.0.problems))]
    Faulty(Faulty),
}

/// What is wrong with a configuration, and what belongs to it, as far as that could be read.
#[derive(Debug, Default)]
pub struct Faulty {
    /// Errors, and the warnings among them, in the order of the text.
    pub problems: Vec<Problem>,
    /// The files that it names beside its own, be they there or not.
    pub files: Vec<PathBuf>,
    /// The patterns of files.
    pub patterns: BTreeSet<PathBuf>,
}

impl From<Vec<Problem>> for LoadError {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Faulty(Faulty { problems, ..Faulty::default() })
    }
}

/// `2 errors, 1 warning`; empty where there is nothing.
pub fn counted(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let counts = [(errors, "error"), (problems.len() - errors, "warning")];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    counts
        .map(|(count, noun)| format!("{count} {noun}{}", if *count == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(", ")
}

fn listed(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Reads and compiles `file`, for a process.
pub fn load(file: &Path) -> Result<Config, LoadError> {
    load_with(file, Cases::Tried)
}

/// As [`load`], without the cases beside its rules: for who tries them by [`super::test_directory`].
pub fn load_untried(file: &Path) -> Result<Config, LoadError> {
    load_with(file, Cases::Left)
}

fn load_with(file: &Path, cases: Cases) -> Result<Config, LoadError> {
    let text = fs::read_to_string(file).map_err(|source| LoadError::Unreadable { file: file.to_owned(), source })?;
    compile_source(&Source::of_file(file, &text), &environment, cases).0.map_err(LoadError::Faulty)
}

/// A variable of the process's environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    env::var(name).ok()
}
