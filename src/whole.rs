//! Files that are whole: at any moment, a crash or a full disk included, there is the one from before or the new one.
//! Readable by their owner alone, in a directory that is made where there is none. Knows nothing of what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Ends the name of what is being written beside its place; what a crash left under it may go.
pub const NEW: &str = "new";

/// Writes `path` anew, in the place of what is there. Two writers of one path must take turns. Gives what `write` gives.
pub fn replace<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
    place(path, &beside(path, NEW), write, |new| fs::rename(new, path))
}

/// Writes `path` where there is nothing; what is there stays, with an error of the kind `AlreadyExists`. Processes may try
/// at once.
pub fn create<T>(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
    let own = beside(path, &format!("{NEW}-{}", std::process::id()));
    place(path, &own, write, |new| match fs::hard_link(new, path) {
        // Some file systems have no links.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(new, path),
        linked => linked.and_then(|()| fs::remove_file(new)),
    })
}

fn place<T>(
    path: &Path,
    new: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
    put: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<T> {
    let directory =
        path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(directory)?;
    let placed = write_new(new, write).and_then(|written| put(new).map(|()| written));
    if placed.is_err() {
        // What is left of it would only take room.
        drop(fs::remove_file(new));
    }
    let written = placed?;
    File::open(directory)?.sync_all()?;
    Ok(written)
}

fn write_new<T>(new: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>) -> io::Result<T> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
    let mut out = BufWriter::new(file);
    let written = write(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    Ok(written)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_fails_leaves_what_was_there_and_nothing_else() {
        let directory = std::env::temp_dir().join(format!("sendwall-whole-{}", std::process::id()));
        let path = directory.join("deep/file");
        let full = |out: &mut BufWriter<File>| -> io::Result<()> {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        };
        let files = || fs::read_dir(directory.join("deep")).unwrap().count();
        assert_eq!(create(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(files(), 0);

        create(&path, |out| out.write_all(b"first")).unwrap();
        let taken = create(&path, |out| out.write_all(b"second"));
        assert_eq!(taken.unwrap_err().kind(), io::ErrorKind::AlreadyExists, "it is never replaced");
        assert_eq!(replace(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!((fs::read(&path).unwrap(), files()), (b"first".to_vec(), 1));

        assert_eq!(replace(&path, |out| out.write_all(b"third").map(|()| 3)).unwrap(), 3);
        assert_eq!((fs::read(&path).unwrap(), files()), (b"third".to_vec(), 1));
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&directory).unwrap();
    }
}
