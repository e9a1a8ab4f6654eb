//! Files of rules: every mistake with its place, cases, packs.

#![expect(clippy::unwrap_used, reason = "a broken case should fail loudly")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sendwall::config::{self, Config};
use sendwall::domain::Timestamp;

const CASES: &str = "tests/cases/rules/bad";

const BASE: &str = r#"
upstream = "http://127.0.0.1:3000"
packs = ["monitor"]
[[endpoint]]
name = "login"
send = "POST /login"
default_region = "GB"
"#;

/// What is said of a configuration with this file of rules.
fn compile(rules: &Path) -> Result<Config, String> {
    let text = format!("rules = [{:?}]\n{BASE}", rules.display().to_string());
    Config::compile(&text, Path::new("sendwall.toml"), &|_| None).map_err(|problems| {
        let errors = problems.iter().filter(|problem| problem.is_error());
        errors.fold(String::new(), |mut told, problem| {
            writeln!(told, "{problem}\n").unwrap();
            told
        })
    })
}

/// Each `tests/cases/rules/bad/NAME.toml` stands beside `NAME.expected`; `UPDATE_EXPECT=1` writes these anew.
#[test]
fn every_mistake_in_a_file_of_rules_says_how_to_mend_it() {
    let mut files: Vec<PathBuf> = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    files.sort();
    assert!(files.len() >= 10);
    let mut differences = String::new();
    for file in files {
        let told = compile(&file).err().unwrap_or_else(|| format!("{} has no fault", file.display()));
        assert!(!told.contains("7402999888"), "a number is never repeated");
        let expected_file = file.with_extension("expected");
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected_file, &told).unwrap();
        }
        let expected = fs::read_to_string(&expected_file).unwrap_or_default();
        if told != expected {
            writeln!(differences, "{}:\n--- expected\n{expected}--- found\n{told}", file.display()).unwrap();
        }
        assert!(told.contains(&format!("{}:", file.display())) || told.contains("at "), "{told}");
    }
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn every_rule_of_every_pack_speaks_in_a_case_and_all_cases_hold() {
    let tested = config::test_directory(None, None).unwrap();
    assert_eq!(tested.problems, []);
    assert_eq!((tested.failed, tested.covered), (0, tested.rules));
    assert!(tested.rules > 25 && tested.cases > 30, "{tested:?}");
    // The files that stand in the repository are those in the binary.
    let directory = config::test_directory(Some(Path::new("rules")), None).unwrap();
    assert_eq!((directory.rules, directory.cases), (tested.rules, tested.cases));
}

#[test]
fn all_packs_together_compile_and_the_classic_one_brings_its_limits() {
    let text = BASE.replace("[\"monitor\"]", r#"["classic", "geo", "integrity", "numbers", "monitor"]"#);
    let config = Config::compile(&text, Path::new("sendwall.toml"), &|_| None).unwrap();
    assert!(config.limits.limits.iter().any(|limit| &*limit.name == "classic-address-60s"));
    let shadows = config.rules.rules.iter().filter(|rule| rule.id.starts_with("monitor-"));
    assert!(shadows.clone().count() >= 8 && shadows.clone().all(|rule| rule.mode == sendwall::domain::Mode::Monitor));
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("sendwall-rules-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

const RULE: &str = "[[rule]]\nid = \"a\"\nwhen = 'phone.valid'\nthen = \"block\"\nexpires = 2026-12-31\n";

#[test]
fn a_case_that_fails_refuses_the_load_and_the_command_says_so() {
    let directory = Directory::new("cases");
    let file = directory.write("own.toml", RULE);
    directory.write("cases.toml", "[[case]]\nname = \"valid\"\nfacts = { phone.valid = true }\nverdict = \"block\"\n");
    let config = compile(&file).unwrap();
    assert_eq!(config.rules.files.len(), 2, "what a watcher has to watch: {:?}", config.rules.files);
    let good = config.hash;
    directory
        .write("cases.toml", "[[case]]\nname = \"valid\"\nfacts = { phone.valid = true }\nverdict = \"forward\"\n");
    let told = compile(&file).unwrap_err();
    assert!(told.contains("cases.toml:1:1: case \"valid\" fails: the verdict is block, not forward"), "{told}");

    let run = |expected: i32| {
        let output = Command::new(env!("CARGO_BIN_EXE_sendwall")).args(["rules", "test"]).arg(&directory.0).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(1).contains("1 cases: 1 failed; 1 of 1 rules spoke in one"));
    directory.write("cases.toml", "");
    let told = run(0);
    assert!(told.contains("no case has rule \"a\" speak"), "{told}");
    assert!(told.ends_with("no case was tried; 0 of 1 rules spoke in one\n"), "{told}");

    directory.write("own.toml", &RULE.replace("block", "alert"));
    assert_ne!(compile(&file).unwrap().hash, good, "a revision is named by its rules too");
}

/// What `rules test` says in this directory, with its status.
fn test_in(directory: &Directory, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    let output = command.args(["rules", "test"]).args(arguments).current_dir(&directory.0).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_fails_of_a_configurations_own_rules_is_reported_as_any_other() {
    let directory = Directory::new("own");
    fs::create_dir_all(directory.0.join("rules")).unwrap();
    directory.write("rules/own.toml", RULE);
    let case = "[[case]]\nname = \"valid\"\nfacts = { phone.valid = true }\nverdict = \"forward\"\n";
    directory.write("rules/cases.toml", case);
    directory.write("sendwall.toml", &format!("rules = [\"rules/*.toml\"]\n{BASE}"));
    let (code, told) = test_in(&directory, &["--config", "sendwall.toml"]);
    assert!(code == Some(1) && told.contains("case \"valid\" fails: the verdict is block, not forward"), "{told}");
    assert!(told.ends_with("1 cases: 1 failed; 1 of 1 rules spoke in one\n"), "{told}");
    let (code, told) = test_in(&directory, &["--config", "sendwall.toml", "--json"]);
    assert!(code == Some(1) && told.starts_with("[\n") && told.contains("the verdict is block"), "{told}");

    directory.write("rules/own.toml", &RULE.replace("phone.valid", "phone.vald"));
    let (code, told) = test_in(&directory, &["--config", "sendwall.toml"]);
    assert!(code == Some(1) && told.contains("did you mean `phone.valid`?"), "{told}");
    assert!(told.contains("no case was tried: sendwall.toml can't be used: 1 error"), "{told}");
    let (code, told) = test_in(&directory, &["--config", "sendwall.toml", "--json"]);
    assert!(code == Some(1) && told.starts_with("[\n") && told.contains("phone.vald"), "{told}");
}

#[test]
fn a_mistake_in_a_list_is_told_once_and_not_again_by_rules_and_cases_that_ask_for_it() {
    let directory = Directory::new("lists");
    let rule = RULE.replace("phone.valid", "ip in lists.bad");
    let file = directory.write(
        "own.toml",
        &format!("[[list]]\nname = \"bad\"\nkind = \"networks\"\nvalues = [\"192.0.2.0/33\"]\n{rule}"),
    );
    let case = "[[case]]\nname = \"listed\"\nfacts = { ip = \"192.0.2.7\" }\nverdict = \"block\"\n";
    directory.write("cases.toml", case);
    let told = compile(&file).unwrap_err();
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    let tested = config::test_directory(Some(&directory.0), None).unwrap();
    let [problem] = &tested.problems[..] else { panic!("{tested:?}") };
    assert!(problem.message.contains("192.0.2.0/33"), "{problem}");
}

#[test]
fn a_rule_that_cannot_be_read_fails_no_case() {
    let directory = Directory::new("misspelt");
    let file = directory.write("own.toml", &RULE.replace("phone.valid", "phone.vald"));
    directory.write("cases.toml", "[[case]]\nname = \"valid\"\nfacts = { phone.valid = true }\nverdict = \"block\"\n");
    let told = compile(&file).unwrap_err();
    assert_eq!(told.matches("error: ").count(), 1, "{told}");
    let tested = config::test_directory(Some(&directory.0), None).unwrap();
    let [problem] = &tested.problems[..] else { panic!("{tested:?}") };
    assert!(problem.message.contains("phone.vald"), "{problem}");
}

#[test]
fn cases_that_were_not_tried_are_not_said_to_be_as_they_should() {
    let directory = Directory::new("untried");
    let case = "[[case]]\nname = \"valid\"\nfacts = { phone.valid = true }\nverdict = \"block\"\n";
    for (name, rule) in [("bad", RULE.replace("phone.valid", "phone.vald")), ("good", RULE.to_owned())] {
        fs::create_dir_all(directory.0.join("rules").join(name)).unwrap();
        directory.write(&format!("rules/{name}/own.toml"), &rule);
        directory.write(&format!("rules/{name}/cases.toml"), &case.repeat(2));
    }
    let (code, told) = test_in(&directory, &["rules/bad"]);
    let end = "2 cases: not tried, because of the errors above; 0 of 0 rules spoke in one\n";
    assert!(code == Some(1) && told.ends_with(end), "{told}");
    let (code, told) = test_in(&directory, &[]);
    let end = "4 cases: 0 failed, 2 not tried, because of the errors above; 1 of 1 rules spoke in one\n";
    assert!(code == Some(1) && told.ends_with(end), "{told}");
}

#[test]
fn rules_are_tried_with_what_their_configuration_has() {
    let directory = Directory::new("surroundings");
    let rules = "[[rule]]\nid = \"office\"\nwhen = 'ip in lists.office && endpoint == \"login\"'\nthen = \"allow\"\n\
                 [[rule]]\nid = \"classic\"\nwhen = 'phone.country in lists.geo_risk'\nthen = \"challenge\"\n";
    fs::create_dir_all(directory.0.join("rules")).unwrap();
    directory.write("rules/own.toml", rules);
    let case = |name: &str, facts: &str, rule: &str| {
        format!("[[case]]\nname = \"{name}\"\nendpoint = \"login\"\nfacts = {{ {facts} }}\nrules = [\"{rule}\"]\n")
    };
    let cases = case("at work", "ip = \"192.0.2.7\", endpoint = \"login\"", "office")
        + &case("a risk", "phone.country = \"UZ\"", "classic");
    directory.write("rules/cases.toml", &cases);
    let text = "rules = [\"rules\"]\n".to_owned()
        + &BASE.replace("monitor", "geo")
        + "[[list]]\nname = \"office\"\nkind = \"networks\"\nvalues = [\"192.0.2.0/24\"]\n\
           [[list]]\nname = \"geo_risk\"\nkind = \"countries\"\nvalues = [\"UZ\"]\n";
    directory.write("sendwall.toml", &text);
    let (code, told) = test_in(&directory, &["--config", "sendwall.toml"]);
    assert_eq!((code, told.as_str()), (Some(0), "2 cases: all as they should be; 2 of 2 rules spoke in one\n"));
    let (code, told) = test_in(&directory, &[]);
    let hint = "none is here; --config FILE adds those of a configuration";
    assert!(code == Some(1) && told.contains("there is no list `office`") && told.contains(hint), "{told}");
}

#[test]
fn rules_may_count_by_the_limits_that_stand_beside_them_whatever_the_configuration_has() {
    let directory = Directory::new("limits");
    let config = directory.write("sendwall.toml", BASE);
    let config = Config::compile(&fs::read_to_string(&config).unwrap(), &config, &|_| None).unwrap();
    for tested in [None, Some(Path::new("rules"))] {
        assert_eq!(config::test_directory(tested, Some(&config)).unwrap().problems, [], "{tested:?}");
    }
}

#[test]
fn who_has_no_rules_directory_is_told_how_to_name_one() {
    let directory = Directory::new("none");
    let (code, told) = test_in(&directory, &[]);
    assert!(code == Some(2) && told.contains("sendwall rules test DIR"), "{told}");
    let (code, told) = test_in(&directory, &["."]);
    assert_eq!((code, told.as_str()), (Some(2), "error: there is no rule and no case in .\n"));
}

#[test]
fn the_rules_beside_a_configuration_are_tested_from_wherever_it_is_named() {
    let directory = Directory::new("elsewhere");
    fs::create_dir_all(directory.0.join("site/rules")).unwrap();
    directory.write("site/sendwall.toml", BASE);
    directory.write("site/rules/own.toml", "[[rule]]\nid = \"own\"\nwhen = 'true'\nthen = \"alert\"\n");
    let (code, told) = test_in(&directory, &["--config", "site/sendwall.toml"]);
    assert!(code == Some(0) && told.contains("0 of 1 rules spoke"), "{told}");
}

#[test]
fn what_an_editor_hides_beside_a_file_of_rules_is_none() {
    let directory = Directory::new("hidden");
    directory.write("own.toml", RULE);
    directory.write(".own.toml", "[[rule]]\nhalf writ");
    let config = compile(&directory.0.join("*.toml")).unwrap();
    assert_eq!(config.rules.rules.iter().filter(|rule| &*rule.id == "a").count(), 1);
}

#[test]
fn the_endpoint_of_a_case_is_the_fact_and_the_other_way_round() {
    let directory = Directory::new("endpoint");
    fs::create_dir_all(directory.0.join("rules")).unwrap();
    let rule = |id: &str, more: &str| format!("[[rule]]\nid = \"{id}\"\nthen = \"alert\"\n{more}\n");
    let rules = rule("of-login", "when = 'true'\nendpoints = [\"login\"]")
        + &rule("at-signup", "when = 'endpoint == \"signup\"'");
    directory.write("rules/own.toml", &rules);
    let case = |given: &str, spoken: &str| format!("[[case]]\nname = \"a\"\n{given}\nrules = [{spoken}]\n");
    for given in ["endpoint = \"signup\"", "facts = { endpoint = \"signup\" }"] {
        directory.write("rules/cases.toml", &(case(given, "\"at-signup\"") + &case("", "\"of-login\"")));
        let (code, told) = test_in(&directory, &[]);
        assert!(code == Some(0) && told.starts_with("2 cases: all as they should be"), "{given}: {told}");
    }
    directory.write("rules/cases.toml", &case("endpoint = \"signup\"\nfacts = { endpoint = \"login\" }", ""));
    let (code, told) = test_in(&directory, &[]);
    let wrong = "the case is for endpoint \"signup\", and its facts say \"login\"; say it once";
    assert!(code == Some(1) && told.contains(wrong), "{told}");
}

#[test]
fn what_a_case_gives_can_be() {
    let directory = Directory::new("impossible");
    let file = directory.write("own.toml", &RULE.replace("phone.valid", "time.hour == 3"));
    for (given, wrong) in [
        ("facts = { phone.country = \"UK\" }", "`phone.country` is never \"UK\"; the United Kingdom is \"GB\""),
        ("facts = { time.hour = 99 }", "`time.hour` is never 99; it is a whole number from 0 to 23"),
        ("facts = { ip = \"nonsense\" }", "`ip` is never \"nonsense\""),
        ("facts = { agent = \"curl/8\" }", "did you mean \"curl\"?"),
        ("facts = { trust = \"known\" }", "did you mean \"known_phone\", \"known_client\"?"),
        ("facts = { trust = \"onwer\" }", "`trust` is never \"onwer\"; did you mean \"owner\"?"),
        ("facts = { endpoint = \"lgoin\" }", "`endpoint` is never \"lgoin\"; did you mean \"login\"?"),
        ("endpoint = \"lgoin\"", "there is no endpoint \"lgoin\"; did you mean \"login\"?"),
    ] {
        directory.write("cases.toml", &format!("[[case]]\nname = \"a\"\n{given}\nverdict = \"block\"\n"));
        let told = compile(&file).err().unwrap_or_default();
        assert!(told.contains(wrong) && told.matches("error: ").count() == 1, "{given}: {told}");
    }
}

#[test]
fn rules_that_expired_are_warned_of() {
    let directory = Directory::new("expired");
    let file = directory.write("own.toml", RULE);
    let mut config = compile(&file).unwrap();
    let before = config.warnings.len();
    config.warn_of_expired(Timestamp::from_rfc3339("2026-12-31T23:59:59Z").unwrap());
    assert_eq!(config.warnings.len(), before);
    config.warn_of_expired(Timestamp::from_rfc3339("2027-01-01T00:00:00Z").unwrap());
    assert!(config.warnings[before].message.contains("has expired"));
}

#[test]
fn a_pack_is_changed_by_id_and_its_lists_by_name() {
    let directory = Directory::new("changed");
    let text = "[[list]]\nname = \"geo_served\"\nkind = \"countries\"\nfile = \"served.txt\"\n\
                [[rule]]\nid = \"geo-not-served\"\nmode = \"enforce\"\npriority = 900\n\
                [[rule]]\nid = \"geo-risk\"\nenabled = false\n";
    directory.write("served.txt", "\u{feff}GB\n# home\nIE # and the island beside\n\n");
    let file = directory.write("own.toml", text);
    let with = format!("rules = [{:?}]\n{}", file.display().to_string(), BASE.replace("monitor", "geo"));
    let config = Config::compile(&with, Path::new("sendwall.toml"), &|_| None).unwrap();
    let served = config.rules.lists.iter().find(|list| &*list.name == "geo_served").unwrap();
    assert_eq!(served.len(), 2);
    assert_eq!(config.rules.files.len(), 2, "the list's file too");
    let rules = &config.rules.rules;
    let not_served = rules.iter().find(|rule| &*rule.id == "geo-not-served").unwrap();
    assert_eq!((not_served.mode, not_served.priority), (sendwall::domain::Mode::Enforce, 900));
    assert!(rules.iter().all(|rule| &*rule.id != "geo-risk"));
}
