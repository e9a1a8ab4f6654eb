//! The text of a configuration, and what was found about it so far.
//!
//! Must not know: what the keys mean.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::problem::{Excerpt, Position, Problem, Severity};
use crate::lists::{without_given_phones, without_phones};

/// A part of the text, in bytes.
pub(super) type Place = Range<usize>;

/// Digits on end that may be part of a phone.
const QUOTED: usize = 3;

/// What is wrong with one value, before it is known where that value stands.
#[derive(Debug, Default)]
pub(super) struct Fault {
    message: String,
    hint: Option<String>,
    /// Byte offset in the value's text, where one part of it is at fault.
    offset: Option<usize>,
    /// Whether the line may hold a secret, and so isn't shown.
    is_secret: bool,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// About a line that may hold a secret.
    pub(super) fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    pub(super) fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// Message and hint, as logs may hold them: a number of a phone that `is_given` says stands in the configuration isn't
    /// repeated. The bound of a value isn't given.
    fn shown(self, is_given: impl Fn(&str) -> bool) -> (String, Option<String>) {
        let shown = |text: String| without_given_phones(&text, &is_given);
        (shown(self.message), self.hint.map(shown))
    }
}

/// One text with its problems. Collecting goes through `&self`, so that a reader of a nested table can report while its
/// parent is being read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    /// As the operator named it.
    pub(super) name: String,
    /// Relative paths in the text start here.
    pub(super) base: PathBuf,
    text: &'a str,
    /// Where its lines end.
    ends: Vec<usize>,
    /// Whether positions in the text mean something to the operator.
    positions: bool,
    pub(super) found: RefCell<Vec<(usize, Problem)>>,
    asked: RefCell<BTreeSet<String>>,
    unread: RefCell<Vec<PathBuf>>,
}

impl<'a> Source<'a> {
    /// The text of a file.
    pub(super) fn of_file(file: &Path, text: &'a str) -> Self {
        let base = file.parent().map_or_else(PathBuf::new, Path::to_owned);
        Self::new(file.display().to_string(), base, text, true)
    }

    /// A text that was made from the command line.
    pub(super) fn of_flags(text: &'a str) -> Self {
        Self::new("command line".to_owned(), PathBuf::new(), text, false)
    }

    fn new(name: String, base: PathBuf, text: &'a str, positions: bool) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self {
            name,
            base,
            text,
            ends,
            positions,
            found: RefCell::default(),
            asked: RefCell::default(),
            unread: RefCell::default(),
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The path of a file that the text names.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    pub(super) fn error(&self, place: Option<Place>, path: &str, fault: Fault) {
        self.add(Severity::Error, place, path, fault);
    }

    pub(super) fn warning(&self, place: Option<Place>, path: &str, fault: Fault) {
        self.add(Severity::Warning, place, path, fault);
    }

    pub(super) fn lack(&self, place: Option<Place>, path: &str, fault: Fault) {
        self.add(Severity::Lack, place, path, fault);
    }

    /// An error in another file, which the value at `place` names.
    pub(super) fn error_in(&self, place: Option<Place>, path: &str, other: (&Path, usize), fault: Fault) {
        let (file, position) = (other.0.display().to_string(), Some(Position { line: other.1, column: 1 }));
        let (severity, path, (message, hint)) = (Severity::Error, path.to_owned(), fault.shown(|_| true));
        let problem = Problem { severity, file, position, path, message, hint, excerpt: None };
        self.found.borrow_mut().push((place.map_or(0, |place| place.start), problem));
    }

    fn add(&self, severity: Severity, place: Option<Place>, path: &str, fault: Fault) {
        let start = place.as_ref().map_or(0, |place| place.start);
        let (position, excerpt) = place.filter(|_| self.positions).map(|place| self.locate(place)).unzip();
        let excerpt = excerpt.filter(|_| !fault.is_secret);
        let (message, hint) = fault.shown(|number| self.gives(number));
        let problem =
            Problem { severity, file: self.name.clone(), position, path: path.to_owned(), message, hint, excerpt };
        self.found.borrow_mut().push((start, problem));
    }

    /// Whether a number that a message tells stands in the text, or a part of it by itself.
    fn gives(&self, number: &str) -> bool {
        let mut parts = number.split(|c: char| !c.is_ascii_digit()).filter(|part| part.len() >= QUOTED);
        self.holds(number) || parts.any(|part| self.holds(part))
    }

    /// Whether the text has these digits, and not only within more of them.
    fn holds(&self, number: &str) -> bool {
        let is_digit = |c: char| c.is_ascii_digit();
        self.text.match_indices(number).any(|(start, _)| {
            let (before, after) = (self.text.get(..start), self.text.get(start + number.len()..));
            !before.is_some_and(|text| text.ends_with(is_digit))
                && !after.is_some_and(|text| text.starts_with(is_digit))
        })
    }

    /// The line of a byte, from 0.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset)
    }

    fn locate(&self, place: Place) -> (Position, Excerpt) {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let position = Position { line: self.line_of(place.start) + 1, column };
        let at_fault = self.text.get(place).unwrap_or_default().lines().next().unwrap_or_default();
        let excerpt = Excerpt { line: without_phones(line), width: at_fault.chars().count().max(1) };
        (position, excerpt)
    }

    /// Notes that the reader knows `path` (array indices left out).
    pub(super) fn note_asked(&self, path: String) {
        self.asked.borrow_mut().insert(path);
    }

    pub(super) fn note_unread(&self, path: PathBuf) {
        self.unread.borrow_mut().push(path);
    }

    /// The files that it names and that can't be read.
    pub(super) fn take_unread(&self) -> Vec<PathBuf> {
        self.unread.take()
    }

    /// Everything found, in the order of the text, and every key that was asked for.
    pub(super) fn take(&self) -> (Vec<Problem>, BTreeSet<String>) {
        let mut found = self.found.take();
        found.sort_by_key(|(start, _)| *start);
        (found.into_iter().map(|(_, problem)| problem).collect(), self.asked.take())
    }
}
