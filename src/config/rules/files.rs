//! Files of rules: names and patterns to texts.

use std::collections::BTreeSet;
use std::fs;
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

/// Reads the files that `rules` names. Each is noted in `files`, whether it can be read or not.
pub(super) fn read(root: &mut Section<'_>, files: &mut Vec<PathBuf>) -> Vec<Text> {
    let patterns = root.list("rules", Ok).unwrap_or_default();
    let mut texts = Vec::new();
    for pattern in patterns {
        let found = match matching(&root.resolve(pattern)) {
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
        }
        for path in found {
            if files.contains(&path) {
                continue;
            }
            match fs::read_to_string(&path) {
                Ok(text) => texts.push(Text { name: path.display().to_string(), text, is_pack: false }),
                Err(error) => root.error("rules", Fault::new(format!("cannot read {}: {error}", path.display()))),
            }
            files.push(path);
        }
    }
    texts
}

/// The files that a path names, in the order of their names: itself, the `*.toml` of a directory, or what fits the one
/// `*` in its last part. Cases are none of them.
pub(super) fn matching(pattern: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (directory, name) = if pattern.is_dir() {
        (pattern.to_owned(), "*.toml".to_owned())
    } else {
        let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (pattern.parent().map_or_else(PathBuf::new, Path::to_owned), name)
    };
    let Some((start, end)) = name.split_once('*') else { return Ok(vec![pattern.to_owned()]) };
    let fits = |name: &str| {
        let long_enough = name.len() >= start.len() + end.len();
        long_enough && name.starts_with(start) && name.ends_with(end) && name != CASES
    };
    let listed = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory.clone() };
    let mut found = Vec::new();
    for entry in fs::read_dir(listed)? {
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
