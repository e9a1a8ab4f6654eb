//! A file's lines, one at a time into one buffer, each with its number.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use super::{Error, Fault};

/// The longest line, in bytes.
const MAX_LINE: u64 = 1024 * 1024;
const READ_AHEAD: usize = 256 * 1024;

/// The lines of a file, of several one after another, or of standard input.
pub struct Lines {
    file: String,
    number: u64,
    input: Box<dyn BufRead + Send>,
    /// Files still to be read, the next one last.
    waiting: Vec<PathBuf>,
    buffer: Vec<u8>,
}

impl Lines {
    /// Opens the file; `-` is standard input.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path == Path::new("-") {
            return Ok(Self::over("standard input", BufReader::with_capacity(READ_AHEAD, io::stdin())));
        }
        let file = path.display().to_string();
        let input = File::open(path).map_err(|source| Error::Unreadable { file: file.clone(), source })?;
        Ok(Self::over(&file, BufReader::with_capacity(READ_AHEAD, input)))
    }

    /// Over any input; errors call it `file`.
    pub fn over(file: &str, input: impl BufRead + Send + 'static) -> Self {
        Self { file: file.to_owned(), number: 0, input: Box::new(input), waiting: Vec::new(), buffer: Vec::new() }
    }

    /// The lines of these files as if they were one.
    pub fn open_all(mut files: Vec<PathBuf>) -> Self {
        files.reverse();
        Self { waiting: files, ..Self::over("", io::empty()) }
    }

    /// Goes to the next line that isn't empty; false at the end.
    pub fn advance(&mut self) -> Result<bool, Error> {
        loop {
            self.buffer.clear();
            let read = self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.buffer);
            match read {
                Ok(0) => match self.waiting.pop() {
                    None => return Ok(false),
                    Some(next) => {
                        let waiting = std::mem::take(&mut self.waiting);
                        *self = Self { waiting, ..Self::open(&next)? };
                        continue;
                    }
                },
                Ok(_) => {}
                Err(source) => return Err(Error::Unreadable { file: self.file.clone(), source }),
            }
            self.number += 1;
            if self.buffer.len() as u64 == MAX_LINE && !self.buffer.ends_with(b"\n") {
                return Err(self.error(Fault::line(format!("the line is longer than {MAX_LINE} bytes"))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line.
    pub fn text(&self) -> Result<&str, Fault> {
        std::str::from_utf8(self.buffer.trim_ascii_end()).map_err(|_not_utf8| Fault::line("the line is not UTF-8"))
    }

    /// An error at the line.
    pub fn error(&self, fault: Fault) -> Error {
        Error::Line { file: self.file.clone(), line: self.number, fault }
    }
}

impl std::fmt::Debug for Lines {
    /// Not the line itself: it holds a phone number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({}, line {})", self.file, self.number)
    }
}
