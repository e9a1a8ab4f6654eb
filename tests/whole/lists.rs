//! Lists by hand, as an operator uses them: the command, the running sendwall, what its clients and its log say.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Directory, Sendwall, shop};

const PHONE: &str = "+447402417171";

fn rules(mode: &str) -> String {
    format!(
        r#"
{LIMITS_ALONE}
mode = "{mode}"
default_limits = false
trusted_proxies = ["127.0.0.1"]

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"

[[limit]]
name = "hour"
key = ["phone"]
max = 1
per = "1h"
"#
    )
}

/// `sendwall list ...` at this sendwall: status, standard output, standard error.
fn list(sendwall: &Sendwall, arguments: &[&str]) -> (i32, String, String) {
    let admin = format!("http://{}", sendwall.admin);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    command.arg("list").args(arguments).args(["--admin", &admin]).current_dir(&sendwall.directory.0);
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    (status.code().unwrap(), stdout, stderr)
}

fn from(sendwall: &Sendwall, address: &str, phone: &str) -> u16 {
    let body = format!(r#"{{"phone":"{phone}"}}"#);
    sendwall.post("/api/send-code", &[("x-forwarded-for", address)], &body).status
}

#[test]
fn a_network_is_denied_by_command_for_a_time_and_let_in_again() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules("enforce"));
    assert_eq!(from(&sendwall, "192.0.2.7", PHONE), 200);
    let note = ["--for", "2h", "--note", "bomber of Friday", "--by", "alice"];
    let (status, told, _) = list(&sendwall, &[&["add", "deny", "192.0.2.0/24", "+44740299*"], &note[..]].concat());
    assert_eq!(status, 0);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.starts_with("ID  LIST  KIND     VALUE         UNTIL (UTC)"), "{told}");

    let phone = r#"{"phone":"+447402417172"}"#;
    let refused = sendwall.post("/api/send-code", &[("x-forwarded-for", "192.0.2.7")], phone);
    assert_eq!(refused.status, 403);
    assert!(!refused.body.contains("Friday") && !refused.body.contains("deny"), "nobody is told that they are listed");
    let decision = sendwall.decision(&refused);
    let reason = &decision["reasons"][0];
    assert_eq!((&decision["verdict"], &decision["decided_by"]), (&json!("block"), &json!("list")));
    assert_eq!(
        (&reason["code"], &reason["list"], &reason["note"]),
        (&json!("deny_list"), &json!("deny"), &json!("bomber of Friday"))
    );
    assert_eq!(reason["text"], "network 192.0.2.0/24 is on the deny list: bomber of Friday");
    assert_eq!(from(&sendwall, "198.51.100.7", "+447402990001"), 403, "the range");
    assert_eq!(from(&sendwall, "198.51.100.7", "+447402417172"), 200);
    assert_eq!(sendwall.metric("sendwall_reasons_total", &["deny_list"]), 2.0);
    assert_eq!(sendwall.metric("sendwall_list_entries", &["list=\"deny\""]), 2.0);

    sendwall.end("-KILL");
    sendwall.start_again();
    assert_eq!(from(&sendwall, "192.0.2.9", "+447402417173"), 403, "it outlives a kill");
    let request = format!(
        "POST /api/send-code HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.9\r\ncontent-type: application/json\r\n\r\n{phone}"
    );
    sendwall.directory.write("request", &request);
    let mut explain = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    explain.args(["explain", "--config", "sendwall.toml", "--request", "request"]).current_dir(&sendwall.directory.0);
    let explained: Value = serde_json::from_slice(&explain.output().unwrap().stdout).unwrap();
    assert_eq!(
        explained["reasons"][0]["turned_by"].as_str().unwrap().split(',').next(),
        Some("`sendwall list remove deny --id 1`")
    );

    let (status, shown, _) = list(&sendwall, &["show", "deny", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((status, &shown["count"], &shown["entries"][1]["hits"]), (0, &json!(2), &json!(1)));
    assert_eq!(list(&sendwall, &["remove", "deny", "192.0.2.0/24", "--id", "2"]).0, 0);
    assert_eq!(from(&sendwall, "192.0.2.9", "+447402417173"), 200);
    let (status, _, told) = list(&sendwall, &["remove", "deny", "192.0.2.0/24"]);
    assert_eq!((status, told.trim()), (1, "192.0.2.0/24 is not on the deny list; `sendwall list show` tells what is"));
    let (_, _, told) = list(&sendwall, &["show"]);
    assert!(told.contains("nothing is listed"), "{told}");
    assert!(!sendwall.log().contains("take effect"), "{}", sendwall.log());
}

#[test]
fn who_is_allowed_passes_limits_and_deny_goes_first() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("enforce"));
    assert_eq!(list(&sendwall, &["add", "allow", "192.0.2.7", "--note", "the office"]).0, 0);
    assert_eq!([1, 2, 3].map(|_| from(&sendwall, "192.0.2.7", PHONE)), [200; 3]);
    assert_eq!(from(&sendwall, "192.0.2.8", PHONE), 429, "what the office sent is counted");
    assert_eq!(list(&sendwall, &["add", "deny", PHONE]).0, 0);
    assert_eq!(from(&sendwall, "192.0.2.7", PHONE), 403);
    assert_eq!(sendwall.metric("sendwall_reasons_total", &["allow_list"]), 3.0);
}

#[test]
fn monitor_mode_says_what_a_list_would_have_done() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("monitor"));
    assert_eq!(list(&sendwall, &["add", "deny", "GB"]).0, 0);
    let answer = sendwall.send(PHONE);
    let decision = sendwall.decision(&answer);
    assert_eq!((answer.status, &decision["verdict"], &decision["mode"]), (200, &json!("block"), &json!("monitor")));
    assert_eq!(sendwall.metric("sendwall_saved_sms_total", &["monitor", "refused"]), 1.0);
}

#[test]
fn mistakes_say_how_they_are_mended_and_change_nothing() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("enforce"));
    for (arguments, told) in [
        (vec!["add", "deny", "192.0.2.7/24"], "write 192.0.2.0/24, not 192.0.2.7/24"),
        (
            vec!["add", "deny", "10.0.0.1", "07402417171"],
            "entry 2, \"07402417171\": a phone is written in international form",
        ),
        (vec!["add", "deny", "+44740241"], "+49151...* for the other"),
        (vec!["add", "deny", "gibberish"], "GB (phones) or ip:GB (addresses)"),
        (vec!["add", "deny", "GB", "--for", "2 hours"], "`for` is a number and a unit, such as 2h or 7d"),
        (vec!["add", "deny", "GB", "--until", "2001-01-01T00:00:00Z"], "the end lies in the past"),
        (vec!["add", "deny", "GB", "--note", "called +447402417171"], "seems to hold a phone number"),
        (vec!["add", "grey", "GB"], "possible values: deny, allow"),
        (vec!["add", "deny"], "required arguments were not provided"),
        (vec!["add", "deny", "--file", "nowhere"], "cannot read the entries nowhere"),
    ] {
        let (status, out, error) = list(&sendwall, &arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
    assert_eq!(sendwall.admin("/api/lists").json()["count"], 0);
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_sendwall"))
        .args(["list", "show", "--admin", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("is sendwall running"), "{elsewhere:?}");
}

#[test]
fn a_file_of_entries_goes_in_at_once() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("enforce"));
    let networks = (0..12_000_u32).map(|index| format!("10.{}.{}.0/24 # case {index}", index / 256, index % 256));
    let text = networks.collect::<Vec<_>>().join("\n");
    sendwall.directory.write("networks", &format!("# known\n\n{text}\n"));
    assert_eq!(list(&sendwall, &["add", "deny", "--file", "networks"]).0, 0);
    assert_eq!(sendwall.admin("/api/lists").json()["count"], 12_000);
    assert_eq!(from(&sendwall, "10.46.223.9", PHONE), 403);
    assert_eq!(from(&sendwall, "10.46.224.9", PHONE), 200);
}

#[test]
fn a_phone_stays_listed_over_a_change_of_keys_and_is_never_written() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir(directory.0.join("state")).unwrap();
    let keys = |lines: &[&str]| lines.iter().map(|byte| byte.repeat(32) + "\n").collect::<String>();
    directory.write("state/keys", &keys(&["1a"]));
    let mut sendwall = Sendwall::start_in(directory, app.address, &rules("enforce"));
    assert_eq!(list(&sendwall, &["add", "deny", PHONE, "--by", "bob"]).0, 0);
    assert!(!is_renamed(&sendwall), "it is looked at what it begins with");
    for ring in [&["2b", "1a"][..], &["2b"]] {
        assert!(sendwall.end("-TERM").success());
        sendwall.directory.write("state/keys", &keys(ring));
        sendwall.start_again();
        assert_eq!(sendwall.send(PHONE).status, 403, "{ring:?}");
        crate::support::proxy::eventually("its name is that of today's key", || is_renamed(&sendwall));
    }
    let (_, shown, _) = list(&sendwall, &["show"]);
    assert!(shown.contains("+44 7402 41••71") && shown.contains("bob"), "{shown}");
    for name in ["lists", "lists.audit.jsonl"] {
        let text = fs::read_to_string(sendwall.directory.0.join("state").join(name)).unwrap();
        assert!(!text.contains("7402417171"), "{name}: {text}");
    }
    assert!(!sendwall.log().contains("7402417171"));
}

/// Whether the phone's name was made with another key than at first.
fn is_renamed(sendwall: &Sendwall) -> bool {
    let text = fs::read_to_string(sendwall.directory.0.join("state/lists")).unwrap();
    let line = text.lines().find(|line| line.contains("\"phone\"")).unwrap();
    let entry: Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
    let first = fs::read_to_string(sendwall.directory.0.join("first-key")).unwrap_or_else(|_not_yet| {
        let key = entry["key"].as_str().unwrap().to_owned();
        sendwall.directory.write("first-key", &key);
        key
    });
    entry["key"] != first.as_str()
}

#[test]
fn the_interface_takes_changes_from_the_operator_alone() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("enforce"));
    let add = r#"{"list":"deny","entries":["192.0.2.7"],"for":"1h","note":"by hand"}"#;
    let added = sendwall.admin_post("/api/lists", add).json();
    assert_eq!((&added["added"][0]["id"], &added["added"][0]["by"]), (&json!(1), &json!("loopback")));
    let url = format!("http://{}/api/lists", sendwall.admin);
    let ask = |method, headers: &[(&str, &str)], body| crate::whole::stage::ask(method, &url, headers, body);
    let foreign = [("origin", "https://evil.example")];
    for method in ["POST", "DELETE"] {
        assert_eq!(ask(method, &foreign, r#"{"list":"deny","ids":[1],"entries":[]}"#).status, 403, "{method}");
    }
    assert_eq!(ask("PUT", &[], "{}").status, 405);
    for (body, code) in [
        ("", "malformed"),
        (r#"{"list":"deny","entries":"192.0.2.7"}"#, "malformed"),
        (r#"{"list":"deny","entries":["GB"],"fro":"2h"}"#, "malformed"),
        (r#"{"list":"grey","entries":["GB"]}"#, "unknown_list"),
        (r#"{"list":"deny","entries":[]}"#, "no_entries"),
        (r#"{"list":"deny","entries":["+447402417171x"]}"#, "bad_entries"),
        (r#"{"list":"deny","entries":["GB"],"for":"0s"}"#, "bad_end"),
        (r#"{"list":"deny","entries":["GB"],"for":"1h","until":"2030-01-01T00:00:00Z"}"#, "bad_end"),
    ] {
        let answer = sendwall.admin_post("/api/lists", body);
        assert_eq!(answer.code(), code, "{body}");
        assert!(!answer.body.contains("7402417171"), "{answer:?}");
    }
    assert_eq!(ask("DELETE", &[], r#"{"list":"deny","ids":[1,7]}"#).json()["missing"], json!([1]));
    assert_eq!(sendwall.admin("/api/lists?list=deny").json()["count"], 0);
    assert_eq!(sendwall.admin("/api/lists?list=gray").status, 400);
}
