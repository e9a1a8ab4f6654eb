//! An append-only log of what people changed: JSON lines, each on disk before the change is answered. When a file is
//! full it is closed and the oldest goes, so its size is bounded.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

/// A file of more bytes is closed.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Closed files that are kept.
const CLOSED: usize = 4;
/// The most that is read back of one file.
const MAX_READ: u64 = 2 * 1024 * 1024;

/// One log.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    max_bytes: u64,
    /// Held while lines are written, so that they never mix.
    open: Mutex<Option<File>>,
}

impl Ledger {
    /// The log `name` in `directory`. Nothing is opened before something is written or read.
    pub fn in_directory(directory: &Path, name: &str) -> Self {
        Self { path: directory.join(name), max_bytes: MAX_BYTES, open: Mutex::default() }
    }

    /// Its newest file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes these lines behind all others. When this returns they are on disk.
    pub fn append<L: Serialize>(&self, lines: impl IntoIterator<Item = L>) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let mut open = self.open.lock();
        if open.as_ref().is_some_and(|file| is_full(file, self.max_bytes)) {
            *open = None;
        }
        let file = match open.as_mut() {
            Some(file) => file,
            None => open.insert(self.open()?),
        };
        let written = file.write_all(&text).and_then(|()| file.sync_data());
        if written.is_err() {
            // The next time begins with a look at what is there.
            *open = None;
        }
        written
    }

    /// The last `count` lines, the newest first. Lines that a crash cut off are left out.
    pub fn newest(&self, count: usize) -> io::Result<Vec<Value>> {
        let mut found = Vec::new();
        for number in 0..=CLOSED {
            if found.len() >= count {
                break;
            }
            let text = match tail(&self.closed(number)) {
                Err(missing) if missing.kind() == io::ErrorKind::NotFound => break,
                text => text?,
            };
            let lines = text.split(|byte| *byte == b'\n').rev();
            found.extend(lines.filter_map(|line| serde_json::from_slice(line).ok()).take(count - found.len()));
        }
        Ok(found)
    }

    fn open(&self) -> io::Result<File> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        if fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() >= self.max_bytes) {
            for number in (0..CLOSED).rev() {
                match fs::rename(self.closed(number), self.closed(number + 1)) {
                    Err(missing) if missing.kind() == io::ErrorKind::NotFound => {}
                    renamed => renamed?,
                }
            }
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path)?;
        // A new name lasts once its directory is on disk too.
        if let Some(directory) = self.path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            File::open(directory)?.sync_all()?;
        }
        // What a crash cut off is closed, so that it spoils no line but its own.
        let mut last = [0];
        if file.seek(SeekFrom::End(-1)).is_ok() && file.read(&mut last)? == 1 && last != [b'\n'] {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    /// The newest file is 0.
    fn closed(&self, number: usize) -> PathBuf {
        if number == 0 {
            return self.path.clone();
        }
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn is_full(file: &File, max_bytes: u64) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.len() >= max_bytes)
}

/// The end of a file, from the beginning of a line.
fn tail(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let skipped = bytes.saturating_sub(MAX_READ);
    file.seek(SeekFrom::Start(skipped))?;
    let mut text = Vec::new();
    file.take(MAX_READ).read_to_end(&mut text)?;
    if skipped > 0 {
        let first_line = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| end + 1);
        text.drain(..first_line);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sendwall-ledger-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn lines_come_back_newest_first_and_a_torn_one_spoils_no_other() {
        let scratch = Scratch::new("torn");
        let ledger = Ledger::in_directory(&scratch.0, "log");
        assert_eq!(ledger.newest(5).unwrap(), Vec::<Value>::new());
        ledger.append([1, 2, 3]).unwrap();
        assert_eq!(ledger.newest(2).unwrap(), [3, 2]);
        let text = fs::read(ledger.path()).unwrap();
        fs::write(ledger.path(), [&text, b"{\"half".as_slice()].concat()).unwrap();
        let again = Ledger::in_directory(&scratch.0, "log");
        again.append([4]).unwrap();
        assert_eq!(again.newest(9).unwrap(), [4, 3, 2, 1]);
    }

    #[test]
    fn full_files_are_closed_and_the_oldest_go() {
        let scratch = Scratch::new("full");
        let ledger = Ledger { max_bytes: 10, ..Ledger::in_directory(&scratch.0, "log") };
        for number in 1000..1100 {
            ledger.append([number]).unwrap();
        }
        let files = fs::read_dir(&scratch.0).unwrap().count();
        assert_eq!(files, CLOSED + 1);
        let newest: Vec<u64> = ledger.newest(100).unwrap().iter().map(|line| line.as_u64().unwrap()).collect();
        assert_eq!(newest.first(), Some(&1099));
        assert!(newest.windows(2).all(|pair| pair[0] == pair[1] + 1) && newest.len() >= CLOSED * 2, "{newest:?}");
        let again = Ledger { max_bytes: 10, ..Ledger::in_directory(&scratch.0, "log") };
        again.append([7]).unwrap();
        assert_eq!(again.newest(2).unwrap(), [7, 1099]);
    }
}
