//! Configurations: what they compile to, and every fault of those that don't.
//!
//! Each `tests/cases/config/*/NAME.toml` stands beside `NAME.expected`, what `sendwall check` prints about it.
//! `UPDATE_EXPECT=1` writes these anew.

#![expect(clippy::unwrap_used, reason = "a broken case should fail loudly")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sendwall::config::{Config, Flags, KeySource, Problem, counted};
use sendwall::numbering::PriceTable;

const CASES: &str = "tests/cases/config";

fn no_environment(_: &str) -> Option<String> {
    None
}

fn compile(text: &str) -> Result<Config, Vec<Problem>> {
    Config::compile(text, Path::new("sendwall.toml"), &no_environment)
}

/// What is said about a configuration, as `check` says it.
fn told(result: &Result<Config, Vec<Problem>>) -> String {
    let problems = result.as_ref().map_or_else(|problems| problems, |config| &config.warnings);
    let mut told = String::new();
    for problem in problems {
        writeln!(told, "{problem}\n").unwrap();
    }
    match result {
        Ok(config) => writeln!(told, "{}", config.summary()).unwrap(),
        Err(problems) => writeln!(told, "{}", counted(problems)).unwrap(),
    }
    told
}

fn cases(directory: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(CASES).join(directory)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    files
}

/// Compiles each case and compares; gives one text of everything that differs.
fn differences(directory: &str, is_good: bool) -> String {
    let mut differences = String::new();
    for file in cases(directory) {
        let text = fs::read_to_string(&file).unwrap();
        let result = Config::compile(&text, &file, &no_environment).and_then(Config::complete);
        let (found, expected_file) = (told(&result), file.with_extension("expected"));
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected_file, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if result.is_ok() != is_good {
            writeln!(differences, "{}: is {}\n{found}", file.display(), if is_good { "bad" } else { "good" }).unwrap();
        } else if found != expected {
            writeln!(differences, "{}:\n--- expected\n{expected}--- found\n{found}", file.display()).unwrap();
        }
    }
    differences
}

#[test]
fn every_fault_of_a_bad_configuration_is_named() {
    assert!(cases("bad").len() >= 25);
    let differences = differences("bad", false);
    assert!(
        !fs::read_to_string(Path::new(CASES).join("bad/upstream-with-password.expected")).unwrap().contains("hunter2")
    );
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn good_configurations_do_what_they_say() {
    let differences = differences("good", true);
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn the_readmes_files_pass_check() {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    let (whole, parts): (Vec<_>, Vec<_>) = blocks.partition(|block| block.contains("upstream"));
    let tables = parts.iter().filter(|block| block.contains("\n[[") || block.starts_with("[["));
    let endpoint = "upstream = \"http://a\"\nUSED\n[[endpoint]]\nname = \"a\"\nsend = \"POST /a\"\n";
    let texts = tables.map(|part| match part.split_once("\n[[") {
        Some((top, rest)) if !part.starts_with("[[") => endpoint.replace("USED", top) + "[[" + rest,
        _ => endpoint.replace("USED", "") + part,
    });
    let texts: Vec<_> = whole.iter().map(|text| (*text).to_owned()).chain(texts).collect();
    assert!(texts.len() >= 3, "{texts:#?}");
    for text in texts {
        let checked = compile(&text).and_then(Config::complete);
        assert!(checked.is_ok(), "{}\n{text}", told(&checked));
    }
}

#[test]
fn ten_faults_are_ten_problems() {
    let file = Path::new(CASES).join("bad/ten-faults.toml");
    let problems = Config::compile(&fs::read_to_string(&file).unwrap(), &file, &no_environment).unwrap_err();
    let paths: Vec<_> = problems.iter().filter(|problem| problem.is_error()).map(|problem| &*problem.path).collect();
    let expected = [
        "listen",
        "upstream",
        "admin",
        "trusted_proxy",
        "timeouts.drain",
        "endpoint[0].send",
        "endpoint[0].sned",
        "endpoint[0].default_region",
        "endpoint[0].verify",
        "endpoint[0].match[0]",
        "limit[0].endpoints[0]",
    ];
    assert_eq!(paths, expected, "a missing `send` and a misspelt one are one fault seen from two sides");
}

/// Asserts that two configurations do the same, whatever their texts look like.
fn assert_same(one: Config, other: Config) {
    assert_eq!(one.prices, other.prices);
    let shown = |config: Config| {
        let prices = PriceTable::parse("default = 0").unwrap();
        format!("{:#?}", Config { hash: 0, warnings: Vec::new(), prices, ..config })
    };
    let (one, other) = (shown(one), shown(other));
    let first = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert!(one == other, "they differ first in {first:?}");
}

/// The complete example with every commented-out key (`#key = value`, no space) made active.
fn full_with_all_keys() -> String {
    let text = fs::read_to_string(Path::new(CASES).join("good/full.toml")).unwrap();
    let active = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') && !key.is_empty() => key,
        _ => line,
    });
    active.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_full_example_names_every_key_that_there_is_and_no_other() {
    fn collect(path: &str, value: &toml::Value, keys: &mut BTreeSet<String>) {
        match value {
            // Names of headers are the operator's own.
            toml::Value::Table(table) if !path.ends_with(".headers") => {
                for (key, value) in table {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    collect(&path, value, keys);
                    keys.insert(path);
                }
            }
            toml::Value::Array(values) => {
                for value in values.iter().filter(|value| value.is_table()) {
                    collect(&format!("{path}[]"), value, keys);
                }
            }
            _ => {}
        }
    }
    let mut named = BTreeSet::new();
    collect("", &toml::Value::Table(full_with_all_keys().parse().unwrap()), &mut named);
    assert_eq!(named, Config::known_keys(), "left: the example; right: what the reader knows");
}

#[test]
fn every_commented_out_key_of_the_full_example_would_be_taken() {
    let problems = compile(&full_with_all_keys()).unwrap_err();
    // The example's files aren't there, and it shows two keys that exclude each other.
    let excluding = ["cannot read", "has no waits", "which of them is meant", "belongs to then", "not both"];
    let is_expected = |message: &str| excluding.iter().any(|part| message.contains(part));
    let unexpected: Vec<_> =
        problems.iter().filter(|problem| problem.is_error() && !is_expected(&problem.message)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
}

#[test]
fn the_full_example_shows_the_defaults() {
    let full = fs::read_to_string(Path::new(CASES).join("good/full.toml")).unwrap();
    let least = r#"
        upstream = "http://127.0.0.1:3000"
        state = "/var/lib/sendwall"
        [[endpoint]]
        name = "login"
        send = "POST /api/login/send-code"
        verify = "POST /api/login/verify"
        verified_if = 'status == 200 && json("/ok") == true'
    "#;
    assert_same(compile(&full).unwrap(), compile(least).unwrap());
}

#[test]
fn flags_say_the_same_as_a_file() {
    let flags = Flags {
        upstream: "http://127.0.0.1:3000".to_owned(),
        protect: vec!["POST /send".to_owned(), "POST /call".to_owned()],
        verify: vec!["POST /verify".to_owned()],
        listen: Some("127.0.0.1:8081".to_owned()),
        enforce: true,
        default_region: Some("GB".to_owned()),
        ..Flags::default()
    };
    let file = r#"
        upstream = "http://127.0.0.1:3000"
        listen = "127.0.0.1:8081"
        mode = "enforce"
        [[endpoint]]
        name = "codes"
        send = ["POST /send", "POST /call"]
        verify = "POST /verify"
        verified_if = "status < 400 && !(status in [307, 308])"
        default_region = "GB"
    "#;
    assert_same(Config::from_flags(&flags, &no_environment).unwrap(), compile(file).unwrap());
}

#[test]
fn a_verify_flag_says_what_it_takes_for_a_right_code() {
    let verify = vec!["POST /verify".to_owned()];
    let flags = Flags { upstream: "http://app".to_owned(), protect: vec!["POST /send".to_owned()], ..Flags::default() };
    let warned = |flags: &Flags| told(&Config::from_flags(flags, &no_environment)).contains("verified_if");
    assert!(!warned(&flags));
    let flags = Flags { verify, ..flags };
    let told = told(&Config::from_flags(&flags, &no_environment));
    let warning = "warning: command line [--verify]: any answer under 400 is taken for a right code; \
                   where the app answers so to a wrong one too, write a file that says `verified_if`\n";
    assert!(told.contains(warning), "{told}");
}

#[test]
fn faults_in_flags_name_the_flag() {
    let flags = Flags {
        upstream: "http://user:hunter2@app".to_owned(),
        protect: vec!["POST /send".to_owned(), "/call".to_owned()],
        listen: Some("80\"80".to_owned()),
        ..Flags::default()
    };
    let problems = Config::from_flags(&flags, &no_environment).unwrap_err();
    let errors: Vec<_> = problems.iter().filter(|problem| problem.is_error()).collect();
    let paths: BTreeSet<_> = errors.iter().map(|problem| &*problem.path).collect();
    assert_eq!(paths, BTreeSet::from(["--listen", "--protect", "--upstream"]));
    assert!(errors.iter().all(|problem| problem.position.is_none()));
    assert!(!told(&Err(problems)).contains("hunter2"));
}

#[test]
fn what_no_flag_says_is_named_as_a_key_of_the_file() {
    let (upstream, protect) = ("http://app".to_owned(), vec!["POST /send".to_owned()]);
    let flags = Flags { upstream, protect, admin: Some("0.0.0.0:9090".to_owned()), ..Flags::default() };
    let told = told(&Config::from_flags(&flags, &no_environment));
    assert!(told.contains("`admin_token_file`, a key of the configuration file"), "{told}");
}

#[test]
fn the_environments_key_goes_before_the_files() {
    let text = "upstream = \"http://a\"\nkey_file = \"keys\"\n[[endpoint]]\nname = \"a\"\nsend = \"POST /a\"\n";
    let compile = |key: Option<&str>| {
        let environment = |name: &str| key.filter(|_| name == "SENDWALL_KEY").map(str::to_owned);
        Config::compile(text, Path::new("conf/sendwall.toml"), &environment)
    };
    assert_eq!(compile(None).unwrap().keys, KeySource::File("conf/keys".into()));
    assert!(matches!(compile(Some(&"ab".repeat(32))).unwrap().keys, KeySource::Text(_)));
    let problems = compile(Some("tooshort")).unwrap_err();
    assert!(!told(&Err(problems)).contains("tooshort"), "a key is never repeated");
}

#[test]
fn a_revision_is_named_by_its_text() {
    let text = fs::read_to_string(Path::new(CASES).join("good/smallest.toml")).unwrap();
    assert_eq!(compile(&text).unwrap().hash, compile(&text).unwrap().hash);
    assert_ne!(compile(&text).unwrap().hash, compile(&format!("{text}\n")).unwrap().hash);
}

#[test]
fn certificate_and_key_must_belong_together() {
    let directory = env::temp_dir().join(format!("sendwall-config-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let made = ["one", "two"].map(|name| {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(directory.join(format!("{name}.pem")), made.cert.pem()).unwrap();
        fs::write(directory.join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
        name
    });
    let compile = |certificate: &str, key: &str| {
        let text = format!(
            "upstream = \"http://a\"\n[tls]\ncertificate = \"{certificate}.pem\"\nkey = \"{key}.key\"\n\
             [[endpoint]]\nname = \"a\"\nsend = \"POST /a\"\n"
        );
        Config::compile(&text, &directory.join("sendwall.toml"), &no_environment)
    };
    assert!(compile(made[0], made[0]).is_ok());
    let problems = compile(made[0], made[1]).unwrap_err();
    assert!(told(&Err(problems)).contains("don't belong together"));
    fs::remove_dir_all(&directory).unwrap();
}
