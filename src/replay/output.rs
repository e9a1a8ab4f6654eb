//! Files that are there whole or not at all: written beside their place and put there at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a result can't be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub struct OutputError {
    path: PathBuf,
    source: io::Error,
}

/// A file that is being written. Dropped without [`OutputFile::keep`], nothing was written.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    /// Where it is written; `None` for what is no file, such as `/dev/stdout`, and is written in place.
    beside: Option<PathBuf>,
    writer: BufWriter<File>,
}

impl OutputFile {
    /// Begins to write what will be at `path`.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let error = |source| OutputError { path: path.to_owned(), source };
        let in_place = fs::metadata(path).is_ok_and(|found| !found.is_file());
        let beside = (!in_place).then(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.with_file_name(format!(".{name}.{}.part", std::process::id()))
        });
        let file = match &beside {
            Some(beside) => File::create(beside),
            None => File::options().write(true).open(path),
        };
        let writer = BufWriter::with_capacity(256 * 1024, file.map_err(error)?);
        Ok(Self { path: path.to_owned(), beside, writer })
    }

    /// Puts the file in its place.
    pub fn keep(mut self) -> Result<(), OutputError> {
        let done = self.writer.flush().and_then(|()| match &self.beside {
            Some(beside) => fs::rename(beside, &self.path),
            None => Ok(()),
        });
        done.map_err(|source| self.error(source))?;
        self.beside = None;
        Ok(())
    }

    pub(super) fn error(&self, source: io::Error) -> OutputError {
        OutputError { path: self.path.clone(), source }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            // Nobody is left to hear of a file that can't be removed.
            fs::remove_file(beside).unwrap_or_default();
        }
    }
}
