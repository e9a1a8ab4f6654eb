//! Reading a configuration file, with the process's environment.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use super::{Config, Problem};

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
    #[error("{}", summary(.0))]
    Faulty(Vec<Problem>),
}

fn summary(problems: &[Problem]) -> String {
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

/// Reads and compiles `file`.
pub fn load(file: &Path) -> Result<Config, LoadError> {
    let text = fs::read_to_string(file).map_err(|source| LoadError::Unreadable { file: file.to_owned(), source })?;
    Config::compile(&text, file, &environment).map_err(LoadError::Faulty)
}

/// A variable of the process's environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    env::var(name).ok()
}
