//! The demo's rules: a file to edit while it runs, and what became of the last edit.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// What stands in a new file.
const SAMPLE: &str = r#"# Rules of the demo. Edit this file and save it: what it says holds within a second.
# Take the # away, and phones of France get no code:
#
#[[rule]]
#id = "no-france"
#when = 'phone.country == "FR"'
#then = "block"
#reason = "this shop has no customers in France"
"#;

/// The file that was named, or one of the demo's own; made where there is none.
pub(super) fn file(named: Option<&Path>, own: &Path) -> io::Result<PathBuf> {
    let file = named.map_or_else(|| Ok(own.join("rules.toml")), std::path::absolute)?;
    if !file.exists() {
        fs::write(&file, SAMPLE)?;
    }
    Ok(file)
}

/// What a line of the history says of the file of rules, in one sentence; `None` for the start. The file goes by its name
/// alone, and first comes what has to fit on a screen.
pub(super) fn news(told: &Value, file: &Path) -> Option<String> {
    let texts = |key: &str| told[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    if told["cause"] == "start" {
        return None;
    }
    let revision = told["revision"].as_str().unwrap_or_default();
    if told["result"] == "applied" {
        return Some(format!("{revision} holds now: {}", texts("changes").join("; ")));
    }
    let problem = texts("problems").first().and_then(|problem| problem.lines().next()).unwrap_or_default();
    let problem = problem.strip_prefix("error: ").unwrap_or(problem);
    let directory = file.parent().map(|directory| format!("{}/", directory.display())).unwrap_or_default();
    Some(format!("refused: {}; {revision} stays", problem.replacen(&directory, "", 1)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn news_are_one_sentence_that_begins_with_what_matters() {
        let news = |told: Value| news(&told, Path::new("/tmp/a-directory-of-the-demo/rules.toml"));
        assert_eq!(news(json!({"cause": "start", "result": "applied", "revision": "r1-1"})), None);
        let applied =
            json!({"cause": "files", "result": "applied", "revision": "r2-1", "changes": ["added rule[a]", "x"]});
        assert_eq!(news(applied).as_deref(), Some("r2-1 holds now: added rule[a]; x"));
        let problem = "error: /tmp/a-directory-of-the-demo/rules.toml:1:2 [rule[0].when]: no\n 1 |";
        let refused = json!({"cause": "files", "result": "refused", "revision": "r2-1", "problems": [problem]});
        assert_eq!(news(refused).as_deref(), Some("refused: rules.toml:1:2 [rule[0].when]: no; r2-1 stays"));
    }
}
