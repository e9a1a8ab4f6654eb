//! What changed between two configurations, key by key: `limit[hour].max: 1 -> 2`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::{Table, Value};

use crate::lists::check_text;

/// Changes that are told; more are counted.
const MAX_CHANGES: usize = 100;
/// Characters of a value that are shown.
const MAX_VALUE: usize = 60;

/// The keys of all files with their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys(BTreeMap<String, String>);

impl Keys {
    /// Of these files. One that isn't TOML (a list, prices) is one key with its hash.
    pub(super) fn of(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut keys = Self::default();
        for (file, bytes) in files {
            let table = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Table>().ok());
            if let Some(table) = table {
                keys.table("", &table);
            } else {
                let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
                let hash = digest.as_ref().iter().take(4).fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));
                keys.0.insert(format!("file {}", file.display()), format!("{hash:08x}"));
            }
        }
        keys
    }

    fn table(&mut self, path: &str, table: &Table) {
        for (key, value) in table {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.value(&path, value);
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        match value {
            Value::Table(table) => self.table(path, table),
            Value::Array(entries) if entries.iter().any(Value::is_table) => {
                for (index, entry) in entries.iter().enumerate() {
                    let name = ["id", "name"].iter().find_map(|key| entry.get(key).and_then(Value::as_str));
                    let name = name.map_or_else(|| index.to_string(), ToOwned::to_owned);
                    let path = format!("{path}[{name}]");
                    self.0.insert(path.clone(), String::new());
                    self.value(&path, entry);
                }
            }
            other => {
                self.0.insert(path.to_owned(), other.to_string());
            }
        }
    }

    /// What is added, removed and changed on the way to `new`, in words.
    pub(super) fn changes_to(&self, new: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for key in self.0.keys().chain(new.0.keys().filter(|key| !self.0.contains_key(*key))) {
            let change = match (self.0.get(key), new.0.get(key)) {
                (Some(old), Some(new)) if old != new => format!("{key}: {} -> {}", shown(old), shown(new)),
                (None, Some(value)) if !new.is_within_a_new(key, self) => added("added", key, value),
                (Some(value), None) if !self.is_within_a_new(key, new) => added("removed", key, value),
                _ => continue,
            };
            changes.push(change);
        }
        let more = changes.len().saturating_sub(MAX_CHANGES);
        changes.truncate(MAX_CHANGES);
        if more > 0 {
            changes.push(format!("and {more} more"));
        }
        changes
    }

    /// Whether the key belongs to a table of a list that `other` doesn't have: then naming that table is enough.
    fn is_within_a_new(&self, key: &str, other: &Self) -> bool {
        let ends = key.match_indices(']').map(|(end, _)| end + 1);
        let parents = ends.filter(|end| *end < key.len()).filter_map(|end| key.get(..end));
        parents.into_iter().any(|parent| self.0.contains_key(parent) && !other.0.contains_key(parent))
    }
}

fn added(what: &str, key: &str, value: &str) -> String {
    if value.is_empty() { format!("{what} {key}") } else { format!("{what} {key} = {}", shown(value)) }
}

/// The value, as far as it may stand in a history: lists may hold phones.
fn shown(value: &str) -> String {
    if check_text(value, usize::MAX).is_err() {
        return "...".to_owned();
    }
    let cut: String = value.chars().take(MAX_VALUE).collect();
    if cut.len() < value.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(old: &str, new: &str) -> Vec<String> {
        let keys = |text: &str| Keys::of(&BTreeMap::from([(PathBuf::from("f"), text.as_bytes().to_vec())]));
        keys(old).changes_to(&keys(new))
    }

    #[test]
    fn tables_of_a_list_go_by_their_names() {
        let old = "mode = \"monitor\"\n[[limit]]\nname = \"a\"\nmax = 1\n[[limit]]\nname = \"b\"\nmax = 2\n";
        let new =
            "mode = \"enforce\"\nworkers = 2\n[[limit]]\nname = \"b\"\nmax = 3\n[[rule]]\nid = \"r\"\nwhen = 'x'\n";
        assert_eq!(
            changes(old, new),
            [
                "removed limit[a]",
                "limit[b].max: 2 -> 3",
                "mode: \"monitor\" -> \"enforce\"",
                "added rule[r]",
                "added workers = 2",
            ]
        );
        assert!(changes(old, old).is_empty());
        let reordered = "[[limit]]\nname = \"b\"\nmax = 2\n[[limit]]\nname = \"a\"\nmax = 1\n";
        assert_eq!(changes(old, reordered), ["removed mode = \"monitor\""]);
    }

    #[test]
    fn numbers_are_not_told_and_much_is_cut() {
        let told = changes("numbers = []", "numbers = [\"+447402417171\"]");
        assert_eq!(told, ["numbers: [] -> ..."]);
        let many: String = (0..200).map(|key| format!("key{key} = 1\n")).fold(String::new(), |all, line| all + &line);
        let told = changes("", &many);
        assert_eq!((told.len(), told.last().map(String::as_str)), (101, Some("and 100 more")));
        assert_eq!(changes("not = toml = ", "not = toml == ").len(), 1);
    }
}
