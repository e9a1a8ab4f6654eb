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
    /// Where it is written; `None` for what is written in place.
    beside: Option<PathBuf>,
    writer: BufWriter<File>,
}

impl OutputFile {
    /// Begins to write what will be at `path`. What is no file (`/dev/stdout`, a pipe) is written in place as it comes.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        let error = |source| OutputError { path: path.to_owned(), source };
        if path == Path::new("-") {
            return Err(error(io::Error::other("results go to files; standard output is /dev/stdout")));
        }
        // A link stays one: what it leads to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let found = fs::metadata(path);
        let in_place =
            found.is_ok_and(|found| !found.is_file()) || path.starts_with("/dev") || path.starts_with("/proc");
        let beside = (!in_place).then(|| {
            let name = target.file_name().unwrap_or_default().to_string_lossy();
            target.with_file_name(format!(".{name}.{}.part", std::process::id()))
        });
        let file = match &beside {
            Some(beside) => File::create(beside),
            None => File::options().append(true).open(path),
        };
        let writer = BufWriter::with_capacity(256 * 1024, file.map_err(error)?);
        Ok(Self { path: target, beside, writer })
    }

    /// Writes a text and a line end.
    pub fn put(&mut self, text: &str) -> Result<(), OutputError> {
        writeln!(self.writer, "{text}").map_err(|source| self.error(source))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let directory = std::env::temp_dir().join(format!("sendwall-output-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("out.json");
        fs::write(&path, "before").unwrap();

        let mut dropped = OutputFile::create(&path).unwrap();
        dropped.put("half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");

        let mut kept = OutputFile::create(&path).unwrap();
        kept.put("after").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        kept.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing is left beside it");

        let link = directory.join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut linked = OutputFile::create(&link).unwrap();
        linked.put("through a link").unwrap();
        linked.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "through a link\n");
        assert!(link.is_symlink());

        let error = OutputFile::create(Path::new("-")).unwrap_err().to_string();
        assert_eq!(error, "cannot write -: results go to files; standard output is /dev/stdout");
        let error = OutputFile::create(&directory.join("nowhere/out.json")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write ") && error.contains("nowhere/out.json: "), "{error}");
        fs::remove_dir_all(&directory).unwrap();
    }
}
