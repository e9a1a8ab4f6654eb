//! House rules that the compiler cannot check.
#![expect(clippy::unwrap_used, reason = "a broken checkout should fail loudly")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Who may import whom. Read top to bottom it is the data path; arrows point up this list only.
#[rustfmt::skip] // one row per module, so that a new arrow is a one-line diff
const ARROWS: &[(&str, &[&str])] = &[
    ("privacy", &[]),
    ("domain", &["privacy"]),
    ("clock", &["domain"]),
    ("tasks", &[]),
    ("telemetry", &["domain"]),
    ("numbering", &["privacy", "domain"]),
    ("geo", &["domain"]),
    ("rules", &["domain"]),
    ("extract", &["privacy", "domain", "numbering", "rules"]),
    ("cells", &["domain"]),
    ("limits", &["domain"]),
    ("model", &["domain"]),
    ("decide", &["domain", "cells", "limits", "model", "rules"]),
    ("net", &["domain", "clock", "tasks", "telemetry"]),
    ("challenge", &["privacy", "domain", "clock", "telemetry", "net"]),
    ("journal", &["privacy", "domain", "tasks", "telemetry"]),
    ("alerts", &["privacy", "domain", "clock", "tasks", "telemetry", "net"]),
    ("gate", &["privacy", "domain", "clock", "telemetry", "numbering", "geo", "extract", "cells", "limits", "model", "rules", "decide", "challenge", "journal"]),
    // ... http, admin, replay, simulate, config, reload, app, cli: as the code grows
];

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (index, (module, allowed)) in ARROWS.iter().enumerate() {
        let earlier: BTreeSet<_> = ARROWS.iter().take(index).map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|name| earlier.contains(name)), "{module}: table is not ordered");
        for file in module_files(module) {
            let source = fs::read_to_string(&file).unwrap();
            assert!(!source.contains("crate::{"), "{}: one `use crate::module` per line", file.display());
            for target in imports(&source) {
                if target != *module && !allowed.contains(&target.as_str()) {
                    wrong.push(format!("{}: {module} must not import {target}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every `crate::name` before the file's tests, comments left out.
fn imports(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

fn module_files(module: &str) -> Vec<PathBuf> {
    let file = Path::new("src").join(module).with_extension("rs");
    if file.exists() { vec![file] } else { rust_files(&Path::new("src").join(module)) }
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .collect()
}
