//! Reads a table of the configuration key by key. Every read gives a value, or notes a problem and gives nothing, so
//! that reading goes on to the end; what was never asked for is an unknown key.
//!
//! Must not know: what the keys mean.

use std::fs::File;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::{Fault, Place, Source};
use super::values;
use crate::domain::Span;
use crate::rules::nearest;

/// One table of the text; empty where the text has none of that name.
#[derive(Debug)]
pub(super) struct Section<'s> {
    pub(super) source: &'s Source<'s>,
    /// Such as `endpoint[0].answer`; empty for the whole text.
    pub(super) path: String,
    /// Its header; `None` for the whole text.
    pub(super) place: Option<Place>,
    pub(super) table: Option<&'s DeTable<'s>>,
    pub(super) known: Vec<&'static str>,
}

impl<'s> Section<'s> {
    /// Reads the whole text.
    pub(super) fn root<T>(
        source: &'s Source<'s>,
        table: &'s Spanned<DeTable<'s>>,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let root = Self { source, path: String::new(), place: None, table: Some(table.get_ref()), known: Vec::new() };
        root.read_with(read)
    }

    fn read_with<T>(mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut self);
        self.report_unknown();
        value
    }

    fn report_unknown(&self) {
        for (key, value) in self.table.into_iter().flatten() {
            let (name, place) = (key.get_ref().as_ref(), key.span());
            if self.known.contains(&name) {
                continue;
            }
            let fault = if value.get_ref().is_str() && values::names_a_secret(name) {
                self.inline_secret(name)
            } else {
                let fault = Fault::new("unknown key");
                match nearest(name, self.known.iter().copied()) {
                    Some(known) => fault.hint(format!("did you mean `{known}`?")),
                    None => fault.hint(format!("known here: {}", self.known.join(", "))),
                }
            };
            self.source.error(Some(place), &self.path_of(name), fault);
        }
    }

    fn inline_secret(&self, name: &str) -> Fault {
        let file_key = format!("{name}_file");
        let fault = Fault::new("secrets don't belong in the configuration").secret();
        match nearest(&file_key, self.known.iter().copied().filter(|known| known.ends_with("_file"))) {
            Some(known) => fault.hint(format!("put it into a file of its own and name the file in `{known}`")),
            None => fault.hint("put it into a file of its own"),
        }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn value(&mut self, key: &'static str) -> Option<&'s Spanned<DeValue<'s>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
            self.source.note_asked(without_indices(&self.path_of(key)));
        }
        self.table?.get(key)
    }

    /// Whether the text has this table.
    pub(super) fn is_present(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the table has this key, be its value good or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// Notes an error about a key that was read, or about the table where the key is missing or empty.
    pub(super) fn error(&self, key: &str, fault: Fault) {
        self.source.error(self.place_of(key), &self.named(key), fault);
    }

    /// Notes a warning, as [`Self::error`].
    pub(super) fn warning(&self, key: &str, fault: Fault) {
        self.source.warning(self.place_of(key), &self.named(key), fault);
    }

    /// Notes what a process does without, as [`Self::error`].
    pub(super) fn lack(&self, key: &str, fault: Fault) {
        self.source.lack(self.place_of(key), &self.named(key), fault);
    }

    /// Notes an error in a file that the key names.
    pub(super) fn error_in(&self, key: &str, file: &Path, line: usize, fault: Fault) {
        self.source.error_in(self.place_of(key), &self.named(key), (file, line), fault);
    }

    pub(super) fn named(&self, key: &str) -> String {
        if key.is_empty() { self.path.clone() } else { self.path_of(key) }
    }

    pub(super) fn place_of(&self, key: &str) -> Option<Place> {
        self.table.and_then(|table| table.get(key)).map(Spanned::span).or_else(|| self.place.clone())
    }

    /// Notes an error where a key that must be there is missing.
    pub(super) fn require(&self, key: &'static str, hint: &str) {
        if !self.has(key) {
            self.error(key, Fault::new(format!("`{key}` is missing")).hint(hint));
        }
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<&'s str> {
        self.parsed(key, Ok)
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'s str) -> Result<T, Fault>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let path = self.path_of(key);
        parse_text(self.source, &path, value, parse)
    }

    /// A text that `parse` understands, or `false`, which gives `Some(None)`.
    #[expect(clippy::option_option, reason = "missing and switched off are two things, and a type for it has one use")]
    pub(super) fn parsed_or_false<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&'s str) -> Result<T, Fault>,
    ) -> Option<Option<T>> {
        match self.value(key)?.get_ref() {
            DeValue::Boolean(false) => Some(None),
            _ => self.parsed(key, parse).map(Some),
        }
    }

    /// One of a closed set.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, options: &[(&'static str, T)]) -> Option<T> {
        self.parsed(key, |text| values::one_of(text, options))
    }

    /// True or false.
    pub(super) fn bool(&mut self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.error(key, wrong_type("true or false", value));
            default
        })
    }

    /// A whole number.
    pub(super) fn integer(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let Some(integer) = value.get_ref().as_integer() else {
            self.error(key, wrong_type("a whole number", value));
            return None;
        };
        let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|n| range.contains(n));
        if number.is_none() {
            let fault = Fault::new(format!("{integer} is out of range"));
            self.error(key, fault.hint(format!("write a number from {} to {}", range.start(), range.end())));
        }
        number
    }

    /// A number with a fraction.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<f32>) -> Option<f32> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(integer) => integer.as_str().parse().ok(),
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => {
                self.error(key, wrong_type("a number", value));
                return None;
            }
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let fault = Fault::new("this number is out of range");
            self.error(key, fault.hint(format!("write a number from {} to {}", range.start(), range.end())));
        }
        number
    }

    /// As [`Self::integer`], for sizes in memory.
    pub(super) fn count(&mut self, key: &'static str, range: RangeInclusive<u64>, default: usize) -> usize {
        self.integer(key, range).and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
    }

    /// A length of time.
    pub(super) fn span(&mut self, key: &'static str, range: RangeInclusive<Span>) -> Option<Span> {
        if let Some(DeValue::Integer(number)) = self.value(key).map(Spanned::get_ref) {
            let fault = Fault::new("a length of time needs a unit");
            self.error(key, fault.hint(format!("write it in quotes, such as \"{number}s\"")));
            return None;
        }
        self.parsed(key, |text| values::span(text, &range))
    }

    /// A size: `"64MiB"`, or a whole number of bytes.
    pub(super) fn bytes(&mut self, key: &'static str, range: RangeInclusive<u64>, default: u64) -> u64 {
        match self.value(key).map(Spanned::get_ref) {
            Some(DeValue::Integer(number)) => {
                values::bytes(&number.to_string(), &range).map_err(|fault| self.error(key, fault)).ok()
            }
            _ => self.parsed(key, |text| values::bytes(text, &range)),
        }
        .unwrap_or(default)
    }

    /// The path of a file that can be read now.
    pub(super) fn file(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        if text.contains("-----BEGIN") || text.contains('\n') {
            let fault = Fault::new("this is the content of a file").hint("write the path of the file instead");
            self.error(key, fault.secret());
            return None;
        }
        let path = self.source.resolve(text);
        let fault = match File::open(&path).and_then(|file| file.metadata()) {
            Ok(metadata) if metadata.is_file() => return Some(path),
            Ok(_) => Fault::new(format!("{} is not a file", path.display())),
            Err(error) => Fault::new(format!("cannot read {}: {error}", path.display()))
                .hint("relative paths start at the directory of this file"),
        };
        self.error(key, fault);
        self.source.note_unread(path);
        None
    }

    /// The path of a file that may be made later.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.parsed(key, |text| values::own_path(text, "file")).map(|text| self.source.resolve(text))
    }

    /// The path of a directory that may be made later.
    pub(super) fn directory(&mut self, key: &'static str) -> Option<PathBuf> {
        let path = self.source.resolve(self.parsed(key, |text| values::own_path(text, "directory"))?);
        if path.exists() && !path.is_dir() {
            self.error(key, Fault::new(format!("{} is not a directory", path.display())));
            return None;
        }
        Some(path)
    }

    /// A list of texts, each of which `parse` understands; `None` where the key is missing or one of them is bad.
    pub(super) fn list<T>(&mut self, key: &'static str, parse: impl Fn(&'s str) -> Result<T, Fault>) -> Option<Vec<T>> {
        let value = self.value(key)?;
        let Some(entries) = value.get_ref().as_array() else {
            self.error(key, wrong_type("a list in brackets", value));
            return None;
        };
        let path = self.path_of(key);
        // All of them are read before one that is bad spoils the list.
        let parsed: Vec<Option<T>> = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| parse_text(self.source, &format!("{path}[{index}]"), entry, &parse))
            .collect();
        parsed.into_iter().collect()
    }

    /// One text, or a list of texts.
    pub(super) fn one_or_more<T>(&mut self, key: &'static str, parse: impl Fn(&'s str) -> Result<T, Fault>) -> Vec<T> {
        match self.value(key).map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.list(key, parse).unwrap_or_default(),
            _ => self.parsed(key, parse).into_iter().collect(),
        }
    }

    /// A table with names that the operator chooses: each name and its text.
    pub(super) fn pairs<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&'s str, &'s str) -> Result<T, Fault>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.error(key, wrong_type("a table", value));
            return Vec::new();
        };
        let path = self.path_of(key);
        table
            .iter()
            .filter_map(|(name, value)| {
                let name = name.get_ref().as_ref();
                parse_text(self.source, &format!("{path}.{name}"), value, |text| parse(name, text))
            })
            .collect()
    }

    /// A table; `read` sees an empty one where the text has none, and so gives the defaults.
    pub(super) fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = self.value(key);
        let table = value.and_then(|value| value.get_ref().as_table());
        if let (Some(value), None) = (value, table) {
            self.error(key, wrong_type(&format!("a table, [{}]", self.path_of(key)), value));
        }
        let place = value.map(Spanned::span).or_else(|| self.place.clone());
        Self { source: self.source, path: self.path_of(key), place, table, known: Vec::new() }.read_with(read)
    }

    /// A list of tables.
    pub(super) fn tables<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Self) -> Option<T>) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let path = self.path_of(key);
        let Some(entries) = value.get_ref().as_array() else {
            self.error(key, wrong_type(&format!("tables, each under [[{path}]]"), value));
            return Vec::new();
        };
        let mut read_entry = |(index, entry): (usize, &'s Spanned<DeValue<'s>>)| {
            let path = format!("{path}[{index}]");
            let Some(table) = entry.get_ref().as_table() else {
                self.source.error(Some(entry.span()), &path, wrong_type("a table", entry));
                return None;
            };
            let section =
                Self { source: self.source, path, place: Some(entry.span()), table: Some(table), known: Vec::new() };
            section.read_with(&mut read)
        };
        entries.iter().enumerate().filter_map(&mut read_entry).collect()
    }
}

fn parse_text<'s, T>(
    source: &Source<'_>,
    path: &str,
    value: &'s Spanned<DeValue<'s>>,
    parse: impl FnOnce(&'s str) -> Result<T, Fault>,
) -> Option<T> {
    let parsed = match value.get_ref().as_str() {
        Some(text) => parse(text),
        None => Err(wrong_type("text in quotes", value)),
    };
    parsed
        .map_err(|fault| {
            let place = fault.offset().and_then(|offset| inside(source.text(), value.span(), offset));
            source.error(place.or_else(|| Some(value.span())), path, fault);
        })
        .ok()
}

/// The place of a byte of a quoted text. `None` where escapes make that hard to tell.
fn inside(text: &str, value: Place, offset: usize) -> Option<Place> {
    let raw = text.get(value.clone())?;
    if raw.contains('\\') {
        return None;
    }
    let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
    let line_feed = usize::from(quotes == 3 && raw.get(3..)?.starts_with('\n'));
    // An offset at the end of the text points at its last character.
    let start = (value.start + quotes + line_feed + offset).min(value.end.checked_sub(quotes + 1)?);
    Some(start..start + 1)
}

fn wrong_type(expected: &str, value: &Spanned<DeValue<'_>>) -> Fault {
    let article = if value.get_ref().type_str().starts_with(['a', 'i']) { "an" } else { "a" };
    Fault::new(format!("expected {expected}, found {article} {}", value.get_ref().type_str()))
}

/// `endpoint[0].send` to `endpoint[].send`.
fn without_indices(path: &str) -> String {
    let mut parts = path.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| path + "[" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}
