//! Reading a text that is one of several: a file of rules beside the configuration.
//!
//! Must not know: what the keys mean.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::problem::Problem;
use super::reader::Section;
use super::source::{Fault, Place, Source};
use crate::ruleset::Origin;

impl<'s> Section<'s> {
    /// Reads some of a text: what is unknown at its top is the business of whoever reads the rest.
    pub(super) fn part<T>(
        source: &'s Source<'s>,
        table: &'s Spanned<DeTable<'s>>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let (path, place, known) = (String::new(), None, Vec::new());
        read(&mut Self { source, path, place, table: Some(table.get_ref()), known })
    }

    /// A key that is read elsewhere.
    pub(super) fn knows(&mut self, key: &'static str) {
        let _read_elsewhere = self.value(key);
    }

    /// Notes an error at a place of the text.
    pub(super) fn error_at(&self, place: Place, key: &str, fault: Fault) {
        self.source.error(Some(place), &self.named(key), fault);
    }

    /// Where the table stands.
    pub(super) fn origin(&self) -> Origin {
        let line = self.place.as_ref().map_or(0, |place| self.source.line_of(place.start));
        Origin { file: Arc::from(self.source.name()), line: line + 1 }
    }

    /// Takes over the problems of another text, which the key names.
    pub(super) fn adopt(&self, key: &str, problems: Vec<Problem>) {
        self.source.adopt(self.place_of(key), problems);
    }

    /// The path of a file that the text names.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.source.resolve(path)
    }
}

impl Source<'_> {
    /// As the operator named it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn adopt(&self, place: Option<Place>, problems: Vec<Problem>) {
        let start = place.map_or(0, |place| place.start);
        self.found.borrow_mut().extend(problems.into_iter().map(|problem| (start, problem)));
    }

    /// Relative paths in the text start there.
    pub(super) fn based_at(mut self, directory: &Path) -> Self {
        directory.clone_into(&mut self.base);
        self
    }
}
