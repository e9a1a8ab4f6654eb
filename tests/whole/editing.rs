//! Files that people edit while it runs: taken in by themselves, as a whole, and written down.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sendwall::clock::Stopwatch;
use serde_json::{Value, json};

use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::{eventually, let_pass, within};
use crate::whole::stage::{Directory, Sendwall, shop};

pub(super) const PHONE: &str = "+447402417171";

pub(super) fn config(max: u32, more: &str) -> String {
    format!(
        r#"
{LIMITS_ALONE}
mode = "enforce"
default_limits = false
{more}

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"

[[limit]]
name = "hour"
key = ["phone"]
max = {max}
per = "1h"
"#
    )
}

pub(super) fn revision(sendwall: &Sendwall) -> String {
    sendwall.admin("/readyz").json()["revision"].as_str().unwrap().to_owned()
}

pub(super) fn revisions(sendwall: &Sendwall) -> Vec<Value> {
    sendwall.admin("/api/revisions").json()["revisions"].as_array().unwrap().clone()
}

pub(super) fn block(country: &str) -> String {
    format!(
        "[[rule]]\nid = \"no-{country}\"\nwhen = 'phone.country == \"{country}\"'\nthen = \"block\"\nreason = \"not served\"\n"
    )
}

#[test]
fn an_edited_file_takes_effect_by_itself_however_it_is_written() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &config(1, ""));
    assert_eq!([1, 2].map(|_| sendwall.send(PHONE).status), [200, 429]);
    sendwall.write_rules(&config(2, ""));
    eventually("the written file is in force", || revision(&sendwall).starts_with("r2-"));
    assert_eq!([1, 2].map(|_| sendwall.send(PHONE).status), [200, 429], "one was counted before");

    let file = sendwall.directory.0.join("sendwall.toml");
    let text = fs::read_to_string(&file).unwrap().replace("max = 2", "max = 3");
    fs::rename(sendwall.directory.write(".sendwall.toml.swp", &text), &file).unwrap();
    eventually("the renamed file is in force", || revision(&sendwall).starts_with("r3-"));
    assert_eq!([1, 2].map(|_| sendwall.send(PHONE).status), [200, 429]);

    fs::write(&file, &text).unwrap();
    sendwall.directory.write("beside", "it");
    sendwall.write_rules(&config(4, ""));
    eventually("the next one is in force", || revision(&sendwall).starts_with("r4-"));
    let told = revisions(&sendwall);
    assert_eq!(told.len(), 4, "what says the same is no revision: {told:?}");
    let first = &told[3];
    assert_eq!((&first["cause"], &first["result"]), (&json!("start"), &json!("applied")));
    assert_eq!((&told[1]["cause"], &told[1]["changes"]), (&json!("files"), &json!(["limit[hour].max: 2 -> 3"])));
    assert_eq!(told[1]["changed"], json!(["sendwall.toml"]));
    assert_eq!(told[0]["revision"], revision(&sendwall));

    let is_shown = |table: &str| {
        let metrics = sendwall.admin("/metrics").body;
        ["entries", "bytes", "capacity"]
            .map(|of| metrics.contains(&format!("sendwall_table_{of}{{table=\"{table}\"}}")))
    };
    assert_eq!(is_shown("hour"), [true; 3]);
    sendwall.write_rules(&config(4, "").replace("\"hour\"", "\"other\""));
    eventually("another limit is in force", || revision(&sendwall).starts_with("r5-"));
    assert_eq!([is_shown("other"), is_shown("hour")], [[true; 3], [false; 3]], "what is gone is shown no more");
}

#[test]
fn rules_in_files_of_their_own_come_change_and_go() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir(directory.0.join("rules")).unwrap();
    directory.write("rules/one.toml", &block("FR"));
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, "rules = [\"rules/*.toml\"]"));
    let decided = |verdict: u16| sendwall.send(PHONE).status == verdict;
    assert!(decided(200));
    let watch = Stopwatch::start();
    sendwall.directory.write("rules/one.toml", &block("GB"));
    within(Duration::from_secs(1), "an edited rule holds", || decided(403));
    println!("an edited rule held after {:?}", watch.elapsed());
    sendwall.directory.write("rules/two.toml", &block("FR").replace("no-FR", "other"));
    eventually("another file is taken in", || revision(&sendwall).starts_with("r3-"));
    fs::remove_file(sendwall.directory.0.join("rules/one.toml")).unwrap();
    eventually("a rule that is gone holds no more", || decided(200));
    let told: Vec<_> =
        revisions(&sendwall).into_iter().filter(|told| told["changes"] != json!(["added rule[other]"])).collect();
    assert_eq!(
        (&told[1]["changes"][0], &told[0]["changes"]),
        (&json!("removed rule[no-FR]"), &json!(["removed rule[no-GB]"]))
    );
}

#[test]
fn the_first_file_of_a_pattern_is_seen_in_a_directory_that_is_empty_or_not_there_yet() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir(directory.0.join("empty")).unwrap();
    let patterns = "rules = [\"empty/*.toml\", \"later/*.toml\"]";
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, patterns));
    assert_eq!(sendwall.send(PHONE).status, 200);
    sendwall.directory.write("empty/one.toml", &block("FR"));
    eventually("the first file in the empty one", || revision(&sendwall).starts_with("r2-"));
    let later = sendwall.directory.0.join("later");
    fs::create_dir(&later).unwrap();
    sendwall.directory.write("later/one.toml", &block("GB"));
    eventually("the first file in the later one", || sendwall.send(PHONE).status == 403);

    // A mount that fails for a moment must not take the policy away.
    fs::remove_dir_all(&later).unwrap();
    let problems = || sendwall.admin("/readyz").json()["reload_problems"].to_string();
    eventually("it is told", || problems().contains("the directory later is gone"));
    assert_eq!(sendwall.send(PHONE).status, 403);
    fs::create_dir(&later).unwrap();
    sendwall.directory.write("later/one.toml", &block("GB"));
    eventually("all is well again", || problems() == "[]");
    // Nor one that leaves its directory behind.
    fs::remove_file(later.join("one.toml")).unwrap();
    eventually("that is told too", || problems().contains("the directory later holds no rules any more"));
    assert_eq!(sendwall.send(PHONE).status, 403);
    sendwall.directory.write("later/one.toml", &block("GB"));
    eventually("all is well once more", || problems() == "[]");
    assert!(revision(&sendwall).starts_with("r3-"), "which is no new revision");
    assert_eq!(sendwall.log().matches("the files say again what is in force").count(), 2, "{}", sendwall.log());

    fs::remove_file(later.join("one.toml")).unwrap();
    eventually("it is told again", || problems().contains("POST /api/reload"));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200, "who asks for it means it");
    assert_eq!((sendwall.send(PHONE).status, problems().as_str()), (200, "[]"));
    let warning = "no file fits \\\"later/*.toml\\\"";
    assert!(revisions(&sendwall)[0]["problems"].to_string().contains(warning), "{:?}", revisions(&sendwall)[0]);
    assert!(sendwall.log().contains(warning), "{}", sendwall.log());
}

#[test]
fn a_directory_in_which_others_write_all_the_time_keeps_no_edit_waiting() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir(directory.0.join("rules")).unwrap();
    directory.write("rules/one.toml", &block("FR"));
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, "rules = [\"rules/*.toml\"]"));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| {
            for round in 0_u64.. {
                for name in ["busy", "rules/busy"] {
                    sendwall.directory.write(&format!("{name}-{}", round % 10), "");
                    drop(fs::remove_file(sendwall.directory.0.join(format!("{name}-{}", (round + 5) % 10))));
                }
                let_pass(Duration::from_millis(20));
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        sendwall.directory.write("rules/one.toml", &block("GB"));
        eventually("the edit is in force", || sendwall.send(PHONE).status == 403);
        sendwall.directory.write("rules/two.toml", "[[rule");
        let problems = || sendwall.admin("/readyz").json()["reload_problems"].to_string();
        eventually("a fault is told", || problems().contains("rules/two.toml"));
    });
}

#[test]
fn a_case_that_fails_refuses_the_reload_and_is_named() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir(directory.0.join("rules")).unwrap();
    directory.write("rules/one.toml", &block("FR"));
    let case = |country: &str, verdict: &str| {
        format!(
            "\n[[case]]\nname = \"{country} is {verdict}\"\nfacts = {{ phone.country = \"{country}\" }}\nverdict = \"{verdict}\"\n"
        )
    };
    let cases = case("FR", "block") + &case("GB", "forward");
    directory.write("rules/cases.toml", &cases);
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, "rules = [\"rules/*.toml\"]"));
    assert_eq!(sendwall.send(PHONE).status, 200);

    // The edit of a rule, and by itself.
    sendwall.directory.write("rules/one.toml", &block("GB"));
    let problems = || sendwall.admin("/readyz").json()["reload_problems"].to_string();
    let told =
        ["rules/cases.toml:2:1: case \\\"FR is block\\\" fails", "rules/cases.toml:7:1: case \\\"GB is forward\\\""];
    eventually("both cases are told", || told.iter().all(|told| problems().contains(told)));
    // By hand, and by the signal.
    let answer = sendwall.admin_post("/api/reload", "");
    assert_eq!((answer.status, answer.code().as_str()), (422, "reload_refused"));
    assert!(told.iter().all(|told| answer.body.contains(told)), "{}", answer.body);
    assert!(
        sendwall.log().contains("case \\\"GB is forward\\\" fails: the verdict is block, not forward"),
        "{}",
        sendwall.log()
    );
    assert_eq!(sendwall.send(PHONE).status, 200, "the rules before it hold");

    sendwall.directory.write("rules/cases.toml", &cases.replace("GB", "DE").replace("FR", "GB"));
    eventually("the mended cases let it through", || sendwall.send(PHONE).status == 403);
    eventually("no fault is told any more", || problems() == "[]");
    let changes = revisions(&sendwall)[0]["changes"].to_string();
    assert!(changes.contains("removed rule[no-FR]") && changes.contains("removed case[FR is block]"), "{changes}");
}

#[test]
fn an_edit_of_a_very_large_file_takes_effect_too() {
    let app = shop();
    let directory = Directory::new();
    let much = format!("192.0.2.0/24\n{}", format!("# {}\n", "x".repeat(1024)).repeat(17 * 1024));
    let list = directory.write("office.txt", &much);
    let rules = "\n[[list]]\nname = \"office\"\nkind = \"networks\"\nfile = \"office.txt\"\n\
                 [[rule]]\nid = \"office\"\nwhen = 'ip in lists.office'\nthen = \"block\"\n";
    let sendwall = Sendwall::start_in(directory, app.address, &(config(100, "") + rules));
    assert_eq!(sendwall.send(PHONE).status, 200);
    let first = revision(&sendwall);
    assert_eq!(sendwall.admin_post("/api/reload", "").json()["revision"], first.as_str(), "nothing has changed");
    fs::write(&list, much + "127.0.0.0/8\n").unwrap();
    eventually("the edit is in force", || sendwall.send(PHONE).status == 403);
    let told = revisions(&sendwall)[0].clone();
    assert_eq!((&told["changed"], &told["cause"]), (&json!(["office.txt"]), &json!("files")));
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.len() == 1 && changes[0].as_str().unwrap().starts_with("file office.txt: "), "{told}");
    assert!(revision(&sendwall).starts_with("r2-"));
}

#[test]
fn a_mounted_link_that_switches_is_seen() {
    let app = shop();
    let directory = Directory::new();
    for (version, country) in [("v1", "FR"), ("v2", "GB")] {
        fs::create_dir(directory.0.join(version)).unwrap();
        directory.write(&format!("{version}/rules.toml"), &block(country));
    }
    symlink("v1", directory.0.join("data")).unwrap();
    symlink("data/rules.toml", directory.0.join("rules.toml")).unwrap();
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, "rules = [\"rules.toml\"]"));
    assert_eq!(sendwall.send(PHONE).status, 200);
    symlink("v2", sendwall.directory.0.join("new")).unwrap();
    fs::rename(sendwall.directory.0.join("new"), sendwall.directory.0.join("data")).unwrap();
    eventually("the other version is in force", || sendwall.send(PHONE).status == 403);
}

#[test]
fn a_broken_file_is_told_once_and_mending_it_is_enough() {
    let app = shop();
    let directory = Directory::new();
    directory.write("rules.toml", &block("FR"));
    let sendwall = Sendwall::start_in(directory, app.address, &config(100, "rules = [\"rules.toml\"]"));
    let before = revision(&sendwall);
    sendwall.directory.write("rules.toml", &block("GB").replace("phone.country", "phone.cuontry"));
    let problems = || sendwall.admin("/readyz").json()["reload_problems"].to_string();
    eventually("it is told", || problems().contains("rules.toml:3"));
    assert!(problems().contains("phone.country"), "{}", problems());
    assert_eq!((revision(&sendwall), sendwall.send(PHONE).status), (before.clone(), 200));
    sendwall.directory.write("beside", "it");
    let refused = revisions(&sendwall)[0].clone();
    assert_eq!(
        (&refused["result"], &refused["revision"], &refused["cause"]),
        (&json!("refused"), &json!(before), &json!("files"))
    );
    assert_eq!(refused["changed"], json!(["rules.toml"]));
    assert!(refused["problems"].to_string().contains("rules.toml:3"), "{refused}");

    sendwall.directory.write("rules.toml", &block("GB"));
    eventually("the mended file is in force", || sendwall.send(PHONE).status == 403);
    eventually("no fault is told any more", || problems() == "[]");
    assert_eq!(sendwall.metric("sendwall_reloads_total", &["rejected"]), 1.0);
    assert_eq!(sendwall.log().matches("reload refused").count(), 1, "{}", sendwall.log());

    sendwall.directory.write("rules.toml", "[[rule");
    eventually("it is told", || problems() != "[]");
    sendwall.directory.write("rules.toml", &block("GB"));
    eventually("back to what is in force", || problems() == "[]");
    assert!(revision(&sendwall).starts_with("r2-"), "which is no new revision");
}

#[test]
fn who_reloaded_is_written_down_and_outlives_the_process() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &config(1, ""));
    sendwall.write_rules(&config(2, ""));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    let same = sendwall.admin_post("/api/reload", "").json();
    assert_eq!(same["revision"], revision(&sendwall), "nothing has changed");
    let told = revisions(&sendwall);
    assert_eq!((told.len(), &told[0]["cause"], &told[0]["who"]), (2, &json!("api"), &json!("loopback")));
    sendwall.end("-KILL");
    sendwall.start_again();
    let told = revisions(&sendwall);
    assert_eq!((told.len(), &told[0]["cause"], &told[1]["cause"]), (3, &json!("start"), &json!("api")));
    assert_eq!(sendwall.admin("/api/revisions?limit=1").json()["revisions"].as_array().unwrap().len(), 1);
}

/// Rounds of the load below; `tests/run.sh --long` sets more.
fn rounds() -> u32 {
    sendwall::config::environment("SENDWALL_RELOADS").and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

/// Resident memory of a process, in KiB.
fn resident(sendwall: &Sendwall) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", sendwall.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn reloads_without_pause_under_load_lose_no_request_and_leak_nothing() {
    let app = shop();
    let directory = Directory::new();
    let rules: String = (0..20).map(|index| block("FR").replace("no-FR", &format!("rule-{index}"))).collect();
    directory.write("rules.toml", &rules);
    // Monitor: so many codes that nobody verifies are an attack, and that isn't the question here.
    let config = config(1_000_000, "rules = [\"rules.toml\"]").replace("enforce", "monitor");
    let sendwall = Sendwall::start_in(directory, app.address, &config);
    let (is_over, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let over = Over(&is_over);
    let reload = |count: u32| {
        let watch = Stopwatch::start();
        for round in 0..count {
            let reason = format!("not served {}", round % 7);
            sendwall.directory.write("rules.toml", &rules.replace("not served", &reason));
            assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
        }
        f64::from(count) / watch.elapsed().as_secs_f64()
    };
    let (answers, memory, meanwhile, pace) = std::thread::scope(|scope| {
        let over = over;
        let (is_over, asked) = (&is_over, &asked);
        let ask = |client: usize| {
            let mut statuses = [0_u32; 2];
            while !is_over.load(Ordering::Relaxed) {
                let answer = sendwall.send(&format!("+447402{client}{:04}", statuses[0] % 10_000));
                statuses[usize::from(answer.status != 200)] += 1;
                asked.fetch_add(1, Ordering::Relaxed);
            }
            statuses
        };
        let clients: Vec<_> = (0..2).map(|client| scope.spawn(move || ask(client + 40))).collect();
        reload(rounds());
        let (first, before) = (resident(&sendwall), asked.load(Ordering::Relaxed));
        let pace = reload(rounds());
        let (second, meanwhile) = (resident(&sendwall), asked.load(Ordering::Relaxed) - before);
        drop(over);
        let answers: Vec<[u32; 2]> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        (answers, [first, second], meanwhile, pace)
    });
    let [good, bad] = answers.iter().fold([0, 0], |[a, b], [c, d]| [a + c, b + d]);
    println!("{pace:.0} reloads a second, {} and {} KiB, {meanwhile} requests in between", memory[0], memory[1]);
    assert_eq!(bad, 0, "of {}", good + bad);
    assert_eq!(sendwall.metric("sendwall_sends_total", &[]), f64::from(good), "each was counted once");
    assert_eq!(
        sendwall.metric("sendwall_table_entries", &["hour"]),
        f64::from(distinct(&answers)),
        "no reload loses a count"
    );
    // Requests fill tables, which are bounded: some hundred bytes each.
    let grown = memory[1].saturating_sub(memory[0]);
    assert!(grown < 8 * 1024 + meanwhile, "{memory:?} KiB after {} reloads and after twice as many", rounds());
}

/// Ends the load when it goes, be it by a failed assertion.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Phones that the load asked for.
fn distinct(answers: &[[u32; 2]]) -> u32 {
    answers.iter().map(|[good, _]| (*good).min(10_000)).sum()
}
