//! ALTCHA's libraries in JavaScript and Python: what they solve is accepted here, and they accept what is made here.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::installed;

/// A library, by the program that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    JavaScript,
    Python,
}

const LIBRARIES: [Library; 2] = [Library::JavaScript, Library::Python];

impl Library {
    /// Calls it.
    fn call(self, place: &Path, call: &str, asked: &Value) -> Value {
        let (program, script) = match self {
            Self::JavaScript => ("node".into(), "../../tests/altcha/library.mjs"),
            Self::Python => (place.join("python/bin/python"), "../../tests/altcha/library.py"),
        };
        let mut command = Command::new(program);
        command.args([script, call]).current_dir(place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {call} {asked}: {problem}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}
