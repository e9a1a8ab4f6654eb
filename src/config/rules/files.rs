//! Files of rules: names and patterns to texts.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};

use crate::config::reader::Section;
use crate::config::source::Fault;

/// The name of the file with the cases of a directory.
const CASES: &str = "cases.toml";

/// A text with rules, lists or cases.
#[derive(Debug)]
pub(super) struct Text {
    /// As problems name it.
    pub(super) name: String,
    pub(super) text: String,
    /// Whether it comes with sendwall.
    pub(super) is_pack: bool,
}

impl Text {
    /// Where it stands; lists' files are named from there.
    pub(super) fn directory(&self) -> PathBuf {
        Path::new(&self.name).parent().map_or_else(PathBuf::new, Path::to_owned)
    }
}

/// What `rules` names.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) texts: Vec<Text>,
    /// Each file, whether it can be read or not.
    pub(super) files: Vec<PathBuf>,
    /// Where files of patterns stand, or may come to stand.
    pub(super) directories: BTreeSet<PathBuf>,
    /// Those of them in which files fit.
    pub(super) filled: BTreeSet<PathBuf>,
    /// The patterns.
    pub(super) patterns: BTreeSet<PathBuf>,
}

/// Reads the files that `rules` names.
pub(super) fn read(root: &mut Section<'_>) -> Named {
    let patterns = root.list("rules", Ok).unwrap_or_default();
    let mut named = Named::default();
    for pattern in patterns {
        let path = root.resolve(pattern);
        let directory = split(&path).map(|(directory, _)| directory);
        if let Some(directory) = &directory {
            named.directories.insert(directory.clone());
            named.patterns.insert(path.clone());
        }
        let found = match matching(&path) {
            Ok(found) => found,
            Err(error) => {
                let fault = Fault::new(format!("cannot read {pattern}: {error}"));
                root.error("rules", fault.hint("relative paths start at the directory of this file"));
                continue;
            }
        };
        if found.is_empty() {
            let fault = Fault::new(format!("no file fits {pattern:?}"));
            root.warning("rules", fault.hint("relative paths start at the directory of this file"));
        } else {
            named.filled.extend(directory);
        }
        for path in found {
            if named.files.contains(&path) {
                continue;
            }
            match fs::read_to_string(&path) {
                Ok(text) => named.texts.push(Text { name: path.display().to_string(), text, is_pack: false }),
                Err(error) => root.error("rules", Fault::new(format!("cannot read {}: {error}", path.display()))),
            }
            named.files.push(path);
        }
    }
    named
}

/// The directory of a pattern and what its files are named: the `*.toml` of a directory, or what fits the one `*` in the
/// last part. `None` for the name of a file.
fn split(pattern: &Path) -> Option<(PathBuf, String)> {
    if pattern.is_dir() {
        return Some((pattern.to_owned(), "*.toml".to_owned()));
    }
    let name = pattern.file_name()?.to_string_lossy().into_owned();
    name.contains('*').then(|| (pattern.parent().map_or_else(PathBuf::new, Path::to_owned), name))
}

/// The files that a path names, in the order of their names: itself, or what fits its pattern. Cases are none of them,
/// and a directory that isn't there has none.
pub(super) fn matching(pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
    let Some((directory, name)) = split(pattern) else { return Ok(vec![pattern.to_owned()]) };
    let (start, end) = name.split_once('*').unwrap_or_default();
    let fits = |name: &str| {
        let long_enough = name.len() >= start.len() + end.len();
        // What editors and mounts put beside a file is hidden.
        let is_hidden = name.starts_with('.') && !start.starts_with('.');
        long_enough && name.starts_with(start) && name.ends_with(end) && name != CASES && !is_hidden
    };
    let listed = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory.clone() };
    let entries = match fs::read_dir(listed) {
        Err(missing) if missing.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if name.to_str().is_some_and(fits) {
            found.push(directory.join(name));
        }
    }
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

/// The directories of files, each once.
pub(super) fn directories<'t>(texts: impl Iterator<Item = &'t Text>) -> BTreeSet<PathBuf> {
    texts.filter(|text| !text.is_pack).map(Text::directory).collect()
}

/// The cases of a directory, where it has any.
pub(super) fn cases_in(directory: &Path, files: &mut Vec<PathBuf>) -> Option<Text> {
    let path = directory.join(CASES);
    let text = fs::read_to_string(&path).ok()?;
    let name = path.display().to_string();
    files.push(path);
    Some(Text { name, text, is_pack: false })
}

/// These files, what fits the patterns now, and the cases that may stand beside any: whatever else comes and goes in their
/// directories has no part in rules.
pub fn belonging(files: &BTreeSet<PathBuf>, patterns: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let fitting = patterns.iter().flat_map(|pattern| matching(pattern).unwrap_or_default());
    let all: BTreeSet<PathBuf> = files.iter().cloned().chain(fitting).collect();
    let cases = all.iter().filter_map(|file| Some(file.parent()?.join(CASES)));
    cases.chain(all.iter().cloned()).collect()
}

/// First bytes of the SHA-256 of all files; 0 where there is none.
pub(super) fn hash(files: &[PathBuf]) -> u32 {
    let mut context = Context::new(&SHA256);
    for file in files {
        context.update(&fs::read(file).unwrap_or_default());
        context.update(&[0]);
    }
    let digest = context.finish();
    let first = digest.as_ref().iter().take(4).fold(0, |hash, byte| hash << 8 | u32::from(*byte));
    if files.is_empty() { 0 } else { first }
}
