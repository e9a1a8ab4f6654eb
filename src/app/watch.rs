//! Files that people edit: seen by looking, and taken in when they are quiet.
//!
//! By looking four times a second, not by the system's notifications: those don't come from network and some
//! container file systems, lose a file that an editor replaces by renaming, and see a mounted symlink (a `ConfigMap`)
//! switch in the directory above only. A look costs a `stat` a file, some microseconds each, and a list of each directory
//! that a pattern names. Of a directory itself only this is asked, whether it is there: others may keep files in it that are
//! never quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config;
use crate::domain::Span;

/// How often it is looked.
pub(super) const LOOK_EVERY: Span = Span::millis(250);
/// After so many looks without a change, files are taken to be whole.
const QUIET: u32 = 1;
/// What can't be used is tried once more after so many quiet looks, before anybody is told: it may be half written.
const QUIET_FAULTY: u32 = 3;

/// What tells one state of a file from another; `None` where there is no file.
type Stamp = Option<(u64, u64, u64, i64, i64, i64, i64)>;

/// The states of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps(BTreeMap<PathBuf, Stamp>);

impl Stamps {
    /// Looks at `files`, at what fits the `patterns`, at the cases that may come to stand beside them, and at whether the
    /// directories of patterns are there. Links are followed.
    pub(super) fn of(files: &BTreeSet<PathBuf>, patterns: &BTreeSet<PathBuf>) -> Self {
        let directories = patterns.iter().filter_map(|pattern| pattern.parent());
        let there = directories.map(|path| (path.to_owned(), path.exists().then(Default::default)));
        let stamped = config::belonging(files, patterns).into_iter().map(|path| (path.clone(), stamp(&path)));
        Self(there.chain(stamped).collect())
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.len(), file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()))
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Wait,
    /// Try what the files say; if it can't be used, tell nobody yet.
    Try,
    /// Try once more, and tell what came of it.
    TryAndTell,
}

/// When files that change are to be tried.
#[derive(Debug, Default)]
pub(super) struct Quiet {
    seen: Option<Stamps>,
    quiet: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// What the files say was taken in, or refused and told.
    #[default]
    Settled,
    /// They have changed.
    Changed,
    /// They were tried and can't be used.
    Faulty,
}

impl Quiet {
    /// Takes a look in.
    pub(super) fn look(&mut self, now: Stamps) -> Step {
        let is_first = self.seen.is_none();
        if self.seen.as_ref() != Some(&now) {
            self.seen = Some(now);
            self.quiet = 0;
            self.state = if is_first { State::Settled } else { State::Changed };
            return Step::Wait;
        }
        self.quiet += 1;
        match self.state {
            State::Changed if self.quiet >= QUIET => {
                self.state = State::Settled;
                Step::Try
            }
            State::Faulty if self.quiet >= QUIET + QUIET_FAULTY => {
                self.state = State::Settled;
                Step::TryAndTell
            }
            State::Settled | State::Changed | State::Faulty => Step::Wait,
        }
    }

    /// What `seen` shows is in force.
    pub(super) fn settled(seen: Stamps) -> Self {
        Self { seen: Some(seen), ..Self::default() }
    }

    /// What was tried can't be used.
    pub(super) fn faulty(&mut self) {
        self.state = State::Faulty;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamps(length: u64) -> Stamps {
        Stamps(BTreeMap::from([(PathBuf::from("file"), Some((0, 0, length, 0, 0, 0, 0)))]))
    }

    #[test]
    fn files_are_tried_when_they_are_quiet_and_told_of_when_they_stay_broken() {
        let mut quiet = Quiet::default();
        assert_eq!([0, 0, 0].map(|length| quiet.look(stamps(length))), [Step::Wait; 3], "nothing has changed");
        assert_eq!([1, 2, 3, 4].map(|length| quiet.look(stamps(length))), [Step::Wait; 4], "it is being written");
        assert_eq!(quiet.look(stamps(4)), Step::Try);
        assert_eq!(quiet.look(stamps(4)), Step::Wait, "once");

        assert_eq!([5, 5].map(|length| quiet.look(stamps(length))), [Step::Wait, Step::Try]);
        quiet.faulty();
        assert_eq!([5, 5].map(|length| quiet.look(stamps(length))), [Step::Wait; 2], "it may be half written");
        assert_eq!([6, 6].map(|length| quiet.look(stamps(length))), [Step::Wait, Step::Try], "it was");
        quiet.faulty();
        let steps = [6, 6, 6, 6, 6].map(|length| quiet.look(stamps(length)));
        assert_eq!(steps, [Step::Wait, Step::Wait, Step::TryAndTell, Step::Wait, Step::Wait]);
    }

    #[test]
    fn what_changes_before_the_first_look_is_tried() {
        let mut quiet = Quiet::settled(stamps(0));
        assert_eq!([1, 1].map(|length| quiet.look(stamps(length))), [Step::Wait, Step::Try]);
    }

    #[test]
    fn renamed_linked_and_new_files_are_seen() {
        let directory = std::env::temp_dir().join(format!("sendwall-watch-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (file, link) = (directory.join("a"), directory.join("link"));
        fs::write(&file, "1").unwrap();
        fs::write(directory.join("b"), "2").unwrap();
        std::os::unix::fs::symlink("a", &link).unwrap();
        let files = BTreeSet::from([file.clone(), link.clone()]);
        let later = BTreeSet::from([directory.join("later/*.toml")]);
        let mut before = Stamps::of(&files, &later);
        let mut differs = || {
            let now = Stamps::of(&files, &later);
            let differs = now != before;
            before = now;
            differs
        };
        fs::rename(directory.join("b"), &file).unwrap();
        assert!(differs(), "another file of the same length takes its place");
        fs::write(directory.join("cases.toml"), "3").unwrap();
        assert!(differs(), "cases beside it");
        fs::write(directory.join("c"), "3").unwrap();
        std::os::unix::fs::symlink("c", directory.join("new")).unwrap();
        fs::rename(directory.join("new"), &link).unwrap();
        assert!(differs(), "a link leads elsewhere");
        fs::remove_file(&file).unwrap();
        assert!(differs(), "it is gone");
        fs::create_dir(directory.join("later")).unwrap();
        assert!(differs(), "the directory of a pattern");
        fs::write(directory.join("later/first.toml"), "4").unwrap();
        assert!(differs(), "the first file that fits");
        for elsewhere in ["d", "later/first", "later/cases.toml~"] {
            fs::write(directory.join(elsewhere), "5").unwrap();
            assert!(!differs(), "{elsewhere} has no part in it");
        }
        assert_eq!(Stamps::of(&files, &later), Stamps::of(&files, &later));
        fs::remove_dir_all(&directory).unwrap();
    }
}
