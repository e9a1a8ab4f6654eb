//! New rules are tried on the log that a running sendwall wrote, before they go live.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;

use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Directory, Sendwall, shop};

const PRICES: &str = "default = 0.08\n[country]\nGB = 0.04\nUZ = 0.25\n";

fn config(rules: &str) -> String {
    format!(
        "mode = \"enforce\"\ndefault_limits = false\nprices = \"prices.toml\"\n{LIMITS_ALONE}\n{rules}\n\
         [[endpoint]]\nname = \"login\"\nsend = \"POST /api/send-code\"\n"
    )
}

fn rule(id: &str, rest: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\n{rest}\n")
}

fn british(number: u32) -> String {
    format!("+4474024{:05}", 17_000 + number)
}

fn start(app: SocketAddr, rules: &str) -> Sendwall {
    let directory = Directory::new();
    directory.write("prices.toml", PRICES);
    Sendwall::start_in(directory, app, rules)
}

/// Replays the log in `directory`; gives the table and the report.
fn replay(directory: &Directory, new: &str, against: Option<&str>) -> (String, Value) {
    directory.write("new.toml", &format!("upstream = \"http://127.0.0.1:1\"\n{new}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    command.args(["replay", "state/decisions", "--config", "new.toml", "--report", "report.json"]);
    if let Some(against) = against {
        directory.write("against.toml", &format!("upstream = \"http://127.0.0.1:1\"\n{against}"));
        command.args(["--against", "against.toml"]);
    }
    let output = command.current_dir(&directory.0).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report = fs::read_to_string(directory.0.join("report.json")).unwrap();
    (String::from_utf8(output.stdout).unwrap(), serde_json::from_str(&report).unwrap())
}

#[test]
fn a_log_says_whom_a_new_rule_would_have_refused_and_what_that_saves() {
    let app = shop();
    let current = config("");
    let mut sendwall = start(app.address, &current);
    for number in 0..5 {
        assert_eq!(sendwall.send(&british(number)).status, 200);
    }
    // Three phones, one of them twice.
    for phone in ["+998901234567", "+998901234568", "+998901234567", "+998939876543"] {
        assert_eq!(sendwall.send(phone).status, 200);
    }
    sendwall.end("-TERM");

    let rules = rule("no-uz", "when = 'phone.country == \"UZ\"'\nthen = \"block\"\nreason = \"not served\"")
        + &rule("office", "when = 'ip == \"203.0.113.9\"'\nthen = \"allow\"")
        + &rule("loaded", "when = 'client.page_seen'\nthen = \"tag\"\ntags = [\"loaded\"]")
        + &rule("vip", "when = 'phone in lists.vip'\nthen = \"allow\"")
        + "[[list]]\nname = \"vip\"\nkind = \"numbers\"\nvalues = [\"+447402417171\"]\n";
    let (table, report) = replay(&sendwall.directory, &config(&rules), Some(&current));
    for changes in [&report["against"]["changes"], &report["log"]["changes"]] {
        let refused = &changes["refused"];
        assert_eq!((&changes["compared"], &refused["requests"], &refused["phones"]), (&9.into(), &4.into(), &3.into()));
        assert_eq!((&changes["sent"]["requests"], refused["money"].as_f64()), (&0.into(), Some(1.0)));
        let examples = refused["examples"].as_array().unwrap();
        assert_eq!(
            (examples.len(), &examples[0]["before"], &examples[0]["now"]),
            (4, &"forward".into(), &"block".into())
        );
        assert_eq!(examples[0]["reason"], "rule no-uz says block: not served");
    }
    let row = table.lines().find(|line| line.starts_with("refused only now ")).unwrap();
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["refused", "only", "now", "4", "-", "-", "3", "1.00"]);
    assert!(table.contains("rule no-uz says block: not served"), "{table}");
    let told: Vec<&str> = table.lines().filter(|line| line.starts_with("not replayable")).collect();
    assert_eq!(
        told,
        [
            "not replayable: rule office: its condition reads ip, of which a log keeps the network alone",
            "not replayable: rule vip: its condition reads a list of phones, whose names in a log are under another key",
        ]
    );
}

#[test]
fn a_rollout_takes_in_the_same_phones_in_a_replay_as_in_the_process() {
    const PHONES: u32 = 60;
    let app = shop();
    let rolled =
        |percent: u32| config(&rule("slowly", &format!("when = 'has(phone)'\nthen = \"block\"\nrollout = {percent}")));
    let mut sendwall = start(app.address, &rolled(40));
    let refused: BTreeSet<u32> = (0..PHONES).filter(|number| sendwall.send(&british(*number)).status == 403).collect();
    assert!((10..40).contains(&refused.len()), "{refused:?}");
    sendwall.end("-TERM");

    let changed = |percent: u32| {
        let (_, report) = replay(&sendwall.directory, &rolled(percent), None);
        let changes = &report["log"]["changes"];
        assert_eq!(changes["compared"], PHONES);
        ["refused", "sent"].map(|way| usize::try_from(changes[way]["requests"].as_u64().unwrap()).unwrap())
    };
    let (all, refused) = (PHONES as usize, refused.len());
    assert_eq!(changed(40), [0, 0], "exactly those that the process refused");
    assert_eq!(changed(100), [all - refused, 0]);
    assert_eq!(changed(0), [0, refused]);
    let [more, back] = changed(80);
    assert!(more > 0 && more < all - refused && back == 0, "a wider share holds the narrower one: {more} {back}");
}
