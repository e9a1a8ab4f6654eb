//! House rules that the compiler cannot check.
#![expect(clippy::unwrap_used, reason = "a broken checkout should fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom. Read top to bottom it is the way of the data; arrows point up this list only.
#[rustfmt::skip] // one row a module, so that a new arrow is a one-line diff
const ARROWS: &[(&str, &[&str])] = &[
    ("whole", &[]),
    ("privacy", &["whole"]),
    ("domain", &["privacy"]),
    ("clock", &["domain"]),
    ("tasks", &["domain"]),
    ("random", &[]),
    ("stripes", &[]),
    ("telemetry", &["domain", "clock", "stripes"]),
    ("pack", &["privacy", "domain"]),
    ("numbering", &["privacy", "domain"]),
    ("geo", &["domain"]),
    ("lists", &["privacy", "domain", "numbering"]),
    ("rules", &["privacy", "domain", "numbering", "lists"]),
    ("extract", &["privacy", "domain", "numbering", "rules"]),
    ("limits", &["domain", "pack", "rules"]),
    ("ruleset", &["privacy", "domain", "rules", "limits"]),
    ("budget", &["domain", "pack"]),
    ("cells", &["privacy", "domain", "pack", "limits"]),
    ("model", &["domain", "cells"]),
    ("sessions", &["privacy", "domain", "pack", "cells"]),
    ("decide", &["domain", "rules", "limits", "ruleset", "budget", "cells", "model"]),
    ("trace", &["domain"]),
    ("net", &["domain"]),
    ("challenge", &["privacy", "domain", "clock", "random", "telemetry", "extract", "net"]),
    ("journal", &["privacy", "domain", "clock", "tasks", "telemetry"]),
    ("state", &["whole", "privacy", "domain", "clock", "telemetry", "pack", "numbering", "lists"]),
    ("alerts", &["whole", "privacy", "domain", "clock", "tasks", "random", "stripes", "telemetry", "pack", "budget", "net"]),
    ("gate", &["privacy", "domain", "clock", "telemetry", "pack", "numbering", "geo", "lists", "rules", "extract", "limits", "ruleset", "budget", "cells", "model", "sessions", "decide", "challenge", "journal", "alerts"]),
    ("http", &["privacy", "domain", "clock", "tasks", "telemetry", "extract", "net", "challenge", "gate"]),
    ("admin", &["privacy", "domain", "clock", "tasks", "telemetry", "lists", "journal", "state", "alerts", "budget"]),
    ("config", &["privacy", "domain", "telemetry", "numbering", "geo", "lists", "rules", "extract", "limits", "ruleset", "budget", "cells", "model", "decide", "net", "challenge", "journal", "state", "alerts", "gate", "http", "admin"]),
    ("app", &["privacy", "domain", "clock", "tasks", "telemetry", "pack", "numbering", "geo", "lists", "rules", "extract", "limits", "ruleset", "budget", "cells", "model", "sessions", "decide", "net", "challenge", "journal", "state", "alerts", "gate", "http", "admin", "config"]),
    ("replay", &["privacy", "domain", "clock", "extract", "geo", "limits", "model", "trace", "journal", "gate", "budget", "alerts"]),
    ("train", &["domain", "random", "model", "trace", "replay"]),
    ("demo", &["domain", "clock", "tasks", "random", "telemetry", "challenge", "journal", "gate", "http", "admin", "config", "app", "alerts"]),
    ("simulate", &["domain", "random", "numbering", "trace"]),
    ("drive", &["privacy", "domain", "clock", "tasks", "trace", "challenge"]),
    ("cli", &["privacy", "domain", "clock", "telemetry", "rules", "extract", "limits", "ruleset", "cells", "decide", "trace", "net", "journal", "alerts", "gate", "config", "app", "replay", "train", "demo", "simulate", "drive", "model", "random"]),
];

/// Lines of a file before its tests: more than this is more than one idea.
const MAX_LINES: usize = 400;

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (index, (module, allowed)) in ARROWS.iter().enumerate() {
        let earlier: BTreeSet<_> = ARROWS.iter().take(index).map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|name| earlier.contains(name)), "{module}: table is not ordered");
        for (path, source) in module_files(module) {
            assert!(!source.contains("crate::{"), "{}: one `use crate::module` a line", path.display());
            for target in imports(&source) {
                if target != *module && !allowed.contains(&target.as_str()) {
                    wrong.push(format!("{}: {module} must not import {target}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_row() {
    let rows: BTreeSet<_> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let modules: BTreeSet<_> = fs::read_to_string("src/lib.rs")
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect();
    assert_eq!(rows, modules);
}

#[test]
fn every_file_says_what_it_is_for_and_has_one_idea() {
    for (path, source) in rust_files(Path::new("src")) {
        assert!(source.starts_with("//! "), "{}: begins without a module doc", path.display());
        let lines = before_tests(&source).lines().count();
        assert!(lines <= MAX_LINES, "{}: {lines} lines before its tests, more than {MAX_LINES}", path.display());
    }
}

#[test]
fn tests_do_not_sleep() {
    for (path, source) in rust_files(Path::new("tests")).into_iter().chain(rust_files(Path::new("src"))) {
        if path.ends_with("tidy.rs") {
            continue;
        }
        let tests =
            if path.starts_with("src") { source.split_once("#[cfg(test)]").map_or("", |(_, t)| t) } else { &source };
        assert!(!tests.contains("thread::sleep"), "{}: a test that sleeps for luck", path.display());
    }
}

fn before_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

/// Every `crate::name` before the file's tests, comments left out.
fn imports(source: &str) -> BTreeSet<String> {
    let code = before_tests(source).lines().filter(|line| !line.trim_start().starts_with("//"));
    let names = code
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
    names.filter(|name| !name.is_empty()).collect()
}

fn module_files(module: &str) -> Vec<(PathBuf, String)> {
    let file = Path::new("src").join(module).with_extension("rs");
    if file.exists() {
        vec![(file.clone(), fs::read_to_string(file).unwrap())]
    } else {
        rust_files(&Path::new("src").join(module))
    }
}

fn rust_files(root: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for path in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            files.push((path, source));
        }
    }
    files
}
